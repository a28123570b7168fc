"""What happened at the bank, and is told though book and bank agree: once, with what ended it."""

from __future__ import annotations

from datetime import datetime

import pytest

from domain.bank_statement import BankBalance, LineKind
from domain.contradictions import Contradiction
from services.reconciliation.breaks import BreakClass, break_id_of
from services.reconciliation.closing import BreakNotForPeople, resolve
from services.reconciliation.records import BreakUnknown
from services.reconciliation.results import BreakStatus, Verdict
from tests.services.reconciliation.scene import (
    ANN,
    BALANCES,
    BOB,
    DAY,
    LINES,
    NEXT,
    OUTSIDE,
    Office,
    changed,
    line,
    statement,
    without,
)

RETURNED = line(LineKind.RETURNED_WITHDRAWAL, "20180131-77", 2000, OUTSIDE, BOB, origin="W-w1.1")
IS_BACK = statement([*LINES, RETURNED], {**BALANCES, BOB: BankBalance(970_000, 0)})
AT = datetime.fromisoformat(f"{DAY}T12:00:00+08:00")


def contradicted(
    request_no: str, kind: str, entry_id: str | None, said: str = "settled"
) -> Contradiction:
    then = "refused" if said == "settled" else "settled"
    return Contradiction(request_no, kind, entry_id, said, AT, then, AT, "100008", DAY)


def ended(desk: Office, kind: BreakClass, reference: str) -> list[str]:
    """What the break's history says, the last with its note."""
    history = desk.reconciler.records.history(break_id_of(kind, reference))
    return [*(each.what for each in history), history[-1].note]


def test_a_withdrawal_that_came_back_is_told_once_and_the_day_is_clean(own_desk: Office) -> None:
    for _ in range(2):
        result = own_desk.run(IS_BACK)
        assert (result.verdict, result.breaks) == (Verdict.RECONCILED, 0)
    [told] = own_desk.reconciler.records.breaks(BreakStatus.RESOLVED, DAY)
    assert (told.kind, told.reference) == ("returned", "B-20180131-77.1")
    assert (told.book_fen, told.bank_fen) == (200_000, 200_000)
    assert told.detail == f"W-w1.1 came back to {BOB}"
    expected = ["found", "resolved", f"{BOB} has it, by B-20180131-77.1"]
    assert ended(own_desk, BreakClass.RETURNED, "B-20180131-77.1") == expected
    assert own_desk.found(None) == set()
    assert [on for _, on in own_desk.bank.confirmed] == [DAY]


def test_one_that_the_book_cannot_take_stays_open(own_desk: Office) -> None:
    odd = line(LineKind.RETURNED_WITHDRAWAL, "77", 2000, OUTSIDE, "nobody:investor")
    assert own_desk.run(statement([*LINES, odd])).verdict is Verdict.BREAKS
    assert own_desk.found() == {("returned", "B-77.1"), ("missing_in_book", "B-77.1")}


@pytest.mark.parametrize(
    ("told", "note"),
    [
        (contradicted("C-r1.1", "recharge", "C-r1"), "statements say that it is settled"),
        (contradicted("D-L1-1", "execute", "D-L1-1"), "statements say that it is settled"),
        (contradicted("W-w2.1", "withdraw", "W-w2", "refused"), "statements say that it is reject"),
        (contradicted("T-t9.1", "freeze", "T-t9"), f"the balance of {ANN} says that it is settled"),
    ],
)
def test_a_contradiction_ends_where_the_statements_bear_the_book_out(
    desk: Office, told: Contradiction, note: str
) -> None:
    desk.custody.told = [told]
    for _ in range(2):
        assert desk.run(statement()).verdict is Verdict.RECONCILED
    [found] = desk.reconciler.records.breaks(BreakStatus.RESOLVED, DAY)
    assert (found.kind, found.reference, found.owner) == (
        "contradiction",
        told.request_no,
        "finance",
    )
    assert f"{told.kind}: the bank said {told.said} at {AT.isoformat()}, then" in found.detail
    assert "(100008)" in found.detail
    what = ended(desk, BreakClass.CONTRADICTION, told.request_no)
    assert what[:-1] == ["found", "resolved"]
    assert note in what[-1]


def test_it_has_what_the_book_did_and_what_the_bank_said_last(desk: Office) -> None:
    desk.custody.told = [contradicted("C-r1.1", "recharge", "C-r1")]
    desk.run(statement(without("C-r1.1")))
    [found] = [each for each in desk.reconciler.records.breaks() if each.kind == "contradiction"]
    assert (found.book_fen, found.bank_fen) == (1_000_000, 0)


def test_it_stays_open_until_a_statement_speaks(desk: Office) -> None:
    """The day's own statement leaves the line out; the next day's has it."""
    desk.custody.told = [contradicted("C-r1.1", "recharge", "C-r1")]
    desk.run(statement(without("C-r1.1")))
    assert desk.found() == {("contradiction", "C-r1.1"), ("missing_at_bank", "C-r1.1")}
    late = [each for each in LINES if each.reference == "C-r1.1"]
    desk.run(statement(late, BALANCES, NEXT), NEXT)
    assert ("contradiction", "C-r1.1") not in desk.found(None)
    day = desk.reconciler.records.day(DAY)
    assert day is not None
    assert (day.verdict, day.breaks) == (Verdict.BREAKS, 1)


@pytest.mark.parametrize(
    ("told", "lines", "balances"),
    [
        # The bank did in the end what it had refused.
        (
            contradicted("W-w2.1", "withdraw", "W-w2", "refused"),
            changed("W-w2.1", succeeded=True),
            BALANCES,
        ),
        # The freeze is not there.
        (
            contradicted("T-t9.1", "freeze", "T-t9"),
            LINES,
            {**BALANCES, ANN: BankBalance(400_000, 0)},
        ),
        (contradicted("A-ann-investor", "open_account", None), LINES, BALANCES),
    ],
)
def test_it_stays_open_where_they_do_not(
    desk: Office, told: Contradiction, lines: object, balances: object
) -> None:
    desk.custody.told = [told]
    assert desk.run(statement(lines, balances)).verdict is Verdict.BREAKS  # type: ignore[arg-type]
    assert ("contradiction", told.request_no) in desk.found()


def test_a_person_ends_it_for_good(desk: Office) -> None:
    desk.custody.told = [contradicted("A-ann-investor", "open_account", None)]
    desk.run(statement())
    records = desk.reconciler.records
    [found] = records.breaks()
    assert (found.book_fen, found.bank_fen) == (None, None)
    resolve(records, found.break_id, "finance-1", "the bank wrote: opened")
    [closed] = records.breaks(BreakStatus.RESOLVED)
    assert closed.resolution == "person"
    *_, last = records.history(closed.break_id)
    assert (last.what, last.note) == ("resolved", "by finance-1: the bank wrote: opened")
    day = records.day(DAY)
    assert day is not None
    assert (day.verdict, day.breaks, day.confirmed_at) == (Verdict.RECONCILED, 0, None)

    assert desk.run(statement()).confirmed_at is not None
    assert desk.found() == set()
    with pytest.raises(BreakUnknown):
        resolve(records, found.break_id, "finance-1", "once more")


def test_nothing_else_ends_by_a_persons_word(desk: Office) -> None:
    desk.run(statement(without("C-r1.1")))
    records = desk.reconciler.records
    [found] = records.breaks()
    with pytest.raises(BreakNotForPeople):
        resolve(records, found.break_id, "finance-1", "we have seen it")
    with pytest.raises(BreakUnknown):
        resolve(records, "0000", "finance-1", "we have seen it")
    assert records.breaks() == [found]
