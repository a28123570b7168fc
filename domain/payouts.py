"""From a loan's claim into the reserve's queue, and from the queue to what a run pays.

queued       a claim that was filed, as the queue takes it
open_claims  what a run on a day looks at: claim -> tender -> open fen
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from domain import protection, reserve_advance
from domain.loan import Loan
from domain.loan_events import ClaimFiled
from domain.payout_plan import BucketPeriod
from domain.policy import PolicyTerms
from domain.reserve import ClaimQueued, Reserve


def queued(loan: Loan, filed: ClaimFiled, today: date) -> ClaimQueued:
    due_on = loan.billed[filed.period].due_on
    disbursed = loan.disbursed
    return ClaimQueued(
        claim_id=filed.claim_id,
        loan_id=filed.loan_id,
        period=filed.period,
        arose_on=disbursed.disbursed_on if disbursed else due_on,
        overdue_on=due_on,
        eligible_on=today,
        policy_version=loan.policy.version,
        amount_fen=sum(protection.protected_fen(loan, filed.period).values()),
    )


def open_claims(
    reserve: Reserve, terms: PolicyTerms, today: date, loan_of: Callable[[str], Loan]
) -> dict[str, dict[str, int]]:
    """Empty on a day without a run: by the month it comes once, after the month has ended, and none
    while a part of a claim is on its way."""
    monthly = terms.bucket is BucketPeriod.MONTH
    if reserve.paying_in_part or (monthly and today.day != 1):
        return {}
    return {
        waiting.claim_id: investors
        for waiting in reserve.queue.values()
        if waiting.claim_id not in reserve.busy
        and (not monthly or waiting.eligible_on < today)
        and (investors := reserve_advance.open_claim(loan_of(waiting.loan_id), waiting.period))
    }
