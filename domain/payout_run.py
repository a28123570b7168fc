"""One run of the reserve (风险准备金) over its queue: who is paid now, and by which rules.

Of the six rules a run applies 1 default payout, 2 time order, 3 claim proportion, 4 limited payout
and 5 transfer of benefit; 6, the cap, binds what goes to the platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from domain.payout_plan import PayoutClaim, PayoutPlan, bucket_of, payout_plan
from domain.policy import PolicyTerms
from domain.reserve import Considered, PayoutHeld, PayoutRunDecided, Reserve, ReserveEvent


def run(
    reserve: Reserve,
    terms: PolicyTerms,
    today: date,
    balance_fen: int,
    open_claims: Mapping[str, Mapping[str, int]],
) -> tuple[ReserveEvent, ...]:
    """Rules 2, 3 and 4 over the claims in `open_claims` (claim -> tender -> open fen), all of which
    wait in the queue. The dates that the policy's order names put them into buckets."""
    claims = [
        PayoutClaim(
            claim_id=claim_id,
            on=reserve.queue[claim_id].on(terms.order),
            amount_fen=sum(investors.values()),
            investors=investors,
        )
        for claim_id, investors in open_claims.items()
    ]
    plan = payout_plan(balance_fen, claims, terms.bucket)
    if not plan.payouts:
        return ()
    decided = PayoutRunDecided(
        run_on=today,
        policy_version=terms.version,
        order=terms.order,
        balance_before_fen=balance_fen,
        balance_after_fen=plan.balance_after_fen,
        considered=_considered(claims, plan, terms),
    )
    return (decided, *_held(reserve, terms, today, claims, plan))


def _considered(
    claims: list[PayoutClaim], plan: PayoutPlan, terms: PolicyTerms
) -> tuple[Considered, ...]:
    paid = {payout.claim_id: payout.amount_fen for payout in plan.payouts}
    return tuple(
        Considered(c.claim_id, bucket_of(c.on, terms.bucket), c.amount_fen, paid.get(c.claim_id, 0))
        for c in sorted(claims, key=lambda claim: (claim.on, claim.claim_id))
    )


def _held(
    reserve: Reserve, terms: PolicyTerms, today: date, claims: list[PayoutClaim], plan: PayoutPlan
) -> list[PayoutHeld]:
    claim_fen = {claim.claim_id: claim.amount_fen for claim in claims}
    return [
        PayoutHeld(
            payout_id=f"{reserve.payouts + number}",
            claim_id=payout.claim_id,
            loan_id=reserve.queue[payout.claim_id].loan_id,
            amount_fen=payout.amount_fen,
            claim_fen=claim_fen[payout.claim_id],
            bucket=payout.bucket,
            rules=rules_applied(terms, short=payout.amount_fen < claim_fen[payout.claim_id]),
            policy_version=reserve.queue[payout.claim_id].policy_version,
            run_on=today,
            investors=dict(payout.investors),
        )
        for number, payout in enumerate(plan.payouts, start=1)
    ]


def rules_applied(terms: PolicyTerms, *, short: bool) -> tuple[int, ...]:
    """1 and 2 always; 3 and 4 where the balance did not suffice; 5 by either of its variants."""
    return (1, 2, 3, 4, 5) if short else (1, 2, 5)
