"""The JSON that payout-plan, allocate and deadline take, and its way into the domain."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from adapters.working_days import Overlay
from domain.allocation import AllocationOrder, Due
from domain.model import Refused
from domain.payout_plan import BucketPeriod, PayoutClaim, PayoutOrder
from services.cli.reading import Day, Input, JsonObject, Name, WholeIn


def _no_investor_twice(value: object) -> object:
    # A repeated id is a refusal, like a repeated claim: not a malformed file.
    if isinstance(value, JsonObject) and value.repeated is not None:
        raise Refused(
            "duplicate_investor",
            f"investor {value.repeated} stands twice in one claim",
            "claims.investors",
        )
    return value


class ClaimIn(Input):
    id: Name
    arose_on: Day
    overdue_on: Day
    eligible_on: Day | None = None
    amount_fen: WholeIn
    investors: Annotated[dict[Name, WholeIn], BeforeValidator(_no_investor_twice)]

    def placed_by(self, order: PayoutOrder) -> PayoutClaim:
        on = {
            PayoutOrder.AROSE: self.arose_on,
            PayoutOrder.OVERDUE: self.overdue_on,
            PayoutOrder.ELIGIBLE: self.eligible_on or self.overdue_on,
        }[order]
        return PayoutClaim(self.id, on, self.amount_fen, self.investors)


class PayoutPlanIn(Input):
    balance_fen: WholeIn
    order: Annotated[PayoutOrder, Field(strict=False)]
    period: Annotated[BucketPeriod, Field(strict=False)]
    claims: list[ClaimIn]


class DueIn(Input):
    instalment: WholeIn | Name
    other_fee_fen: WholeIn
    penalty_fen: WholeIn
    overdue_fee_fen: WholeIn
    interest_fen: WholeIn
    principal_fen: WholeIn

    def at(self, place: int) -> Due:
        """Named by its place, because the caller may name instalments as he likes."""
        return Due(
            place,
            other_fee_fen=self.other_fee_fen,
            penalty_fen=self.penalty_fen,
            overdue_fee_fen=self.overdue_fee_fen,
            interest_fen=self.interest_fen,
            principal_fen=self.principal_fen,
        )


class AllocateIn(Input):
    amount_fen: WholeIn
    order: Annotated[AllocationOrder, Field(strict=False)]
    dues: list[DueIn]

    @field_validator("dues")
    @classmethod
    def _no_instalment_twice(cls, dues: list[DueIn]) -> list[DueIn]:
        if len({due.instalment for due in dues}) < len(dues):
            raise ValueError("must not name an instalment twice")
        return dues


class CalendarIn(Input):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]
    years: list[Annotated[int, Field(ge=1990, le=2200)]]
    holidays: list[Day]
    made_up: list[Day]

    @model_validator(mode="after")
    def _each_day_once(self) -> Self:
        if both := set(self.holidays) & set(self.made_up):
            raise ValueError(f"{min(both)} is a holiday and made up for")
        return self

    def overlay(self) -> Overlay:
        return Overlay(
            self.name, frozenset(self.years), frozenset(self.holidays), frozenset(self.made_up)
        )
