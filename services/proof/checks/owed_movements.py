"""What the movements of an entry must be, by what is owed on the loan's claims."""

from __future__ import annotations

from collections.abc import Mapping

from domain.accounts import INCOME_ACCOUNT, RESERVE_ACCOUNT, Role, account_of
from domain.cashbook import Movement
from domain.loan_events import AdvanceOpened, RepaymentRouted
from domain.loan_guarantee import GuaranteeAdvanceOpened, ReimbursementOpened
from domain.purposes import Purpose
from domain.register import Claim

Line = tuple[Purpose, str, int, int]
"""Purpose, payee, fen, and what of them is interest."""


def line_of(movement: Movement) -> Line:
    return movement.purpose, movement.payee, movement.amount_fen, movement.interest_fen


def repaid(claims: list[Claim], routed: RepaymentRouted, back: Mapping[str, int]) -> list[Line]:
    lines = []
    for place, claim in enumerate(claims):
        principal_fen = sum(part.principal[place] for part in routed.parts)
        interest_fen = sum(part.interest[place] + part.penalty[place] for part in routed.parts)
        payee = account_of(claim.investor_id, Role.INVESTOR)
        lines.append((Purpose.REPAYMENT, payee, principal_fen + interest_fen, interest_fen))
    reserve_fen = sum(part.reserve_fen for part in routed.parts)
    fee_fen = sum(part.overdue_fee_fen for part in routed.parts)
    lines.append((Purpose.SUBROGATED_RECOVERY, RESERVE_ACCOUNT, reserve_fen, 0))
    for guarantor_id, fen in back.items():
        guarantor = account_of(guarantor_id, Role.GUARANTOR)
        lines.append((Purpose.GUARANTEE_RECOVERY, guarantor, fen, 0))
    lines.append((Purpose.FEE, INCOME_ACCOUNT, fee_fen, 0))
    return [line for line in lines if line[2]]


def paid_over(opened: ReimbursementOpened) -> Line:
    payee = RESERVE_ACCOUNT if opened.to is None else account_of(opened.to, Role.GUARANTOR)
    return Purpose.REIMBURSEMENT, payee, opened.principal_fen + opened.interest_fen, 0


def set_aside(opened: GuaranteeAdvanceOpened) -> list[Line]:
    fen = sum(opened.principal) + sum(opened.interest)
    return [(Purpose.GUARANTEE_HOLD, account_of(opened.guarantor_id, Role.GUARANTOR), fen, 0)]


def paid_out(claims: list[Claim], opened: AdvanceOpened) -> list[Line]:
    return [
        (Purpose.RESERVE_PAYOUT, account_of(claim.investor_id, Role.INVESTOR), p + i, i)
        for claim, p, i in zip(claims, opened.principal, opened.interest, strict=True)
        if p + i
    ]


def advanced_through(
    claims: list[Claim], opened: GuaranteeAdvanceOpened, borrower_id: str
) -> list[Line]:
    """间接代偿: to the borrower, and from him to each investor."""
    to_borrower = account_of(borrower_id, Role.BORROWER)
    lines: list[Line] = []
    for claim, p, i in zip(claims, opened.principal, opened.interest, strict=True):
        if p + i:
            investor = account_of(claim.investor_id, Role.INVESTOR)
            lines.append((Purpose.GUARANTEE_ADVANCE, to_borrower, p + i, i))
            lines.append((Purpose.ADVANCE_PASSED_ON, investor, p + i, i))
    return lines
