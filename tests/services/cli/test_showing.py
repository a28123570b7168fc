"""Tables for people: what is one word stays one, as long as there is room for it."""

from __future__ import annotations

import pytest

from services.cli.looking import show
from services.cli.showing import show_table

ROW: dict[str, object] = {
    "borrower_id": "borrower-0000000017",
    "loan_id": "loan-000000000000000000042",
    "due_on": "2018-02-22",
    "stage": "a rather long word for a stage",
    "principal_fen": 123_456_78,
}


def test_days_and_amounts_are_not_cut_in_two(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    show_table("cases", [ROW])
    told = capsys.readouterr().out
    assert "2018-02-22" in told
    assert "123456.78" in told


def test_where_there_is_no_room_nothing_is_left_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    show_table("cases", [{f"{number}_fen": 123_456_78 for number in range(5)}])
    told = "".join(each for each in capsys.readouterr().out if each.isdigit())
    assert told.count("8") == 5


def test_amounts_by_name_are_in_yuan_too(capsys: pytest.CaptureFixture[str]) -> None:
    show("reserve", {"queued_fen": 5_00, "flows_fen": {"seeded": 123_456_78}}, as_json=False)
    told = capsys.readouterr().out
    assert "123456.78" in told
    assert "fen" not in told
