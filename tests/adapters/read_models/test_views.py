"""After any command, each view says what the domain says of the same events."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from psycopg import Cursor

from adapters.codec import Recorded
from adapters.read_models import loan_rows as t
from adapters.read_models.assignments import ASSIGNMENTS
from adapters.read_models.balances import BALANCES
from adapters.read_models.blacklist import ENTRIES, OTHERS
from adapters.read_models.cases import ACTIONS, CASES, LAWSUITS, PROMISES
from adapters.read_models.days import DAYS
from adapters.read_models.guarantees import (
    GUARANTEED_LOANS,
    GUARANTORS,
    OBLIGATIONS,
    RECOURSE,
)
from adapters.read_models.members import AUTHORISATIONS, BINDINGS, DEBTS, MEMBERS, VISITS
from adapters.read_models.movements import MOVEMENTS
from adapters.read_models.positions import CLAIMS, ON_ITS_WAY
from adapters.read_models.registry import VIEWS
from adapters.read_models.reserve import (
    OPEN_FLOWS,
    RESERVE_CLAIMS,
    RESERVE_FLOWS,
    RESERVE_PAYOUTS,
)
from adapters.read_models.shortfalls import COVERS, SHORTFALLS
from adapters.read_models.statements import OPEN_ENTRIES, STATEMENT_LINES
from domain import blacklist, cashbook, collections, guarantee, loan, member, reserve, shortfall
from domain.accounts import RESERVE_ACCOUNT, Role, account_of
from domain.assignment import Assignment
from domain.investment import Investment
from domain.loan import Status
from domain.platform import Platform
from domain.policy import Provider
from domain.purposes import Purpose
from domain.streams import fold_of
from infra.postgres import connect

S = TypeVar("S")
STEP = 5  # Events in a batch: it cuts commands in the middle.


@pytest.fixture
def cursor(database: str) -> Iterator[Cursor[Any]]:
    with connect(database) as connection, connection.cursor() as cursor:
        for table in (table for view in VIEWS for table in view.TABLES):
            cursor.execute(table.ddl.encode())
        yield cursor


Look = Callable[[Cursor[Any], Sequence[Recorded]], None]


def check_balances(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    sums = summed(past)
    rows = BALANCES.select(cursor)
    assert {row.account: [row.available_fen, row.frozen_fen] for row in rows} == sums
    assert sum(row.available_fen + row.frozen_fen for row in rows) == 0


def check_statements(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    expected = []
    purposes: dict[str, str] = {}
    steps = {"requested", "settled", "rejected", "covered"}
    after: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for recorded in past:
        legs = getattr(recorded.event, "legs", ())
        if isinstance(recorded.event, cashbook.EntryRequested):
            purposes[recorded.event.entry_id] = recorded.event.purpose.value
        for leg in legs:
            after[leg.account][0] += leg.available_fen
            after[leg.account][1] += leg.frozen_fen
            [step] = [s for s in steps if s in recorded.topic] or ["recorded"]
            expected.append((recorded.position, leg.account, step, *leg[1:], *after[leg.account]))
    lines = STATEMENT_LINES.select(cursor)
    assert sorted(expected) == sorted(
        (
            line.position,
            line.account,
            line.step,
            line.available_fen,
            line.frozen_fen,
            line.available_after_fen,
            line.frozen_after_fen,
        )
        for line in lines
    )
    for line in lines:
        if line.step not in ("recorded", "covered"):
            assert line.purpose == purposes[line.entry_id]
    states = folded(past, "entry", cashbook.Entry)
    open_ids = {k for k, entry in states.items() if entry.status is cashbook.Status.REQUESTED}
    assert {row.entry_id for row in OPEN_ENTRIES.select(cursor)} == open_ids


def check_movements(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    rows = {row.movement_id: row for row in MOVEMENTS.select(cursor)}
    expected = 0
    for entry_id, entry in folded(past, "entry", cashbook.Entry).items():
        for movement in entry.requested.movements if entry.requested else ():
            row = rows[movement.id]
            assert (row.entry_id, row.status) == (entry_id, entry.status.value)
            assert (row.payer, row.payee, row.freeze_id) == (
                movement.payer,
                movement.payee,
                movement.freeze,
            )
            assert (row.amount_fen, row.interest_fen) == (
                movement.amount_fen,
                movement.interest_fen,
            )
            assert (row.closed_position is None) == (row.status == "requested")
            assert (row.bank_date is not None) == (row.status == "settled")
            assert (row.bank_code is not None) == (row.status == "rejected")
            expected += 1
    bank = [r.event for r in past if isinstance(r.event, cashbook.BankMovementRecorded)]
    lacking = open_claims(past)
    for event in bank:
        row = rows[event.movement.id]
        assert (row.status, row.origin, row.shortfall_fen) == (
            "settled",
            event.origin,
            lacking[event.entry_id].left_fen if event.entry_id in lacking else 0,
        )
    assert len(rows) == expected + len(bank)


def check_shortfalls(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    rows = {row.entry_id: row for row in SHORTFALLS.select(cursor)}
    claimed = [r.event for r in past if isinstance(r.event, shortfall.ShortfallClaimed)]
    covered = [
        (recorded.position, event.entry_id, event.covered_by)
        for recorded in past
        if isinstance(event := recorded.event, shortfall.ShortfallCovered)
    ]
    assert {(row.entry_id, row.account, row.amount_fen, row.owner) for row in rows.values()} == {
        (each.entry_id, each.account, each.amount_fen, each.owner) for each in claimed
    }
    left = {row.entry_id: row.left_fen for row in rows.values() if row.left_fen}
    assert left == {name: claim.left_fen for name, claim in open_claims(past).items()}
    assert {name for name, row in rows.items() if row.closed_on} == rows.keys() - left.keys()
    assert {(row.position, row.entry_id, row.covered_by) for row in COVERS.select(cursor)} == set(
        covered
    )
    for name, row in rows.items():
        in_all_fen = sum(each.amount_fen for each in COVERS.select(cursor, "entry_id = %s", name))
        assert in_all_fen == row.amount_fen - row.left_fen


def open_claims(past: Sequence[Recorded]) -> dict[str, shortfall.Claim]:
    state = folded(past, "shortfall", shortfall.Shortfalls).get("shortfall", shortfall.INITIAL)
    return dict(state.open)


def check_loans(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    rows = {row.loan_id: row for row in t.LOANS.select(cursor)}
    instalments = {(row.loan_id, row.period): row for row in t.INSTALMENTS.select(cursor)}
    payments = t.PAYMENTS.select(cursor)
    states = folded(past, "loan", loan.Loan)
    assert rows.keys() == states.keys()
    for loan_id, state in states.items():
        row = rows[loan_id]
        assert row.status == state.status.value
        assert (row.grade or "") == state.grade
        assert (row.reserved_fen, row.secured_fen) == (state.reserved_fen, state.secured_fen)
        assert row.outstanding_principal_fen == sum(state.unbilled) + sum(
            sum(b.principal) + b.reserve_principal_fen + b.guarantor_principal_fen
            for b in state.billed.values()
        )
        assert row.overdue_instalments == len(state.overdue & state.billed.keys())
        named = ",".join(state.guarantee.standing_as(Provider.GUARANTOR)) or None
        assert row.guarantor_ids == named
        advancing = t.GUARANTOR_ADVANCES.select(
            cursor, "status = 'opened' AND loan_id = %s", loan_id
        )
        assert {each.advance_id for each in advancing} == state.guarantee.advancing.keys()
        reimbursing = t.REIMBURSEMENTS.select(cursor, "status = 'opened' AND loan_id = %s", loan_id)
        on_their_way = {each.reimbursement_id for each in reimbursing}
        assert on_their_way == state.guarantee.reimbursing.keys()
        assert (row.contract_hash is None) == (state.concluded is None)
        assert (row.settled_on is None) == (state.status is not Status.SETTLED)
        assert {p.payment_id for p in payments if p.loan_id == loan_id and not p.closed_on} == (
            state.payments.keys()
        )
        for scheduled in state.rows:
            check_instalment(instalments[loan_id, scheduled.period], state)


def check_instalment(row: t.InstalmentRow, state: loan.Loan) -> None:
    scheduled = state.rows[row.period - 1]
    assert (row.principal_fen, row.interest_fen) == scheduled[2:]
    assert row.billed or row.due_on == scheduled.due_on
    billed = state.billed.get(row.period)
    open_fen = (
        row.open_principal_fen,
        row.open_interest_fen,
        row.reserve_open_principal_fen,
        row.reserve_open_interest_fen,
        row.guarantor_open_principal_fen,
        row.guarantor_open_interest_fen,
    )
    if billed is None:
        assert not any(open_fen)
        assert (row.paid_on is not None) == row.billed
        return
    assert open_fen == (
        sum(billed.principal),
        sum(billed.interest),
        billed.reserve_principal_fen,
        billed.reserve_interest_fen,
        billed.guarantor_principal_fen,
        billed.guarantor_interest_fen,
    )
    assert (row.penalty_paid_fen, row.overdue_fee_paid_fen) == (
        billed.penalty_paid_fen,
        billed.fee_paid_fen,
    )
    assert row.other_fee_fen == billed.other_fee_fen
    assert row.billed
    assert row.due_on == billed.due_on
    assert row.paid_on is None
    assert row.overdue == (row.period in state.overdue)
    assert row.filed == (row.period in state.filed)
    assert row.confirmed == (row.period in state.guarantee.confirmed)


def check_positions(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    claims = {row.tender_id: row for row in CLAIMS.select(cursor)}
    received: Counter[tuple[str, str]] = Counter()
    in_place = {
        Purpose.RESERVE_PAYOUT: Counter[tuple[str, str]](),
        Purpose.ADVANCE_PASSED_ON: Counter[tuple[str, str]](),
    }
    for subject, movement in settled_movements(past):
        if movement.purpose in (Purpose.REPAYMENT, *in_place):
            received[subject, movement.payee] += movement.amount_fen
        if movement.purpose in in_place:
            in_place[movement.purpose][subject, movement.payee] += movement.amount_fen
    for claim in claims.values():
        key = (claim.loan_id, f"{claim.investor_id}:investor")
        if claim.place is None:
            assert claim.open_principal_fen == 0
            continue
        in_all_fen = claim.received_principal_fen + claim.received_interest_fen
        assert in_all_fen + claim.received_penalty_fen == received[key]
        assert claim.from_reserve_fen == in_place[Purpose.RESERVE_PAYOUT][key]
        assert claim.from_guarantor_fen == in_place[Purpose.ADVANCE_PASSED_ON][key]
        still_his_fen = claim.principal_fen - claim.assigned_fen
        assert claim.received_principal_fen + claim.open_principal_fen == still_his_fen
        parts = [each for each in claims.values() if each.came_of == claim.tender_id]
        assert claim.assigned_fen == sum(each.principal_fen for each in parts)
    for loan_id, state in folded(past, "loan", loan.Loan).items():
        for place, registered in enumerate(state.claims):
            open_fen = sum(b.principal[place] for b in state.billed.values())
            row = claims[registered.tender_id]
            assert (row.loan_id, row.place) == (loan_id, place)
            assert row.open_principal_fen == open_fen + state.unbilled[place]
    for tender_id, investment in folded(past, "investment", Investment).items():
        assert claims[tender_id].status == investment.status.value
    moving = [s for s in folded(past, "loan", loan.Loan).values() if s.lines_moving]
    assert len(ON_ITS_WAY.select(cursor)) == sum(
        (state.routed is not None) + len(state.advances) + len(state.guarantee.advancing)
        for state in moving
    )


def check_assignments(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    rows = {row.assignment_id: row for row in ASSIGNMENTS.select(cursor)}
    states = folded(past, "assignment", Assignment)
    assert rows.keys() == states.keys()
    for name, state in states.items():
        row, offer = rows[name], state.offer
        assert (row.status, row.seller_id) == (state.status.value, offer.seller_id)
        assert (row.principal_fen, row.price_fen) == (offer.principal_fen, offer.price_fen)
        assert (row.buyer_id is not None) == (state.bought is not None)
        assert (row.closed_on is not None) == (row.status in ("settled", "ended"))
        assert (row.reason is not None) == (row.status == "ended")


def check_reserve(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    state = folded(past, "reserve", reserve.Reserve).get("reserve", reserve.INITIAL)
    queue = RESERVE_CLAIMS.select(cursor, "status IN ('waiting', 'held')")
    assert {claim.claim_id for claim in queue} == state.queue.keys()
    assert {claim.claim_id for claim in queue if claim.status == "held"} == state.busy
    held = RESERVE_PAYOUTS.select(cursor, "status = 'held'")
    assert {payout.payout_id for payout in held} == state.held.keys()
    flows = {row.flow: row.amount_fen for row in RESERVE_FLOWS.select(cursor)}
    spent_fen = flows.pop("paid", 0) + flows.pop("surplus", 0)
    assert sum(flows.values()) - spent_fen == sum(summed(past).get("platform:reserve", (0, 0)))
    assert sum(claim.paid_fen for claim in RESERVE_CLAIMS.select(cursor)) == sum(
        movement.amount_fen
        for _, movement in settled_movements(past)
        if movement.purpose is Purpose.RESERVE_PAYOUT
    )
    requested = {r.event.entry_id for r in past if isinstance(r.event, cashbook.EntryRequested)}
    assert {flow.entry_id for flow in OPEN_FLOWS.select(cursor)} <= requested


def check_guarantees(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    rows = {row.guarantor_id: row for row in GUARANTORS.select(cursor)}
    states = folded(past, "guarantee", guarantee.Guarantor)
    assert rows.keys() == states.keys()
    for guarantor_id, state in states.items():
        row = rows[guarantor_id]
        mine = "guarantor_id = %s"
        assert (row.limit_fen, row.exposure_fen) == (state.limit_fen, state.exposure_fen)
        of_loans = GUARANTEED_LOANS.select(cursor, mine, guarantor_id)
        assert sum(each.exposure_fen for each in of_loans) == state.exposure_fen
        obligations = {
            each.claim_id: each for each in OBLIGATIONS.select(cursor, mine, row.guarantor_id)
        }
        still = {k: each for k, each in obligations.items() if each.status in ("open", "advancing")}
        assert still.keys() == state.obligations.keys()
        for claim_id, obligation in state.obligations.items():
            shown = still[claim_id]
            advancing = obligation.advance_id is not None
            assert (shown.status, shown.breached) == (
                "advancing" if advancing else "open",
                obligation.breached,
            )
            assert shown.deadline == obligation.opened.deadline
        account = summed(past).get(f"{guarantor_id}:guarantor", [0, 0])
        came_fen = 100_000 if sum(account) else 0  # Its own, before it stood for anybody.
        gave_fen = row.advanced_fen + row.reimbursed_fen
        assert sum(account) == came_fen - gave_fen + row.recovered_fen
        owes = {
            (each.claim_id, each.to_account): each.owed_fen
            for each in RECOURSE.select(cursor, mine, guarantor_id)
            if each.owed_fen
        }
        assert owes == {
            (claim_id, account_of(to, Role.GUARANTOR) if to else RESERVE_ACCOUNT): fen
            for (claim_id, to), fen in state.recourse.items()
        }


def check_members(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    rows = {row.member_id: row for row in MEMBERS.select(cursor)}
    bindings = {(row.member_id, row.binding_id): row for row in BINDINGS.select(cursor)}
    debts = {(row.member_id, row.loan_id): row.amount_fen for row in DEBTS.select(cursor)}
    authorisations = {(row.member_id, row.number): row for row in AUTHORISATIONS.select(cursor)}
    visits = {(row.member_id, row.number): row for row in VISITS.select(cursor)}
    states = folded(past, "member", member.Member)
    assert rows.keys() == states.keys()
    for member_id, state in states.items():
        row = rows[member_id]
        assert set(row.open_roles.split()) == {role.value for role in state.open_roles}
        assert row.blacklisted == state.blacklisted
        for binding_id, binding in state.bindings.items():
            shown = bindings.pop((member_id, binding_id))
            assert (shown.role, shown.status) == (binding.role.value, binding.status.value)
            assert shown.suspended == (binding_id in state.guard.suspended)
        for loan_id, amount_fen in state.debts_fen.items():
            assert debts.pop((member_id, loan_id)) == amount_fen
        for number, known in state.authorisations.by_number.items():
            told = authorisations.pop((member_id, number))
            assert (told.kind, told.role) == (known.kind.value, known.role.value)
            assert told.limit_fen == known.limit_fen
            assert (told.status, told.ends_on) == (known.status.value, known.ends_on)
        open_visits = {
            number
            for (whose, number), row in visits.items()
            if whose == member_id and row.status == "requested"
        }
        assert open_visits == state.visits.open.keys()
    assert (bindings, debts) == ({}, {})
    assert {row.status for row in authorisations.values()} <= {"refused"}


def check_days(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    days = DAYS.select(cursor, "true ORDER BY business_date")
    for before, after in pairwise(days):
        assert before.closing_position == after.opened_position - 1
    if days:
        assert (days[0].opened_position, days[-1].closing_position) == (1, None)
        platform = folded(past, "platform", Platform)["platform"]
        assert days[-1].business_date == platform.business_date


def check_cases(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    rows = {row.borrower_id: row for row in CASES.select(cursor)}
    promises = {(row.borrower_id, row.promise_id): row for row in PROMISES.select(cursor)}
    lawsuits = {(row.borrower_id, row.lawsuit_id): row.step for row in LAWSUITS.select(cursor)}
    states = folded(past, "case", collections.Case)
    assert rows.keys() == states.keys()
    for borrower_id, state in states.items():
        row = rows[borrower_id]
        assert (row.number, row.closed_on is None) == (state.number, state.is_open)
        assert (row.stage, row.agency_id) == (state.stage, state.agency_id)
        promise = promises.get((borrower_id, row.promise_id or ""))
        assert (promise is None) == (state.promise is None)
        if promise is not None and state.promise is not None:
            assert (promise.status, promise.paid_fen) == ("open", state.promise.paid_fen)
        for lawsuit_id, lawsuit in state.lawsuits.items():
            assert lawsuits.pop((borrower_id, lawsuit_id)) == lawsuit.step.value
        mine = [row for row in ACTIONS.select(cursor) if row.borrower_id == borrower_id]
        assert row.actions == len(mine)
    assert lawsuits == {}


def check_blacklist(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    rows = {row.member_id: row for row in ENTRIES.select(cursor)}
    for member_id, state in folded(past, "member", member.Member).items():
        row = rows.get(member_id)
        assert state.blacklisted == (row is not None and row.removed_on is None)
        if row is not None and state.blacklisted:
            assert state.appealed == (row.appealed_on is not None)
    lists = folded(past, "blacklist", blacklist.Blacklists)
    known = lists["blacklist"].lists if lists else {}
    assert {row.issuer: (row.as_of, row.entries) for row in OTHERS.select(cursor)} == {
        issuer: (each.as_of, len(each.entry_of)) for issuer, each in known.items()
    }


@pytest.mark.parametrize(
    "check",
    [
        check_balances,
        check_statements,
        check_movements,
        check_shortfalls,
        check_loans,
        check_positions,
        check_assignments,
        check_reserve,
        check_guarantees,
        check_members,
        check_days,
        check_cases,
        check_blacklist,
    ],
    ids=[view.NAME for view in (VIEWS[0], VIEWS[2], VIEWS[1], *VIEWS[3:])],
)
def test_a_view_agrees_with_the_domain_at_every_look(
    cursor: Cursor[Any], story: list[Recorded], check: Look
) -> None:
    for start in range(0, len(story), STEP):
        batch = story[start : start + STEP]
        for view in VIEWS:
            begun = view.begin(cursor, batch)
            if begun is not None:
                begun.finish()
        past, after = story[: start + STEP], story[start + STEP : start + STEP + 1]
        if not after or after[0].cause != past[-1].cause:  # A whole command: money is in step.
            check(cursor, past)


def test_the_story_has_every_kind_of_event_that_a_view_takes(story: list[Recorded]) -> None:
    told = {recorded.topic for recorded in story}
    assert {event.TOPIC for view in VIEWS for event in view.EVENTS} <= told


def folded(past: Sequence[Recorded], kind: str, _: type[S]) -> dict[str, S]:
    """The domain's states of the streams of a kind, by the id in their name."""
    states: dict[str, Any] = {}
    for recorded in past:
        if recorded.stream.partition("-")[0] == kind:
            fold = fold_of(recorded.stream)
            name = recorded.stream.partition("-")[2] or kind
            states[name] = fold.evolve(states.get(name, fold.initial), recorded.event)
    return states


def summed(past: Sequence[Recorded]) -> dict[str, list[int]]:
    sums: dict[str, list[int]] = {}
    for recorded in past:
        for account, available_fen, frozen_fen in getattr(recorded.event, "legs", ()):
            fen = sums.setdefault(account, [0, 0])
            fen[0] += available_fen
            fen[1] += frozen_fen
    return sums


def settled_movements(past: Sequence[Recorded]) -> list[tuple[str, cashbook.Movement]]:
    """(subject, movement) by the events, not by the view."""
    return [
        (entry.requested.subject, movement)
        for entry in folded(past, "entry", cashbook.Entry).values()
        if entry.requested and entry.status is cashbook.Status.SETTLED
        for movement in entry.requested.movements
    ]
