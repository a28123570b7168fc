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


WIDE: dict[str, object] = {
    "claim_id": "L5.1",
    "amount_fen": 123_456_78,
    "confirmed_on": "2018-02-18",
    "breached_on": None,
    "calendar": "chinesecalendar-1.11.0",
    "document_hash": "a" * 64,
}


def test_what_is_too_wide_for_a_table_is_told_in_pairs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    show_table("obligations", [WIDE, WIDE | {"breached_on": "2018-02-24"}])
    first = "  claim id: L5.1  amount: 123456.78  confirmed on: 2018-02-18"
    rest = ["    calendar: chinesecalendar-1.11.0", f"    document hash: {'a' * 64}"]
    assert capsys.readouterr().out.splitlines() == [
        "obligations",
        first,
        *rest,
        first,
        "    breached on: 2018-02-24  calendar: chinesecalendar-1.11.0",
        rest[1],
    ]


def test_a_table_loses_its_lines_before_it_cuts_a_word(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[dict[str, object]] = [{"on": "2018-02-28", "principal_fen": 123_456_78}]
    for width, lined in ((26, True), (25, False), (20, False)):
        monkeypatch.setenv("COLUMNS", str(width))
        show_table("months", rows)
        told = capsys.readouterr().out
        assert {"2018-02-28", "123456.78"} <= set(told.replace("│", " ").split())
        assert ("┃" in told) is lined


def test_amounts_by_name_are_in_yuan_too(capsys: pytest.CaptureFixture[str]) -> None:
    show("reserve", {"queued_fen": 5_00, "flows_fen": {"seeded": 123_456_78}}, as_json=False)
    told = capsys.readouterr().out
    assert "123456.78" in told
    assert "fen" not in told
