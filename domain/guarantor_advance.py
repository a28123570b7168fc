"""What a loan's guarantors do for it (担保与代偿), over the loan's state.

    guarantee  GuaranteeLoan   -> LoanGuaranteed         one after the other
    confirm    ConfirmOverdue  -> OverdueConfirmed       by a named person
    open       RequestAdvance  -> GuaranteeAdvanceOpened    then the bank freezes and moves it
    finish     the bank's word -> GuaranteeAdvancePaid | GuaranteeAdvanceReleased

An advance pays all of one instalment that the policy protects, that is still open, and that its
guarantor stands for. Its lines move from the moment in which it is asked for, so that nothing else
can pay them meanwhile, no other guarantor either.
"""

from __future__ import annotations

import hashlib
from datetime import date

from domain import protection, repayment
from domain.acceleration import covered
from domain.loan import IN_REPAYMENT, Loan, Status
from domain.loan_events import RepaymentRouted
from domain.loan_evolution import evolve
from domain.loan_guarantee import (
    GUARANTEE_LAW_REPEALED_ON,
    WHOLE_BP,
    Contribution,
    GuaranteeAdvanceOpened,
    GuaranteeAdvancePaid,
    GuaranteeAdvanceReleased,
    LoanGuaranteed,
    LoanGuaranteeEvent,
    OverdueConfirmed,
)
from domain.model import Refused
from domain.money import Rounding, divide
from domain.policy import PolicyTerms, Provider, Scope
from domain.refusals import Code
from domain.sharing import ShareMethod, share

GUARANTORS_MAX = 20
TO_BE_NAMED = frozenset({Provider.THIRD_PARTY, Provider.PLATFORM})


def guarantee(loan: Loan, wanted: LoanGuaranteed, today: date) -> LoanGuaranteed:
    """Only before the loan is published: investors must know who stands for it."""
    terms = loan.must_be(Status.REQUESTED, Status.RATED)
    known = loan.guarantee
    if wanted.guarantor_id in known.guarantors:
        raise Refused(Code.LOAN_GUARANTEED, field="guarantor_id")
    if wanted.guarantor_id == terms.borrower_id:
        raise Refused(Code.SELF_GUARANTEE, field="guarantor_id")
    if wanted.contribution is Contribution.GUARANTEE_LAW and today >= GUARANTEE_LAW_REPEALED_ON:
        raise Refused(Code.GUARANTEE_LAW_REPEALED, f"today is {today}", "contribution")
    if len(known.guarantors) == GUARANTORS_MAX:
        raise Refused(Code.GUARANTORS_TOO_MANY, f"at most {GUARANTORS_MAX}", "loan_id")
    shares_bp = known.shares_bp(wanted.stands_as) + (wanted.share_bp or 0)
    if shares_bp > WHOLE_BP:
        raise Refused(Code.GUARANTEE_NOT_WHOLE, f"they make up {shares_bp} of 10000", "share_bp")
    return wanted


def must_be_whole(loan: Loan, policy: PolicyTerms) -> None:
    """When it is published: what the policy promises of a third party or the platform, or of a
    guarantor alone, is somebody's to pay, and no part of the loan is nobody's. A loan without a
    guarantor goes to the next, where there is one."""
    known = loan.guarantee
    promised = () if policy.scope is Scope.NONE else policy.providers
    alone = promised == (Provider.GUARANTOR,)
    for provider in Provider:
        named = known.standing_as(provider)
        if provider in promised and (alone or provider in TO_BE_NAMED) and not named:
            raise Refused(Code.PROVIDER_UNNAMED, f"{provider} by {policy.version}", "loan_id")
        if named and not known.whole(provider):
            made_up = f"they make up {known.shares_bp(provider)} of 10000"
            raise Refused(Code.GUARANTEE_NOT_WHOLE, made_up, "loan_id")


def confirm(loan: Loan, period: int, by: str, today: date) -> OverdueConfirmed:
    terms = loan.must_be(*IN_REPAYMENT)
    if not loan.guarantee.standing_as(Provider.GUARANTOR):
        raise Refused(Code.LOAN_NOT_GUARANTEED, field="loan_id")
    if period not in loan.overdue:
        raise Refused(Code.INSTALMENT_NOT_OVERDUE, field="period")
    if period in loan.guarantee.confirmed:
        raise Refused(Code.OVERDUE_CONFIRMED, field="period")
    if period == repayment.billed_for_it_alone(loan):  # The bank's word comes first.
        raise Refused(Code.LINES_MOVING, field="loan_id")
    confirmed = OverdueConfirmed(
        loan_id=terms.loan_id,
        period=period,
        confirmed_on=today,
        confirmed_by=by,
        covers=loan.covers.get(period) or covered(loan, period, today),
    )
    if not protection.protected_fen(evolve(loan, confirmed), period):
        raise Refused(Code.NOTHING_TO_ADVANCE, field="period")
    return confirmed


