"""Who is paid what out of a limited reserve: rules 2 (时间顺序), 3 (债权比例) and 4 (有限偿付).

Claims fall into buckets, calendar months or days, served in time order. A bucket that the balance
covers is paid in full; the first that it does not cover is shared in proportion, over its claims
and then over each claim's investors; all later ones wait.

Invariant: paid + queued == claimed, and balance before == paid + balance after.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby

from domain.model import Refused
from domain.money import BadFigure
from domain.sharing import largest_remainder


class PayoutOrder(StrEnum):
    """Which date of a claim puts it into a bucket."""

    AROSE = "arose"
    OVERDUE = "overdue"
    ELIGIBLE = "eligible"


class BucketPeriod(StrEnum):
    MONTH = "month"
    DAY = "day"


class PlanRefusal(StrEnum):
    DUPLICATE_CLAIM = "duplicate_claim"
    INVESTORS_DO_NOT_ADD_UP = "investors_do_not_add_up"


@dataclass(frozen=True, slots=True)
class PayoutClaim:
    """`on` is the date that the policy's order names; `investors` holds each one's open claim."""

    claim_id: str
    on: date
    amount_fen: int
    investors: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Payout:
    claim_id: str
    bucket: str
    amount_fen: int
    investors: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Queued:
    claim_id: str
    bucket: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class PayoutPlan:
    """A claim paid in part stands in both lists. No line is zero."""

    payouts: tuple[Payout, ...]
    queued: tuple[Queued, ...]
    balance_after_fen: int


def bucket_of(on: date, period: BucketPeriod) -> str:
    """`"2024-03"` or `"2024-03-15"`: the labels sort in time order."""
    return on.isoformat()[: 7 if period is BucketPeriod.MONTH else 10]


def payout_plan(
    balance_fen: int, claims: Collection[PayoutClaim], period: BucketPeriod
) -> PayoutPlan:
    """Both lists ordered by bucket, date, id. Raises BadFigure, and Refused with a PlanRefusal."""
    _check(balance_fen, claims)
    payouts: list[Payout] = []
    queued: list[Queued] = []
    in_order = sorted(claims, key=lambda claim: (claim.on, claim.claim_id))
    for bucket, members in groupby(in_order, key=lambda claim: bucket_of(claim.on, period)):
        due = list(members)
        paid = _paid(balance_fen, [claim.amount_fen for claim in due])
        for claim, paid_fen in zip(due, paid, strict=True):
            if paid_fen:
                investors = _over_investors(paid_fen, claim.investors)
                payouts.append(Payout(claim.claim_id, bucket, paid_fen, investors))
            if paid_fen < claim.amount_fen:
                queued.append(Queued(claim.claim_id, bucket, claim.amount_fen - paid_fen))
        balance_fen -= sum(paid)
    return PayoutPlan(tuple(payouts), tuple(queued), balance_fen)


def _paid(balance_fen: int, amounts: list[int]) -> list[int]:
    # A bucket that is not covered takes the whole balance, so every later one finds none.
    if sum(amounts) <= balance_fen:
        return amounts
    return largest_remainder(balance_fen, amounts, larger_weight_first=False)


def _over_investors(paid_fen: int, investors: Mapping[str, int]) -> dict[str, int]:
    ids = sorted(investors)
    shares = largest_remainder(paid_fen, [investors[each] for each in ids])
    return {each: share_fen for each, share_fen in zip(ids, shares, strict=True) if share_fen}


def _check(balance_fen: int, claims: Collection[PayoutClaim]) -> None:
    if balance_fen < 0:
        raise BadFigure("balance_fen", "must not be negative")
    seen: set[str] = set()
    for claim in claims:
        if claim.amount_fen < 0 or any(open_fen < 0 for open_fen in claim.investors.values()):
            raise BadFigure(f"claim {claim.claim_id}", "amounts must not be negative")
        if claim.claim_id in seen:
            raise Refused(
                PlanRefusal.DUPLICATE_CLAIM, f"claim {claim.claim_id} stands twice", "claims.id"
            )
        seen.add(claim.claim_id)
        open_fen = sum(claim.investors.values())
        if open_fen != claim.amount_fen:
            raise Refused(
                PlanRefusal.INVESTORS_DO_NOT_ADD_UP,
                f"claim {claim.claim_id}: the investors' open claims add up to {open_fen} fen,"
                f" not to amount_fen {claim.amount_fen}",
                "claims.investors",
            )
