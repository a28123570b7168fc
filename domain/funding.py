"""Funding a loan: from the request to the disbursement (募集与放款).

    request, rate, admit, answer_project, reserve_tender, secure_tender, drop_tender, miscarry,
    conclude, disburse, finish_disbursement, reject_disbursement

Each takes the loan's state and what was asked, and gives the events, or raises Refused.
"""

from __future__ import annotations

import calendar
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from domain import loan_events as e
from domain.fees import contribution_fen, service_fee_fen
from domain.law import Limits
from domain.loan import Loan, Status
from domain.model import InvariantBroken, Refused
from domain.policies import Policies
from domain.policy import PolicyTerms
from domain.refusals import Code
from domain.register import Claim, Row
from domain.repayment import outstanding_fen
from domain.schedule import schedule

TENDERS_MAX = 990
"""So that a disbursement's movements have three digits, and their ids at most 40 characters."""


def request(loan: Loan, wanted: e.LoanRequested) -> tuple[e.LoanEvent, ...]:
    if loan.terms is not None:
        raise Refused(Code.ID_TAKEN, field="loan_id")
    return (wanted,)


def rate(loan: Loan, grade: str) -> tuple[e.LoanEvent, ...]:
    terms = loan.must_be(Status.REQUESTED, Status.RATED)
    return (e.LoanRated(loan_id=terms.loan_id, grade=grade),)


class Applicant(NamedTuple):
    """What admission looks at about the borrower."""

    verified: bool
    company: bool
    lawful_business: bool
    blacklisted: bool
    related_party: bool
    owed_fen: int


def admit(
    loan: Loan, applicant: Applicant, limits: Limits, law_table: str, deadline: date, today: date
) -> tuple[e.LoanEvent, ...]:
    """准入: each failed check has its own code, in this order."""
    terms = loan.must_be(Status.RATED)
    owed_fen = applicant.owed_fen + terms.amount_fen
    if deadline < today:
        raise Refused(Code.DEADLINE_IN_PAST, field="deadline")
    if not applicant.verified:
        raise Refused(Code.IDENTITY_NOT_VERIFIED)
    if applicant.company and not applicant.lawful_business:
        raise Refused(Code.BUSINESS_NOT_LAWFUL)
    if applicant.blacklisted:
        raise Refused(Code.BLACKLISTED)
    _check_limits(limits, owed_fen, terms.owed_elsewhere_fen, company=applicant.company)
    if applicant.related_party and not limits.related_party_loans:
        raise Refused(Code.RELATED_PARTY)
    return (
        e.LoanAdmitted(
            loan_id=terms.loan_id, deadline=deadline, law_table=law_table, owed_with_it_fen=owed_fen
        ),
    )


def owed_fen(loan: Loan) -> int:
    """What of it counts against the limits of its borrower: all, and once it is paid out the
    principal that is not paid back (借款余额)."""
    return outstanding_fen(loan) if loan.disbursed else loan.known().amount_fen


def _check_limits(limits: Limits, here_fen: int, elsewhere_fen: int, *, company: bool) -> None:
    """What a borrower may owe on one platform, and over all of them."""
    here, over_all = limits.person_on_platform_fen, limits.person_over_all_fen
    if company:
        here, over_all = limits.company_on_platform_fen, limits.company_over_all_fen
    for limit_fen, owed_fen, where in (
        (here, here_fen, "on the platform"),
        (over_all, here_fen + elsewhere_fen, "over all platforms"),
    ):
        if limit_fen is not None and owed_fen > limit_fen:
            raise Refused(
                Code.LEGAL_LIMIT_EXCEEDED, f"{owed_fen} fen {where} is above {limit_fen} fen"
            )


def its_own(loan: Loan, policy: PolicyTerms) -> PolicyTerms:
    """What a policy says of the loan's product. Refused where it knows none of that name."""
    product = loan.known().product
    if product is not None and product not in policy.products:
        known = ", ".join(policy.products) or "none"
        raise Refused(Code.PRODUCT_UNKNOWN, f"{policy.version} has {known}", "loan_id")
    return policy.of(product)


def answer_project(loan: Loan, refused_code: str | None) -> tuple[e.LoanEvent, ...]:
    terms = loan.must_be(Status.ADMITTED)
    if refused_code is None:
        return (e.LoanPublished(loan_id=terms.loan_id),)
    return (e.ProjectRefused(loan_id=terms.loan_id, bank_code=refused_code),)


def reserve_tender(
    loan: Loan, tender_id: str, investor_id: str, amount_fen: int, limit_fen: int | None
) -> tuple[e.LoanEvent, ...]:
    terms = loan.known()
    if loan.status is not Status.PUBLISHED:
        raise Refused(Code.LOAN_NOT_OPEN, f"the loan is {loan.status}", "loan_id")
    if tender_id in loan.tenders:
        raise Refused(Code.ID_TAKEN, field="tender_id")
    if investor_id == terms.borrower_id:
        raise Refused(Code.SELF_TENDER, field="investor_id")
    if amount_fen > terms.amount_fen - loan.reserved_fen:
        raise Refused(
            Code.TENDER_ABOVE_LEFT,
            f"{terms.amount_fen - loan.reserved_fen} fen are left",
            "amount_fen",
        )
    if limit_fen is not None and amount_fen + _of(loan, investor_id) > limit_fen:
        raise Refused(Code.TENDER_ABOVE_LIMIT, f"the limit is {limit_fen} fen", "amount_fen")
    if len(loan.tenders) >= TENDERS_MAX:
        raise Refused(Code.TENDERS_TOO_MANY, f"the limit is {TENDERS_MAX}")
    return (
        e.TenderReserved(
            loan_id=terms.loan_id,
            tender_id=tender_id,
            investor_id=investor_id,
            amount_fen=amount_fen,
        ),
    )