def open_advance(
    loan: Loan, advance_id: str, guarantor_id: str, period: int
) -> GuaranteeAdvanceOpened:
    terms = loan.known()
    if guarantor_id not in loan.guarantee.guarantors:
        raise Refused(Code.NOT_GUARANTOR, field="guarantor_id")
    if not _called_on(loan, guarantor_id, period):
        raise Refused(Code.OBLIGATION_UNKNOWN, field="period")
    if period in loan.guarantee.moving:
        raise Refused(Code.ADVANCE_UNDER_WAY, field="period")
    investors = _his_part(loan, guarantor_id, period)
    if not investors:
        made = (period, guarantor_id) in loan.guarantee.advanced
        raise Refused(Code.ADVANCE_MADE if made else Code.NOTHING_TO_ADVANCE, field="period")
    paying = any(each.period == period for each in loan.advances.values())
    if loan.routed is not None or paying or loan.being_bought:
        raise Refused(Code.LINES_MOVING, field="loan_id")
    principal, interest = protection.lines_paid(loan, period, investors)
    return GuaranteeAdvanceOpened(
        loan_id=terms.loan_id,
        advance_id=advance_id,
        guarantor_id=guarantor_id,
        period=period,
        principal=principal,
        interest=interest,
    )


def called_with_claim(loan: Loan) -> list[str]:
    """Who must pay once a claim on the loan is filed: the third party and the platform, jointly,
    also where the reserve comes first, as they are liable for what it cannot pay."""
    named = loan.guarantee.guarantors.items()
    providers = loan.policy.providers
    return [n for n, g in named if g.stands_as in TO_BE_NAMED and g.stands_as in providers]


def _called_on(loan: Loan, guarantor_id: str, period: int) -> bool:
    if loan.guarantee.guarantors[guarantor_id].stands_as is Provider.GUARANTOR:
        return period in loan.guarantee.confirmed
    return period in loan.filed and guarantor_id in called_with_claim(loan)


def id_on(day: date, guarantor_id: str, claim_id: str) -> str:
    """Of an advance that the day end asks for. Nobody else's id has a dot in it."""
    text = f"{day}|{guarantor_id}|{claim_id}"
    return f"day.{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def owed_fen(loan: Loan, guarantor_id: str, period: int) -> int:
    """What he must advance of what is open now."""
    open_fen = sum(protection.protected_fen(loan, period).values())
    return loan.guarantee.part_fen(guarantor_id, period, open_fen) if open_fen else 0


def _his_part(loan: Loan, guarantor_id: str, period: int) -> dict[str, int]:
    """Tender -> fen: what he must advance goes to the investors by what is open to each."""
    open_fen = protection.protected_fen(loan, period)
    part_fen = owed_fen(loan, guarantor_id, period)
    if not part_fen:
        return {}
    parts = share(part_fen, [*open_fen.values()], ShareMethod.LARGEST_REMAINDER)
    return {tender_id: fen for tender_id, fen in zip(open_fen, parts, strict=True) if fen}


def exposure_fen(loan: Loan, guarantor_id: str, principal_fen: int) -> int:
    """What he stands for of a principal; a share is rounded up."""
    share_bp = loan.guarantee.guarantors[guarantor_id].share_bp
    if share_bp is None:
        return principal_fen
    return divide(principal_fen * share_bp, WHOLE_BP, Rounding.UP)


def recovered_fen(loan: Loan, routed: RepaymentRouted) -> dict[str, int]:
    """Guarantor -> fen that a payment brings back to him of what he advanced."""
    fen = dict.fromkeys(loan.guarantee.guarantors, 0)
    for each in routed.recourse:
        fen[each.guarantor_id or next(iter(fen))] += each.total_fen
    return fen


def amount_fen(opened: GuaranteeAdvanceOpened) -> int:
    return sum(opened.principal) + sum(opened.interest)


def finish(loan: Loan, advance_id: str, *, paid: bool) -> LoanGuaranteeEvent:
    loan_id = loan.known().loan_id
    if paid:
        return GuaranteeAdvancePaid(loan_id=loan_id, advance_id=advance_id)
    return GuaranteeAdvanceReleased(loan_id=loan_id, advance_id=advance_id)
