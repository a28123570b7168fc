"""The calculators a second time, straight from the contract and written another way.

Decimals of 60 digits, discounting instead of compounding, one fen or one day at a time: slow, and
sharing no line and no idea with the domain.
"""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    localcontext,
)
from fractions import Fraction
from typing import Any

ROUNDINGS = {"half-up": ROUND_HALF_UP, "up": ROUND_CEILING, "down": ROUND_FLOOR}
NOISE = Decimal("1e-25")


def whole(value: Decimal, rounding: str) -> int:
    """Rounds away the noise of 60 digits first, so that an exact half stays one."""
    return int(value.quantize(NOISE).to_integral_value(ROUNDINGS[rounding]))


def schedule(
    principal: int, rate: Decimal, periods: int, method: str, rounding: str
) -> list[tuple[int, int, int, int, int]]:
    with localcontext(Context(prec=60)):
        i = rate / 1200
        present_value_of_one = sum((1 + i) ** -k for k in range(1, periods + 1))
        payment = whole(principal / Decimal(present_value_of_one), rounding)
        part = whole(Decimal(principal) / periods, rounding)
        rows = []
        balance = principal
        for k in range(1, periods + 1):
            last = k == periods
            interest = whole(balance * rate / 1200, "half-up")
            if method == "equal-instalment":
                repaid = min(payment - interest, balance)
            elif method == "equal-principal":
                repaid = min(part, balance)
            elif method == "interest-first":
                repaid = 0
            elif method == "flat":
                interest = whole(principal * rate / 1200, "half-up")
                repaid = min(part, balance)
            else:
                repaid = 0
                interest = whole(principal * rate * periods / 1200, "half-up") if last else 0
            if last:
                repaid = balance
            balance -= repaid
            rows.append((k, repaid + interest, repaid, interest, balance))
        return rows


def share(amount: int, weights: list[int], method: str) -> list[int]:
    total = sum(weights)
    exact = [Fraction(amount * weight, total) for weight in weights]
    shares = [int(each) for each in exact]
    if method == "last-takes-rest":
        last = [k for k in range(len(weights)) if weights[k] > 0][-1]
        shares[last] = amount - sum(s for k, s in enumerate(shares) if k != last)
        return shares
    served: set[int] = set()
    while sum(shares) < amount:
        best = None
        for k in range(len(weights)):
            if k in served:
                continue
            rank = (exact[k] - int(exact[k]), weights[k])
            if best is None or rank > (exact[best] - int(exact[best]), weights[best]):
                best = k
        assert best is not None
        served.add(best)
        shares[best] += 1
    return shares


def _by_remainder(amount: int, rows: list[tuple[Any, int]]) -> dict[Any, int]:
    """`rows` are (tie key, weight); of equal remainders the smallest tie key is served first."""
    total = sum(weight for _, weight in rows)
    exact = {key: Fraction(amount * weight, total) for key, weight in rows}
    shares = {key: int(value) for key, value in exact.items()}
    waiting = sorted(exact, key=lambda key: (int(exact[key]) - exact[key], key))
    while sum(shares.values()) < amount:
        shares[waiting.pop(0)] += 1
    return shares


def payout_plan(given: dict[str, Any]) -> dict[str, Any]:
    def date_of(claim: dict[str, Any]) -> str:
        return str(claim.get(f"{given['order']}_on", claim["overdue_on"]))

    def bucket_of(claim: dict[str, Any]) -> str:
        day = date_of(claim)
        return day.rpartition("-")[0] if given["period"] == "month" else day

    balance = given["balance_fen"]
    payouts: list[dict[str, Any]] = []
    queued: list[dict[str, Any]] = []
    exhausted = False
    for bucket in sorted({bucket_of(claim) for claim in given["claims"]}):
        claims = {
            (date_of(claim), claim["id"]): claim
            for claim in given["claims"]
            if bucket_of(claim) == bucket
        }
        total = sum(claim["amount_fen"] for claim in claims.values())
        if exhausted:
            paid = dict.fromkeys(claims, 0)
        elif total <= balance:
            paid = {key: claim["amount_fen"] for key, claim in claims.items()}
        else:
            exhausted = True
            paid = _by_remainder(balance, [(k, c["amount_fen"]) for k, c in claims.items()])
        for key in sorted(claims):
            claim = claims[key]
            balance -= paid[key]
            if paid[key]:
                keys = [((-fen, who), fen) for who, fen in claim["investors"].items()]
                to = {who: fen for (_, who), fen in _by_remainder(paid[key], keys).items() if fen}
                payouts.append({"claim": claim["id"], "amount_fen": paid[key], "investors": to})
            if claim["amount_fen"] > paid[key]:
                rest = claim["amount_fen"] - paid[key]
                queued.append({"claim": claim["id"], "amount_fen": rest})
    return {"payouts": payouts, "queued": queued, "balance_after_fen": balance}


CATEGORIES = ["other_fee", "penalty", "overdue_fee", "interest", "principal"]


def allocate(given: dict[str, Any]) -> dict[str, Any]:
    """One fen at a time to the first thing that is still open."""
    slots = [(due["instalment"], category) for due in given["dues"] for category in CATEGORIES]
    if given["order"] == "category-first":
        slots.sort(key=lambda slot: CATEGORIES.index(slot[1]))
    owed = {
        (due["instalment"], category): due[f"{category}_fen"]
        for due in given["dues"]
        for category in CATEGORIES
    }
    applied = dict.fromkeys(slots, 0)
    left = given["amount_fen"]
    while left and any(owed.values()):
        slot = next(slot for slot in slots if owed[slot])
        owed[slot] -= 1
        applied[slot] += 1
        left -= 1

    def lines(amounts: dict[Any, int]) -> list[dict[str, Any]]:
        return [
            {"instalment": slot[0], "category": slot[1], "amount_fen": amounts[slot]}
            for slot in slots
            if amounts[slot]
        ]

    return {"applied": lines(applied), "open": lines(owed), "left_fen": left}


def penalty(base: int, days: int, bands: list[tuple[int, int | None, Decimal]]) -> int:
    """Day by day, rounded once."""
    exact = Fraction(0)
    for day in range(1, days + 1):
        for first, last, rate in bands:
            if first <= day and (last is None or day <= last):
                exact += Fraction(base) * Fraction(rate) / 100
    return int(exact + Fraction(1, 2))
