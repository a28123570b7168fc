"""A guarantor pays who paid in his place (担保人之间的分担与追偿), and takes over his recourse.

    owed to the reserve      it paid investors after he had broken his word: all that he stood for
    owed to a co-guarantor   who advanced for both, where they agreed to bear it together: his part

    open    ReimburseAdvance -> ReimbursementOpened
    finish  the bank's word  -> ReimbursementPaid | ReimbursementReleased

What the borrower has paid back meanwhile is no longer owed. The recourse on the borrower passes to
who reimbursed, as far as he did.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.loan import Loan
from domain.loan_guarantee import (
    ReimbursementOpened,
    ReimbursementPaid,
    ReimbursementReleased,
)
from domain.model import Refused
from domain.policy import Provider
from domain.refusals import Code
from domain.register import Billed
from domain.sharing import ShareMethod, share


def of_payout(loan: Loan, period: int, paid_fen: int, in_breach: tuple[str, ...]) -> dict[str, int]:
    """Guarantor -> fen that the reserve paid in his place: who stands for the whole owes all. Not
    of a third party or the platform that comes after it."""
    known, providers = loan.guarantee, loan.policy.providers
    before = providers[: providers.index(Provider.RESERVE)] if Provider.RESERVE in providers else ()
    owed = {
        name: known.part_fen(name, period, paid_fen)
        for name in in_breach
        if known.guarantors[name].stands_as in {*before, Provider.GUARANTOR}
    }
    return {name: fen for name, fen in owed.items() if fen}


def of_advance(loan: Loan, guarantor_id: str, paid_fen: int) -> dict[str, int]:
    """Co-guarantor -> fen that he is to bear of what this one paid: equal parts, as each stands for
    the whole. Nothing where they did not agree to it (Art. 13)."""
    pool = _pool(loan, guarantor_id)
    if guarantor_id not in pool:
        return {}
    parts = zip(pool, _equal(paid_fen, len(pool)), strict=True)
    return {name: fen for name, fen in parts if fen and name != guarantor_id}


def due_fen(
    loan: Loan, period: int, guarantor_id: str, to: str | None, owed: Mapping[str, int]
) -> int:
    """What he owes `to` (None: the reserve) by now. `owed`: guarantor -> fen on record to it."""
    billed = loan.billed.get(period)
    mine_fen = owed.get(guarantor_id, 0)
    if billed is None or not mine_fen:
        return 0
    if to is not None:
        return _contribution_fen(loan, billed, guarantor_id, to, mine_fen)
    of_shares = {
        name: fen
        for name, fen in owed.items()
        if loan.guarantee.guarantors[name].share_bp is not None
    }
    if guarantor_id not in of_shares:
        return min(mine_fen, billed.reserve_fen)
    shares_fen = sum(of_shares.values())
    all_fen = max(shares_fen, *owed.values())
    left_fen = min(billed.reserve_fen, all_fen)
    weights = (*of_shares.values(), all_fen - shares_fen)
    parts = share(left_fen, weights, ShareMethod.LARGEST_REMAINDER)
    return parts[[*of_shares].index(guarantor_id)]


def _contribution_fen(loan: Loan, billed: Billed, by: str, to: str, owed_fen: int) -> int:
    """As much as brings both nearer to equal parts of what the borrower owes them all by now."""
    pool = _pool(loan, by)
    held = {each.guarantor_id: each.total_fen for each in billed.advances}
    all_fen = sum(held.get(name, 0) for name in pool)
    bears = dict(zip(pool, _equal(all_fen, len(pool)), strict=True))
    too_much_fen = held.get(to, 0) - bears[to]
    too_little_fen = bears[by] - held.get(by, 0)
    return max(0, min(owed_fen, too_much_fen, too_little_fen))


def open_reimbursement(
    loan: Loan,
    reimbursement_id: str,
    guarantor_id: str,
    period: int,
    to: str | None,
    owed: Mapping[str, int],
) -> ReimbursementOpened:
    """Interest first, as with what was advanced."""
    loan_id = loan.known().loan_id
    if guarantor_id not in loan.guarantee.guarantors:
        raise Refused(Code.NOT_GUARANTOR, field="guarantor_id")
    if to is not None and (to not in loan.guarantee.guarantors or to == guarantor_id):
        raise Refused(Code.NOT_GUARANTOR, field="to")
    left_fen = due_fen(loan, period, guarantor_id, to, owed)
    if not left_fen:
        raise Refused(Code.NOTHING_TO_REIMBURSE, field="period")
    if loan.lines_moving:
        raise Refused(Code.LINES_MOVING, field="loan_id")
    interest_fen = min(left_fen, _interest_of(loan, period, to))
    return ReimbursementOpened(
        loan_id=loan_id,
        reimbursement_id=reimbursement_id,
        guarantor_id=guarantor_id,
        to=to,
        period=period,
        principal_fen=left_fen - interest_fen,
        interest_fen=interest_fen,
    )


def amount_fen(opened: ReimbursementOpened) -> int:
    return opened.principal_fen + opened.interest_fen


def finish(
    loan: Loan, reimbursement_id: str, *, paid: bool
) -> ReimbursementPaid | ReimbursementReleased:
    loan_id = loan.known().loan_id
    kind = ReimbursementPaid if paid else ReimbursementReleased
    return kind(loan_id=loan_id, reimbursement_id=reimbursement_id)


def _pool(loan: Loan, guarantor_id: str) -> list[str]:
    """Who bears together with him what the borrower does not pay back."""
    stands_as = loan.guarantee.guarantors[guarantor_id].stands_as
    return [
        name
        for name, each in loan.guarantee.standing_as(stands_as).items()
        if each.share_bp is None and each.contribution is not None
    ]


def _equal(fen: int, parts: int) -> list[int]:
    return share(fen, [1] * parts, ShareMethod.LARGEST_REMAINDER)


def _interest_of(loan: Loan, period: int, holder: str | None) -> int:
    billed = loan.billed[period]
    if holder is None:
        return billed.reserve_interest_fen
    return sum(e.interest_fen for e in billed.advances if e.guarantor_id == holder)
