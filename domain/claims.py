"""Claims that change hands (债权转让), over one loan's register.

    offer   -> ClaimOffered    so much of a claim is on sale
    sell    -> ClaimSold       a buyer's money is on its way: no line of the loan is paid meanwhile
    assign  -> ClaimAssigned   the bank has done it: what was sold is a claim of the buyer's
    keep    -> ClaimKept       the sale is off: everything is as before

A claim's holder never changes. What is sold, all of it or a part, becomes a claim of its own at the
end of the register, and the seller's has that much less: principal not billed yet, and principal
and interest of each open instalment, to the fen. All interest that is not paid yet goes with the
claim; what of it the seller has earned by the day of the sale the buyer pays him (`accrued_fen`).
"""

from __future__ import annotations

from datetime import date

from domain import loan_events as e
from domain.funding import TENDERS_MAX
from domain.loan import IN_REPAYMENT, Loan
from domain.model import Refused
from domain.money import Rounding, divide
from domain.refusals import Code
from domain.register import AssignedLine, Claim, Row
from domain.sharing import largest_remainder

CLAIMS_MAX = 10 * TENDERS_MAX
"""Of one loan, those of which nothing is left included."""


def assigned_claim_id(assignment_id: str) -> str:
    """A dot is in no id of a tender."""
    return f"A.{assignment_id}"


def open_principal_fen(loan: Loan, place: int) -> int:
    billed_fen = sum(billed.principal[place] for billed in loan.billed.values())
    return loan.unbilled[place] + billed_fen


# -- decide -----------------------------------------------------------------------------


def offer(
    loan: Loan, assignment_id: str, claim_id: str, seller_id: str, principal_fen: int, today: date
) -> e.ClaimOffered:
    terms = loan.must_be(*IN_REPAYMENT)
    place = loan.place_of(claim_id)
    if loan.claims[place].investor_id != seller_id:
        raise Refused(Code.CLAIM_NOT_OWN, field="seller_id")
    _not_overdue(loan, today)
    on_sale_fen = sum(o.principal_fen for o in loan.offers.values() if o.claim_id == claim_id)
    _within(open_principal_fen(loan, place) - on_sale_fen, principal_fen, "principal_fen")
    return e.ClaimOffered(
        loan_id=terms.loan_id,
        assignment_id=assignment_id,
        claim_id=claim_id,
        principal_fen=principal_fen,
    )


def sell(
    loan: Loan, assignment_id: str, buyer_id: str, limit_fen: int | None, today: date
) -> e.ClaimSold:
    """`limit_fen`: the most that one investor may have in one loan."""
    terms = loan.must_be(*IN_REPAYMENT)
    offered = loan.offers[assignment_id]
    if buyer_id == terms.borrower_id:
        raise Refused(Code.SELF_TENDER, field="buyer_id")
    _not_overdue(loan, today)
    if loan.lines_paid or any(payment.held for payment in loan.payments.values()):
        raise Refused(Code.CLAIM_LINES_MOVING, field="assignment_id")
    sold = [each for each in loan.offers.values() if each.buyer_id]
    going_fen = sum(each.principal_fen for each in sold if each.claim_id == offered.claim_id)
    open_fen = open_principal_fen(loan, loan.place_of(offered.claim_id))
    _within(open_fen - going_fen, offered.principal_fen, "assignment_id")
    coming_fen = sum(each.principal_fen for each in sold if each.buyer_id == buyer_id)
    has_fen = held_fen(loan, buyer_id) + coming_fen
    if limit_fen is not None and has_fen + offered.principal_fen > limit_fen:
        raise Refused(Code.ASSIGNMENT_ABOVE_LIMIT, f"the limit is {limit_fen} fen", "buyer_id")
    _room_for_one_more(loan, len(sold))
    return e.ClaimSold(loan_id=terms.loan_id, assignment_id=assignment_id, buyer_id=buyer_id)


