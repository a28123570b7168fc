"""A town whose reserve (风险准备金) is put to use: bob owes; lucy, max and ann lend."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from domain import loan_events as e
from domain.accounts import Role
from domain.payout_plan import BucketPeriod
from domain.schedule import Method
from tests.house import House

RESERVE = "platform:reserve"
DAILY = {"bucket": BucketPeriod.DAY}
ELIGIBLE = date(2018, 3, 31)  # More than 30 days after 28 February.
NEXT_MONTH = date(2018, 4, 1)

Build = Callable[..., House]
"""`reserve_town(**policy)`: the platform is open, and the lenders have 10,000.00 yuan each."""


def settled(house: House, **policy: Any) -> House:
    free = {"contribution_by_grade": {}, "fee_by_grade": {}, "penalty_bands": "1-:0"}
    house.open(policy=free | policy)
    house.member("bob", Role.BORROWER)
    for name in ("lucy", "max", "ann"):
        house.member(name, Role.INVESTOR, 10_000_00)
    return house


def bullet(house: House, loan_id: str, tenders: dict[str, int]) -> None:
    """One month, no interest: the claim is the principal."""
    house.lend(loan_id, "bob", tenders, periods=1, method=Method.BULLET, annual_rate="0")


def one_late_loan(reserve_town: Build, fen: int, **policy: Any) -> House:
    """Lucy and max lent 60 : 40; the reserve has `fen`; the claim is 100.00."""
    house = reserve_town(**DAILY, **policy)
    bullet(house, "A", {"lucy": 60_00, "max": 40_00})
    if fen:
        house.seed(fen)
    house.roll_to(ELIGIBLE)
    return house


def received(house: House) -> dict[str, int]:
    return {
        name: house.available(f"{name}:investor") + lent - 10_000_00
        for name, lent in _lent(house).items()
    }


def _lent(house: House) -> dict[str, int]:
    lent = dict.fromkeys(("lucy", "max", "ann"), 0)
    for event in house.of(e.LoanDisbursed):
        for claim in event.claims:
            lent[claim.investor_id] += claim.principal_fen
    return lent
