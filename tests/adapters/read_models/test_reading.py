"""The reads: what people are told, and how far it is true."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from adapters.codec import Recorded
from adapters.read_models.answers import NotInView, NotYet
from adapters.read_models.balances import Balance, Balances
from adapters.read_models.reading import ReadModels
from adapters.read_models.statements import StatementLine
from domain.ageing import AGEING_TABLES, Stage
from domain.member import BindingRequested
from infra.postgres import EmbeddedPostgres
from services.projections.projector import Projector
from tests.adapters.read_models.story import ListLog
from tests.adapters.read_models.teller import START

PLATFORM = "trial-run"


@pytest.fixture(scope="module")
def views(postgres: EmbeddedPostgres, story: list[Recorded]) -> Iterator[ReadModels]:
    url = postgres.ensure_database("reading")
    with Projector(url, PLATFORM, log=ListLog(story)) as projector:
        projector.catch_up()
    views = ReadModels(url, PLATFORM)
    yield views
    views.close()


def as_of(story: list[Recorded], position: int) -> dict[str, tuple[int, int]]:
    sums: dict[str, tuple[int, int]] = {}
    for recorded in story[:position]:
        for account, available_fen, frozen_fen in getattr(recorded.event, "legs", ()):
            before = sums.get(account, (0, 0))
            sums[account] = (before[0] + available_fen, before[1] + frozen_fen)
    return sums


def plain(balances: list[Balance]) -> dict[str, tuple[int, int]]:
    return {each.account: (each.available_fen, each.frozen_fen) for each in balances}


def test_an_answer_states_its_position_and_age(views: ReadModels, story: list[Recorded]) -> None:
    stamp = views.account("I1:investor").stamp
    recorded_at = datetime.fromisoformat(story[-1].recorded_at)
    assert (stamp.position, stamp.recorded_at) == (len(story), recorded_at)
    assert recorded_at.tzinfo is UTC
    assert stamp.age(recorded_at + timedelta(seconds=3)) == timedelta(seconds=3)
    assert set(views.stamps().values()) == {stamp}


def test_balances_now_and_at_every_position(views: ReadModels, story: list[Recorded]) -> None:
    for position in range(0, len(story) + 1, 13):
        assert plain(views.balances_as_of(position).value) == as_of(story, position)
    assert plain(views.accounts().value) == as_of(story, len(story))
    assert views.account("shortfall").value.available_fen < 0
    with pytest.raises(NotYet):
        views.balances_as_of(len(story) + 1)


@pytest.mark.parametrize("account", ["I1:investor", "B1:borrower", "platform:reserve", "outside"])
def test_statements_of_one_day_each_join_without_a_gap(
    views: ReadModels, story: list[Recorded], account: str
) -> None:
    whole = views.statement(account, START, date(2030, 1, 1)).value
    assert whole.opening == Balance(account, 0, 0)
    assert whole.closing == views.account(account).value
    lines: list[StatementLine] = []
    closing = whole.opening
    for day in views.business_days().value:
        statement = views.statement(account, day.business_date, day.business_date).value
        assert statement.opening == closing
        assert {line.business_date for line in statement.lines} <= {day.business_date}
        lines += statement.lines
        closing = statement.closing
        end = day.closing_position or len(story)
        assert plain([closing])[account] == as_of(story, end).get(account, (0, 0))
    assert lines == whole.lines
    assert len(lines) == sum(
        account == leg.account for r in story for leg in getattr(r.event, "legs", ())
    )


def test_a_statement_outside_the_books_is_empty(views: ReadModels) -> None:
    account = "I1:investor"
    before = views.statement(account, date(2020, 1, 1), date(2020, 2, 1)).value
    assert (before.opening, before.lines, before.closing) == (
        Balance(account, 0, 0),
        [],
        Balance(account, 0, 0),
    )
    after = views.statement(account, date(2030, 1, 1), date(2030, 2, 1)).value
    assert after.opening == after.closing == views.account(account).value
    assert after.lines == []


def test_a_loan_is_shown_with_all_that_belongs_to_it(views: ReadModels) -> None:
    shown = views.loan("L1").value
    assert (shown.loan.status, shown.loan.settled_on) == ("settled", date(2024, 5, 1))
    assert (shown.loan.fee_fen, shown.loan.contribution_fen) == (2_000, 1_000)
    assert [row.paid_on for row in shown.instalments] == [
        date(2024, 2, 29),
        date(2024, 4, 5),
        date(2024, 5, 1),
    ]
    assert [(row.overdue, row.filed) for row in shown.instalments] == [
        (False, False),
        (True, True),
        (True, False),
    ]
    assert [claim.tender_id for claim in shown.claims] == ["t1", "t2", "t7", "t3"]
    assert [claim.received_principal_fen for claim in shown.claims] == [50_000, 30_000, 20_000, 0]
    assert {p.payment_id: p.status for p in shown.payments} == dict.fromkeys(
        ["p1", "p5", "p6", "p7"], "settled"
    )
    parts_fen = sum(part.principal_fen for part in shown.payment_parts)
    assert parts_fen == shown.loan.amount_fen


def test_a_loan_paid_early_says_so(views: ReadModels) -> None:
    shown = views.loan("L3").value
    assert shown.loan.rest_billed_with == 2
    assert [row.billed for row in shown.instalments] == [True, True, *[False] * 4]
    assert shown.instalments[1].billed_principal_fen == 30_001 - 4_877
    payments = {p.payment_id: p for p in shown.payments}
    assert [payments[p].status for p in ("p2", "p3", "p4")] == ["failed", "failed", "settled"]
    assert payments["p3"].effective_on == date(2024, 2, 28)
    assert payments["p4"].left_fen == 40_000 - 30_301  # The month of instalment 2 has not begun.


def test_a_late_loan_shows_what_the_reserve_took_over(views: ReadModels) -> None:
    shown = views.loan("L4").value
    assert [(a.payout_id, a.status) for a in shown.advances] == [
        ("1", "released"),
        ("2", "paid"),
        ("3", "paid"),
        ("4", "paid"),
        ("5", "paid"),
    ]
    [claim] = shown.claims
    paid_fen = sum(a.principal_fen + a.interest_fen for a in shown.advances if a.status == "paid")
    assert claim.from_reserve_fen == paid_fen
    assert views.reserve().value.flows_fen["paid"] == paid_fen
    assert shown.loan.outstanding_principal_fen == sum(
        row.open_principal_fen + row.reserve_open_principal_fen for row in shown.instalments
    )


def test_positions_are_the_investors_own(views: ReadModels) -> None:
    mine = views.positions_of("I3").value
    assert {claim.tender_id: claim.status for claim in mine} == {
        "t3": "refused",
        "t6": "concluded",
        "t7": "closed",
        "t11": "closed",
    }
    assert views.positions_of("nobody").value == []


def test_the_reserve_with_its_queue_and_its_flows(views: ReadModels) -> None:
    shown = views.reserve().value
    flows = shown.flows_fen
    gained_fen = sum(flows[f] for f in ("contributed", "seeded", "recovered", "other"))
    held_fen = gained_fen - flows["paid"] - flows["surplus"]
    assert shown.balance.available_fen + shown.balance.frozen_fen == held_fen
    assert (flows["contributed"], flows["seeded"], flows["surplus"]) == (1_600, 5_030, 100)
    assert flows["recovered"] > 0
    assert [queued.claim.claim_id for queued in shown.queue] == ["L4.2"]
    late = views.loan("L4").value.instalments[1]
    assert shown.queued_fen == late.open_principal_fen + late.open_interest_fen > 0
    assert [payout.rules for payout in shown.payouts] == ["1,2,3,4,5"] * 5


def test_a_guarantor_with_what_he_stands_for_and_must_advance(views: ReadModels) -> None:
    shown = views.guarantor("G1").value
    guarantor = shown.guarantor
    assert (guarantor.limit_fen, guarantor.exposure_fen, guarantor.breaches) == (30_000, 0, 1)
    assert guarantor.recovered_fen >= guarantor.advanced_fen > 0  # With its part of the penalty.
    assert [loan.loan_id for loan in shown.loans] == ["L7", "L8"]
    first, second = shown.obligations
    assert (first.claim_id, first.status, first.breached) == ("L7.1", "advanced", True)
    assert (first.deadline, first.next_payer) == (date(2024, 6, 13), "reserve")
    assert (first.confirmed_by, first.advance_id) == ("ben", "a2")
    assert (second.claim_id, second.status, second.breached) == ("L7.2", "dropped", False)
    told = views.loan("L7").value.guarantor_advances
    assert [(each.advance_id, each.status) for each in told] == [("a1", "released"), ("a2", "paid")]
    [refused, paid] = views.loan("L7").value.reimbursements
    assert (refused.status, paid.status, paid.paid_to) == ("released", "paid", "G1")
    [owed] = views.guarantor("G2").value.recourse
    half_fen = paid.principal_fen + paid.interest_fen
    assert (owed.to_account, owed.owed_fen, owed.reimbursed_fen) == ("G1:guarantor", 0, half_fen)
    with pytest.raises(NotInView, match="no guarantor 'I1'"):
        views.guarantor("I1")


def test_stages_are_of_the_oldest_instalment_and_the_table_is_ours_to_choose(
    views: ReadModels,
) -> None:
    """L4 was never paid in time: 3 days late on the last day, and what it is late with."""
    last = views.business_days().value[-1].business_date
    late = [row for row in views.loan("L4").value.instalments if row.open_fen]
    days = (last - late[0].due_on).days
    with views.as_known(last) as known:
        [line] = [line for line in known.stages(AGEING_TABLES["m1-m7"]) if line.loans]
        table = (Stage("A", 1), Stage("B", days), Stage("C", days + 1))
        by_stage = {line.stage: (line.loans, line.to_days) for line in known.stages(table)}
    assert by_stage == {"A": (0, days - 1), "B": (1, days), "C": (0, None)}
    assert line.instalments == len(late)
    assert line.principal_fen + line.interest_fen == sum(row.open_fen for row in late)
    with views.as_known(late[0].due_on) as known:
        assert not any(line.loans for line in known.stages(table))  # Not on its due date.


def test_movements_of_an_entry_and_of_a_loan(views: ReadModels) -> None:
    entry = views.movements_of_entry("D-L1-2").value
    assert [m.movement_id for m in entry] == [f"D-L1-2.{n}" for n in (1, 2, 3, 4, 5)]
    assert {m.status for m in entry} == {"settled"}
    refused = views.movements_of_entry("D-L1-1").value
    assert {(m.status, m.bank_code) for m in refused} == {("rejected", "E1")}
    loan = {m.entry_id for m in views.movements_of_subject("L1").value}
    assert {"T-t1", "T-t3", "D-L1-1", "D-L1-2", "H-p1", "R-p1", "R-p5"} <= loan
    [returned] = views.movements_of_entry("B-k1").value
    assert (returned.origin, returned.subject, returned.reference) == ("W-w2", "I1", "k1")


def test_a_member_is_shown_by_references_only(views: ReadModels, story: list[Recorded]) -> None:
    shown = views.member("I1").value
    assert {b.binding_id: (b.status, b.bank_code, b.suspended) for b in shown.bindings} == {
        "b0": ("refused", "C1", False),
        "b1": ("unbound", "C2", True),
    }
    assert [(a.number, a.status, a.bank_code) for a in shown.authorisations] == [
        (1, "ended", None),
        (2, "refused", "C3"),
        (3, "granted", "C4"),
    ]
    assert [(v.errand, v.status, v.phone_ref, v.bank_code) for v in shown.visits] == [
        ("change_phone", "done", "phone-I1.1", None),
        ("reset_password", "failed", None, "C5"),
    ]
    told = [r.event.card_ref for r in story if isinstance(r.event, BindingRequested)]
    assert [binding.card_ref for binding in shown.bindings] == told
    assert views.member("B2").value.debts[0].loan_id == "L4"
    for personal in ("nobody", "6222000000001234", "13800000000", "13900139000"):
        assert personal not in repr(shown)


def test_what_is_not_there_is_an_error(views: ReadModels) -> None:
    day = date(2024, 2, 1)
    for read in (
        lambda: views.account("I9:investor"),
        lambda: views.statement("I9:investor", day, day),
        lambda: views.loan("L9"),
        lambda: views.member("I9"),
        lambda: views.movements_of_entry("D-L9-1"),
    ):
        with pytest.raises(NotInView, match="9"):
            read()


def test_reads_cannot_write(views: ReadModels) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), views._snapshot() as cursor:
        cursor.execute("DELETE FROM account")


def test_loans_by_status(views: ReadModels) -> None:
    def ids(status: Any) -> list[str]:
        return [loan.loan_id for loan in views.loans(status).value]

    assert ids(None) == [f"L{number}" for number in range(1, 9)]
    assert (ids("miscarried"), ids("overdue")) == (["L2"], ["L4"])


def test_a_read_waits_for_its_own_write(database: str, story: list[Recorded]) -> None:
    """The view is moved by another thread, as by another process."""
    views = ReadModels(database, PLATFORM)
    with Projector(database, PLATFORM, log=ListLog(story)) as projector:
        with pytest.raises(NotYet):
            views.wait_for(len(story), Balances, 0)
        mover = threading.Thread(target=projector.catch_up)
        mover.start()
        views.wait_for(len(story), Balances, 60)
        assert views.account("platform:reserve").stamp.position == len(story)
        mover.join()
    views.close()