def assign(loan: Loan, assignment_id: str, buyer_id: str, today: date) -> e.ClaimAssigned:
    offered = loan.offers[assignment_id]
    place = loan.place_of(offered.claim_id)
    principal_fen = offered.principal_fen
    unbilled_fen, lines = _part(loan, place, principal_fen)
    rest_fen = open_principal_fen(loan, place) - principal_fen
    return e.ClaimAssigned(
        loan_id=loan.known().loan_id,
        assignment_id=assignment_id,
        claim_id=offered.claim_id,
        assigned_on=today,
        claim=Claim(assigned_claim_id(assignment_id), buyer_id, principal_fen),
        unbilled_fen=unbilled_fen,
        lines=lines,
        lent_fen=largest_remainder(loan.lent[place], (principal_fen, rest_fen))[0],
    )


def keep(loan: Loan, assignment_id: str) -> e.ClaimKept:
    return e.ClaimKept(loan_id=loan.known().loan_id, assignment_id=assignment_id)


def held_fen(loan: Loan, investor_id: str) -> int:
    """An investor's open principal in the loan."""
    return sum(
        open_principal_fen(loan, place)
        for place, claim in enumerate(loan.claims)
        if claim.investor_id == investor_id
    )


# -- what goes with a part of a claim ------------------------------------------------------


def _part(loan: Loan, place: int, principal_fen: int) -> tuple[int, tuple[AssignedLine, ...]]:
    """What of the claim's unbilled principal and of its billed lines goes with so much of its open
    principal: of each in proportion, to the fen."""
    billed = tuple(loan.billed.values())
    parts = (loan.unbilled[place], *(each.principal[place] for each in billed))
    unbilled_fen, *principals = largest_remainder(principal_fen, parts)
    weights = (principal_fen, sum(parts) - principal_fen)
    lines = (
        AssignedLine(each.period, line_fen, largest_remainder(each.interest[place], weights)[0])
        for each, line_fen in zip(billed, principals, strict=True)
    )
    return unbilled_fen, tuple(line for line in lines if line.principal_fen or line.interest_fen)


def accrued_fen(loan: Loan, assignment_id: str, on: date) -> int:
    """应计利息: what of the interest that goes with the sale its seller has earned by `on`, by days
    of the instalment's period. What is late is in the price."""
    offered = loan.offers[assignment_id]
    unbilled_fen, lines = _part(loan, loan.place_of(offered.claim_id), offered.principal_fen)
    earned_fen = sum(
        _earned_fen(loan, loan.rows[line.period - 1], line.interest_fen, 1, on)
        for line in lines
        if line.period <= len(loan.rows)  # An early part that became due bears none.
        and not loan.billed[line.period].late_days(on, loan.policy)
    )
    running = next((row for row in loan.rows[loan.next_period - 1 :] if row.interest_fen), None)
    if running is None or not unbilled_fen:
        return earned_fen
    parts = running.interest_fen * unbilled_fen
    return earned_fen + _earned_fen(loan, running, parts, sum(loan.unbilled), on)


def _earned_fen(loan: Loan, row: Row, interest: int, parts: int, on: date) -> int:
    """Of `interest` / `parts` fen that fall due with the row. HALF_UP, once."""
    began = loan.known_disbursed.disbursed_on
    for before in loan.rows[: row.period - 1]:
        # Else its interest is in a later row.
        if before.principal_fen or before.interest_fen or before.period == loan.months_paid:
            began = before.due_on
    days = (row.due_on - began).days
    earned_days = max(0, min((on - began).days, days))
    return divide(interest * earned_days, parts * days, Rounding.HALF_UP)


# -- refusals -----------------------------------------------------------------------------


def _not_overdue(loan: Loan, today: date) -> None:
    late = any(billed.late_days(today, loan.policy) for billed in loan.billed.values())
    if late and not loan.policy.overdue_claims_assignable:
        raise Refused(Code.CLAIM_OVERDUE)


def _within(open_fen: int, principal_fen: int, field: str) -> None:
    if principal_fen > open_fen:
        raise Refused(Code.ASSIGNMENT_ABOVE_OPEN, f"{max(0, open_fen)} fen are open", field)


def _room_for_one_more(loan: Loan, coming: int) -> None:
    """Each open claim is a movement of a repayment, whose number has three digits."""
    open_claims = sum(1 for place in range(len(loan.claims)) if open_principal_fen(loan, place))
    if open_claims + coming >= TENDERS_MAX or len(loan.claims) + coming >= CLAIMS_MAX:
        raise Refused(Code.CLAIMS_TOO_MANY)
