"""What the events of a loan's repayment make of it: billed, late, paid, advanced by the reserve."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from domain import loan_events as e
from domain.call_in import CallIn, late_enough
from domain.claims_evolution import evolve_claims
from domain.early_part_events import EarlyPart, EarlyPartBilled, EarlyPartUndone
from domain.loan import Loan, Payment, Status
from domain.model import InvariantBroken, without
from domain.money import Rounding, divide
from domain.penalty import PENALTY_DENOMINATOR
from domain.register import Billed, Lateness


def evolve_repayment(loan: Loan, event: e.RepaymentEvent) -> Loan:
    match event:
        case e.InstalmentBilled():
            billed = Billed(
                event.period,
                event.due_on,
                event.principal,
                event.interest,
                lateness=_lateness(loan),
            )
            left = tuple(a - b for a, b in zip(loan.unbilled, event.principal, strict=True))
            return replace(
                loan,
                billed=_open_only({**loan.billed, event.period: billed}),
                unbilled=left,
                next_period=len(loan.rows) + 1 if event.whole_rest else event.period + 1,
                rest_billed_with=event.period if event.whole_rest else loan.rest_billed_with,
            )
        case e.EarlyBillingUndone():
            return _rest_unbilled(loan, event)
        case e.DueDateRolled():
            rolled = replace(loan.billed[event.period], due_on=event.due_on)
            return replace(loan, billed={**loan.billed, event.period: rolled})
        case e.LoanCalledIn():
            return replace(loan, call_in=_called_in(loan, event))
        case e.CallInUndone():
            return _call_in_undone(loan, event)
        case e.EarlyCompensationCharged():
            return loan
        case EarlyPartBilled():
            return _part_billed(loan, event)
        case EarlyPartUndone():
            return _part_undone(loan, event)
        case e.InstalmentOverdue():
            return replace(
                loan,
                status=Status.OVERDUE,
                overdue=loan.overdue | {event.period},
                was_overdue=loan.was_overdue | {event.period},
            )
        case e.ClaimFiled():
            return replace(
                loan,
                filed=loan.filed | {event.period},
                covers={**loan.covers, event.period: event.covers},
            )
        case e.SuitFiled():
            sued = {
                period: replace(each, lateness=each.lateness._replace(sued_on=event.filed_on))
                for period, each in loan.billed.items()
            }
            return replace(loan, sued_on=event.filed_on, billed=sued)
        case e.CourtCostsAwarded():
            billed = loan.billed[event.period]
            dearer = replace(billed, other_fee_fen=billed.other_fee_fen + event.amount_fen)
            return replace(loan, billed={**loan.billed, event.period: dearer})
        case e.RepaymentAccepted():
            payment = Payment(
                event.amount_fen,
                event.in_full,
                event.effective_on,
                held=False,
                in_part=event.in_part,
            )
            return replace(loan, payments={**loan.payments, event.payment_id: payment})
        case e.RepaymentHeld():
            held = replace(loan.payments[event.payment_id], held=True)
            return replace(loan, payments={**loan.payments, event.payment_id: held})
        case e.RepaymentRouted():
            if event.entry_id is None:  # Nothing was owed: all of it goes back.
                return _ended(loan, event.payment_id)
            return replace(loan, routed=event, billed=_on_its_way(loan, event))
        case e.RepaymentSettled():
            return _settled(loan, event)
        case e.RepaymentFailed():
            return _ended(loan, event.payment_id)
        case e.AdvanceOpened():
            return replace(loan, advances={**loan.advances, event.payout_id: event})
        case e.AdvancePaid():
            opened = loan.advances[event.payout_id]
            after = loan.billed[opened.period].advanced(opened.principal, opened.interest)
            return replace(
                loan,
                billed={**loan.billed, opened.period: after},
                advances=without(loan.advances, event.payout_id),
            )
        case e.AdvanceReleased():
            return replace(loan, advances=without(loan.advances, event.payout_id))
        case e.LoanSettled():
            return replace(loan, status=Status.SETTLED)
        case _:
            return evolve_claims(loan, event)


def _rest_unbilled(loan: Loan, event: e.EarlyBillingUndone | e.CallInUndone) -> Loan:
    late = loan.overdue - {event.period}
    return replace(
        loan,
        billed=without(loan.billed, event.period),
        unbilled=tuple(a + b for a, b in zip(loan.unbilled, event.principal, strict=True)),
        next_period=event.period,
        rest_billed_with=None,
        overdue=late,
        was_overdue=loan.was_overdue - {event.period},
        status=Status.OVERDUE if late else Status.REPAYING,
    )


def _called_in(loan: Loan, event: e.LoanCalledIn) -> CallIn:
    policy, on = loan.policy, event.called_in_on
    late = frozenset(
        period
        for period, billed in loan.billed.items()
        if late_enough(policy, billed.late_days(on, policy))
    )
    return CallIn(event.period, on, event.why, late, loan.was_overdue)


def _call_in_undone(loan: Loan, event: e.CallInUndone) -> Loan:
    """Who must pay an instalment of that number is asked anew once it is late by the schedule."""
    guarantee = loan.guarantee
    return replace(
        _rest_unbilled(loan, event),
        call_in=None,
        filed=loan.filed - {event.period},
        covers=without(loan.covers, event.period),
        guarantee=replace(guarantee, confirmed=guarantee.confirmed - {event.period}),
    )


def _part_billed(loan: Loan, event: EarlyPartBilled) -> Loan:
    billed = Billed(
        event.period, event.due_on, event.principal, event.interest, lateness=_lateness(loan)
    )
    kept = loan.rows[: loan.next_period - 1]
    pending = EarlyPart(
        event.period, loan.next_period, loan.rows[loan.next_period - 1 :], loan.months_paid
    )
    return replace(
        loan,
        billed={**loan.billed, event.period: billed},
        unbilled=tuple(a - b for a, b in zip(loan.unbilled, event.principal, strict=True)),
        redrawn=(*kept, *event.rows) if event.rows else loan.redrawn,
        early_parts=event.period - len(loan.rows),
        early_part=pending,
        months_paid=event.months_paid,
    )


def _part_undone(loan: Loan, event: EarlyPartUndone) -> Loan:
    before = loan.early_part
    kept = loan.rows[: loan.next_period - 1]
    return replace(
        loan,
        billed=without(loan.billed, event.period),
        unbilled=tuple(a + b for a, b in zip(loan.unbilled, event.principal, strict=True)),
        redrawn=(*kept, *event.rows) if event.rows else loan.redrawn,
        early_part=None,
        months_paid=before.months_paid if before else loan.months_paid,
    )


def _lateness(loan: Loan) -> Lateness:
    """What being late costs on an instalment that is billed now."""
    year_days = loan.policy.interest_runs_on
    concluded_on = loan.concluded.concluded_on if loan.concluded else date.min
    if year_days is None:
        return Lateness(loan.law_table, concluded_on, sued_on=loan.sued_on)
    numerator, denominator = Decimal(loan.known().annual_rate).as_integer_ratio()
    daily = divide(numerator * PENALTY_DENOMINATOR, 100 * denominator * year_days, Rounding.HALF_UP)
    return Lateness(loan.law_table, concluded_on, daily, loan.sued_on)


def _settled(loan: Loan, event: e.RepaymentSettled) -> Loan:
    routed = loan.routed
    if routed is None or routed.payment_id != event.payment_id:
        raise InvariantBroken("a payment settled that was not routed")
    billed = dict(loan.billed)
    for part in routed.parts:
        recourse = [each for each in routed.recourse if each.period == part.period]
        billed[part.period] = billed[part.period].paid(
            part, routed.effective_on, loan.policy, recourse
        )
    still_open = _open_only(billed)
    late = frozenset(
        period for period in loan.overdue & still_open.keys() if still_open[period].base_fen
    )
    in_time = {period for period, each in billed.items() if each.paid_in_time(loan.policy)}
    return replace(
        _ended(loan, event.payment_id),
        billed=still_open,
        overdue=late,
        was_overdue=loan.was_overdue - in_time,
        call_in=loan.call_in and loan.call_in.after(billed, loan.policy),
        status=Status.OVERDUE if late else Status.REPAYING,
    )


def _on_its_way(loan: Loan, routed: e.RepaymentRouted) -> Mapping[int, Billed]:
    if not any(billed.other_fee_fen for billed in loan.billed.values()):
        return loan.billed
    parts = {part.period: loan.billed[part.period].routed(part) for part in routed.parts}
    return {**loan.billed, **parts}


def _ended(loan: Loan, payment_id: str) -> Loan:
    if loan.routed is not None and loan.routed.payment_id == payment_id:
        return replace(
            loan, payments=without(loan.payments, payment_id), routed=None, early_part=None
        )
    return replace(loan, payments=without(loan.payments, payment_id))


def _open_only(billed: Mapping[int, Billed]) -> dict[int, Billed]:
    return {period: instalment for period, instalment in billed.items() if instalment.open}
