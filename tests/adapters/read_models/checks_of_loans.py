"""What the views of loans and claims say, beside what the domain says of the same events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from psycopg import Cursor

from adapters.codec import Recorded
from adapters.read_models import loan_rows as t
from adapters.read_models.assignments import ASSIGNMENTS
from adapters.read_models.guarantees import GUARANTEED_LOANS, GUARANTORS, OBLIGATIONS, RECOURSE
from adapters.read_models.positions import CLAIMS, ON_ITS_WAY
from domain import guarantee, loan
from domain.accounts import RESERVE_ACCOUNT, Role, account_of
from domain.assignment import Assignment
from domain.investment import Investment
from domain.loan import Status
from domain.policy import Provider
from domain.purposes import Purpose
from tests.adapters.read_models.by_events import folded, settled_movements, summed


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
