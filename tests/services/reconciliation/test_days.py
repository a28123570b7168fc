"""A day's run: verdicts, confirmation, running again, breaks over days, result files."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from domain.bank_statement import BankBalance, StatementNotReady, StatementUnreadable
from domain.ports import BankAnswer, BankOutcome, CustodianUntrusted
from services.projections.projector import Projector
from services.reconciliation.records import BreakUnknown
from services.reconciliation.results import BreakStatus, Verdict
from tests.exemplars import PLATFORM
from tests.house import House
from tests.services.reconciliation.scene import (
    BALANCES,
    DAY,
    LINES,
    NEXT,
    Office,
    changed,
    office,
    statement,
    without,
)

TABLES = ("day", "line", "break", "sighting", "break_history")


def everything(desk: Office) -> list[list[tuple[object, ...]]]:
    with desk.reconciler.records.transaction() as cursor:
        return [
            sorted(cursor.execute(f"SELECT * FROM {table}".encode()).fetchall(), key=repr)
            for table in TABLES
        ]


# -- incomplete -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        StatementNotReady("not published yet"),
        StatementUnreadable("20180131_P_RECHARGE.txt line 2: must have 16 columns"),
        CustodianUntrusted("signature"),
        ConnectionError("refused"),
    ],
)
def test_files_that_cannot_be_read_leave_the_day_incomplete(desk: Office, error: Exception) -> None:
    result = desk.run(error)
    assert result.verdict is Verdict.INCOMPLETE
    assert result.reason == f"{type(error).__name__}: {error}"
    day, *rest = everything(desk)
    assert len(day) == 1 and not any(rest) and desk.bank.confirmed == []
    assert desk.run(statement()).verdict is Verdict.RECONCILED
    assert [each.verdict for each in desk.reconciler.records.days()] == [Verdict.RECONCILED]


def test_the_files_of_another_day_are_not_taken(desk: Office) -> None:
    result = desk.run(statement(day=NEXT))
    assert result.verdict is Verdict.INCOMPLETE and "2018-02-01" in result.reason


def test_views_that_stand_apart_leave_the_day_incomplete(own_desk: Office) -> None:
    house, projector = own_desk.house, own_desk.projector
    projector.catch_up()
    move = f"UPDATE views_{PLATFORM}.view_position SET position = 1 WHERE name = 'balances'"
    house.connection.execute(move.encode())
    apart = office(house, projector, catch_up=lambda: 0)
    with closing(apart.reconciler):
        result = apart.run(statement())
    assert result.verdict is Verdict.INCOMPLETE and "different events" in result.reason
    assert apart.bank.confirmed == []


def test_what_was_found_out_stays_when_the_bank_is_away(desk: Office) -> None:
    first = desk.run(statement(without("C-r1.1")))
    assert desk.run(ConnectionError("refused")).verdict is Verdict.INCOMPLETE
    assert desk.reconciler.records.day(DAY) == first
    assert desk.found() == {("missing_at_bank", "C-r1.1")}


# -- running again ----------------------------------------------------------------------


def test_running_a_day_again_changes_nothing(desk: Office) -> None:
    first = desk.run(statement(without("C-r1.1", "D-L1-1.1")))
    before = everything(desk)
    assert desk.run(statement(without("C-r1.1", "D-L1-1.1"))) == first
    assert everything(desk) == before


def test_a_clean_day_is_confirmed_once(desk: Office) -> None:
    first = desk.run(statement())
    before = everything(desk)
    assert desk.run(statement()) == first and first.confirmed_at is not None
    assert everything(desk) == before
    assert desk.bank.confirmed == [("K-20180131", DAY)]


def test_a_confirmation_that_failed_is_tried_again(desk: Office) -> None:
    desk.bank.answer = BankAnswer(BankOutcome.UNKNOWN, "timeout")
    failed = desk.run(statement())
    assert failed.verdict is Verdict.RECONCILED
    assert (failed.confirmed_at, failed.confirm_code) == (None, "timeout")
    desk.bank.answer = BankAnswer(BankOutcome.SUCCEEDED)
    done = desk.run(statement())
    assert done.confirmed_at is not None and done.confirm_code == ""
    assert desk.reconciler.records.day(DAY) == done
    assert len(desk.bank.confirmed) == 2


def test_files_that_changed_after_their_confirmation_are_confirmed_anew(desk: Office) -> None:
    desk.run(statement())
    assert desk.run(statement(without("C-r1.1"))).confirmed_at is None
    assert desk.run(statement(LINES[::-1])).confirmed_at is not None
    assert len(desk.bank.confirmed) == 2


# -- breaks over days -------------------------------------------------------------------


def test_a_break_that_is_gone_is_resolved_by_itself_and_may_come_back(desk: Office) -> None:
    records = desk.reconciler.records
    desk.run(statement(without("C-r1.1", "C-r2.1")))
    desk.run(statement(without("C-r2.1")))
    assert desk.found() == {("missing_at_bank", "C-r2.1")}
    [gone] = records.breaks(BreakStatus.RESOLVED)
    assert (gone.reference, gone.resolution) == ("C-r1.1", "auto")
    desk.run(statement(without("C-r1.1")))
    assert desk.found() == {("missing_at_bank", "C-r1.1")}
    history = records.history(gone.break_id)
    assert [each.what for each in history] == ["found", "resolved", "reopened"]
    assert len(records.breaks(status=None)) == 2


def test_a_break_of_two_days_is_one_and_open_until_both_are_clear(desk: Office) -> None:
    records = desk.reconciler.records

    def off(fen: int) -> dict[str, BankBalance]:
        return {**BALANCES, "SYS_GENERATE_005": BankBalance(fen, 0)}

    desk.run(statement(balances=off(1)))
    [first] = records.breaks()
    desk.run(statement((), off(2), NEXT), NEXT)
    desk.run(statement(balances=off(3)))
    [both] = records.breaks()
    assert both.break_id == first.break_id
    assert (both.first_seen, both.last_seen, both.bank_fen) == (DAY, NEXT, 2)
    desk.run(statement((), day=NEXT), NEXT)
    [left] = records.breaks()
    assert (left.status, left.bank_fen) == (BreakStatus.OPEN, 3)
    desk.run(statement())
    assert records.breaks() == []


def test_a_break_has_an_age_and_an_owner(desk: Office) -> None:
    records = desk.reconciler.records
    desk.run(statement(without("C-r1.1")))
    [found] = records.breaks()
    assert (found.owner, found.age_days) == ("finance", (records.today - DAY).days)
    records.assign(found.break_id, "lily", by="boss")
    desk.run(statement(without("C-r1.1")))
    [found] = records.breaks()
    assert found.owner == "lily"
    assert records.history(found.break_id)[-1].note == "to lily by boss"
    with pytest.raises(BreakUnknown, match="break_id: there is no break 0"):
        records.assign("0", "lily", by="boss")
    with pytest.raises(BreakUnknown):
        records.history("0")


def test_breaks_are_told_by_day(desk: Office) -> None:
    desk.run(statement(without("C-r1.1")))
    assert desk.found(DAY) == {("missing_at_bank", "C-r1.1")}
    assert desk.found(NEXT) == set()


def test_the_age_of_an_open_break_grows_with_the_days(own_desk: Office) -> None:
    own_desk.run(statement(without("C-r1.1")))
    own_desk.house.clock.advance(timedelta(days=5))
    [found] = own_desk.reconciler.records.breaks()
    assert found.age_days == 5
    own_desk.run(statement())
    own_desk.house.clock.advance(timedelta(days=5))
    [found] = own_desk.reconciler.records.breaks(BreakStatus.RESOLVED)
    assert found.age_days == 5


# -- result files -----------------------------------------------------------------------


def test_the_result_is_written_with_a_manifest(
    desk: Office, shown: tuple[House, Projector], tmp_path: Path
) -> None:
    writing = office(*shown, tmp_path / "reconciliation")
    try:
        writing.run(statement(changed("C-r1.1", amount_fen=1)))
    finally:
        writing.reconciler.close()
    folder = tmp_path / "reconciliation" / "2018-01-31"
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert {each.name for each in folder.iterdir()} == {*manifest["files"], "manifest.json"}
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert json.loads((folder / "result.json").read_bytes())["verdict"] == "breaks"
    [found] = (folder / "breaks.jsonl").read_text().splitlines()
    assert json.loads(found)["reference"] == "C-r1.1"
    assert json.loads(found)["book_fen"] == 1_000_000