def _of(loan: Loan, investor_id: str) -> int:
    return sum(t.amount_fen for t in loan.tenders.values() if t.investor_id == investor_id)


def secure_tender(
    loan: Loan, tender_id: str, now: datetime, today_shanghai: date
) -> tuple[e.LoanEvent, ...]:
    """The bank froze the money; the last tender fills the loan."""
    terms = loan.known()
    secured = e.TenderSecured(loan_id=terms.loan_id, tender_id=tender_id)
    if loan.secured_fen + loan.tenders[tender_id].amount_fen < terms.amount_fen:
        return (secured,)
    if loan.status is not Status.PUBLISHED:
        raise InvariantBroken(f"the loan fills while it is {loan.status}")
    return (
        secured,
        e.LoanFilled(loan_id=terms.loan_id, filled_at=now, filled_on=today_shanghai),
    )


def drop_tender(loan: Loan, tender_id: str) -> tuple[e.LoanEvent, ...]:
    return (e.TenderDropped(loan_id=loan.known().loan_id, tender_id=tender_id),)


def miscarry(loan: Loan, today: date, policies: Policies) -> tuple[e.LoanEvent, ...]:
    """A loan that the bank never registered miscarries too, and one that was filled on a day for
    which there is no policy and can be none any more: nobody can conclude it."""
    terms = loan.must_be(Status.ADMITTED, Status.PUBLISHED, Status.FILLED)
    if loan.filled is not None:
        filled_on = loan.filled.filled_on
        if filled_on >= today or policies.in_force(filled_on) is not None:
            raise Refused(Code.LOAN_WRONG_STATE, f"the loan is {loan.status}", "loan_id")
    elif today <= loan.deadline:
        raise Refused(Code.DEADLINE_NOT_REACHED, f"it is {loan.deadline}", "loan_id")
    return (e.LoanMiscarried(loan_id=terms.loan_id, secured_fen=loan.secured_fen),)


def conclude(loan: Loan, contract_hash: str, policy: PolicyTerms | None) -> tuple[e.LoanEvent, ...]:
    """`policy` is the version in force on the day the loan was filled; the loan keeps what it says
    of its product."""
    terms = loan.must_be(Status.FILLED)
    filled = loan.filled
    if filled is None:
        raise InvariantBroken("a filled loan without its filling")
    if policy is None:
        raise Refused(Code.POLICY_MISSING, f"on {filled.filled_on}")
    investors = dict.fromkeys(t.investor_id for t in loan.tenders.values())
    return (
        e.LoanConcluded(
            loan_id=terms.loan_id,
            contract_hash=contract_hash,
            parties=(terms.borrower_id, *investors),
            concluded_at=filled.filled_at,
            concluded_on=filled.filled_on,
            policy=policy.of(terms.product),
        ),
    )


def disburse(loan: Loan) -> tuple[e.DisbursementRequested]:
    terms = loan.known()
    policy = loan.policy
    loan.must_be(Status.CONCLUDED)
    contribution = contribution_fen(policy, loan.grade, terms.amount_fen)
    return (
        e.DisbursementRequested(
            loan_id=terms.loan_id,
            entry_id=f"D-{terms.loan_id}-{loan.attempts + 1}",
            fee_fen=service_fee_fen(policy, loan.grade, terms.amount_fen) - contribution,
            contribution_fen=contribution,
        ),
    )


def finish_disbursement(loan: Loan, today: date) -> tuple[e.LoanEvent, ...]:
    """The money is the borrower's: claims and schedule begin today."""
    terms = loan.must_be(Status.DISBURSING)
    rows = schedule(
        terms.amount_fen,
        Decimal(terms.annual_rate),
        terms.periods,
        terms.method,
        loan.policy.rounding,
    )
    return (
        e.LoanDisbursed(
            loan_id=terms.loan_id,
            disbursed_on=today,
            claims=tuple(
                Claim(tender_id, tender.investor_id, tender.amount_fen)
                for tender_id, tender in loan.tenders.items()
            ),
            schedule=tuple(
                Row(
                    row.period, months_after(today, row.period), row.principal_fen, row.interest_fen
                )
                for row in rows
            ),
        ),
    )


def reject_disbursement(loan: Loan, bank_code: str) -> tuple[e.LoanEvent, ...]:
    terms = loan.must_be(Status.DISBURSING)
    requested = loan.disbursement
    if requested is None:
        raise InvariantBroken("disbursing without a request")
    return (
        e.DisbursementRejected(
            loan_id=terms.loan_id, entry_id=requested.entry_id, bank_code=bank_code
        ),
    )


def months_after(start: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
