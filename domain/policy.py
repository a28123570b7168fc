"""The protection policy (保障政策): what one version promises and charges.

Every parameter is read where it decides: of the reserve in domain.reserve, of one loan in
domain.assessment, repayment, protection, register and payment_split. What the law of the day allows
is domain.lawful's; which version holds on a day, domain.policies'.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from domain.ageing import AGEING_TABLES, DEFAULT_TABLE
from domain.allocation import AllocationOrder
from domain.collection_steps import ActionFrom
from domain.complaint import complaint
from domain.model import Message, Text
from domain.money import Rounding
from domain.payout_plan import BucketPeriod, PayoutOrder
from domain.penalty import parse_bands
from domain.policy_limits import NO_LIMITS, PolicyLimits
from domain.sharing import ShareMethod

Percent = Annotated[str, Field(pattern=r"^[0-9]{1,2}(\.[0-9]{1,6})?$")]
"""Per cent as decimal text, e.g. "1.5"."""


def _bands(text: str) -> str:
    parse_bands(text)
    return text


ProductName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,16}$")]
"""产品: what kind of loan it is, as the platform calls it."""

Bands = Annotated[str, Field(max_length=200), AfterValidator(_bands)]


def _ageing_table(name: str) -> str:
    if name not in AGEING_TABLES:
        raise ValueError(f"must be one of {', '.join(AGEING_TABLES)}")
    return name


AgeingName = Annotated[str, AfterValidator(_ageing_table)]


class Scope(StrEnum):
    NONE = "none"
    PRINCIPAL = "principal"
    PRINCIPAL_AND_INTEREST = "principal+interest"


class Subrogation(StrEnum):
    """Rule 5 (收益转移): when a claim passes to the reserve."""

    REST_FIRST = "rest-first"  # The investor's rest first, then the reserve.
    PROPORTIONAL = "proportional"  # By open : paid, after any payout.


class Provider(StrEnum):
    """Who pays in the borrower's place."""

    GUARANTOR = "guarantor"  # 担保人
    RESERVE = "reserve"  # 风险准备金
    THIRD_PARTY = "third-party"  # 第三方保障
    PLATFORM = "platform"  # Or an affiliate of it, which counts as the platform.


class Covers(StrEnum):
    """What a payout covers, as far as the scope goes. What remains of a loan falls due with it."""

    INSTALMENT = "instalment"  # What is open of the overdue instalments.
    PRINCIPAL = "remaining-principal"
    PRINCIPAL_AND_OVERDUE_INTEREST = "remaining-principal+overdue-interest"
    REMAINING = "remaining"  # With the interest of the month begun.


class SharingBasis(StrEnum):
    OPEN_CLAIM = "open-claim"
    ORIGINAL_SHARE = "original-share"


class PenaltyBase(StrEnum):
    PRINCIPAL_AND_INTEREST = "overdue-principal+interest"
    PRINCIPAL = "overdue-principal"


class EarlyRest(StrEnum):
    """提前部分还款: whether a part may be paid early, and how the rest is then paid."""

    NONE = "none"  # It may not: what is not due goes back to the borrower.
    SHORTER_TERM = "shorter-term"  # 缩短期限: instalments as high as before at most, fewer.
    LOWER_INSTALMENT = "lower-instalment"  # 减少月供: as many, lower.


class CapBasis(StrEnum):
    """What cap and floor of the reserve are per cent of (rule 6)."""

    OPEN_PRINCIPAL = "open-principal"  # 未清偿本金: what is still owed of all loans.
    LENT_PRINCIPAL = "lent-principal"  # 存续债权本金: as it was lent, of loans not paid off yet.


class Roll(StrEnum):
    """Where a due date goes that is no working day."""

    NONE = "none"
    FOLLOWING = "following"  # 顺延: to the next one.


class Stage(Message):
    """What must be paid once an instalment is so late."""

    days: Annotated[int, Field(ge=0, le=3650)]
    inclusive: bool = True  # False: more than `days` late; True: at least.
    covers: Covers = Covers.INSTALMENT

    @property
    def from_days(self) -> int:
        return max(1, self.days + (not self.inclusive))


class Acceleration(Message):
    """When the whole rest falls due (提前到期): any one of them is enough."""

    over_days: Annotated[int, Field(ge=0, le=3650)] | None = None  # An instalment, later than that.
    in_a_row: Annotated[int, Field(ge=1, le=600)] | None = None  # Instalments that became overdue.
    in_all: Annotated[int, Field(ge=1, le=600)] | None = None

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if self.over_days is None and self.in_a_row is None and self.in_all is None:
            raise ValueError("acceleration: must say when: over_days, in_a_row or in_all")
        return self


class ProductTerms(Message):
    """What the loans of a product have of their own; what is None they have as the version says."""

    scope: Scope | None = None
    trigger_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    trigger_inclusive: bool | None = None
    covers: Covers | None = None
    stages: Annotated[tuple[Stage, ...], Field(max_length=8)] | None = None
    contribution_by_grade: dict[str, Percent] | None = None
    fee_by_grade: dict[str, Percent] | None = None

    @model_serializer(mode="wrap")
    def _as_it_was_written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        said: dict[str, Any] = write(self)
        return {name: value for name, value in said.items() if value is not None}

    def in_place(self) -> dict[str, Any]:
        """Of the version's. A trigger of its own takes the place of all stages, too."""
        said = {name: value for name, value in self if value is not None}
        if said.keys() & {"trigger_days", "trigger_inclusive", "covers"}:
            said.setdefault("stages", ())
        return said


class PolicyTerms(Message):
    """What one version promises and charges. Rates are per cent."""

    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]
    valid_from: date  # For loans concluded on or after this day, Asia/Shanghai.
    scope: Scope = Scope.PRINCIPAL_AND_INTEREST
    trigger_days: Annotated[int, Field(ge=0, le=3650)] = 30
    trigger_inclusive: bool = False  # False: more than trigger_days late; True: at least.
    order: PayoutOrder = PayoutOrder.AROSE
    bucket: BucketPeriod = BucketPeriod.MONTH
    subrogation: Subrogation = Subrogation.REST_FIRST
    contribution_by_grade: dict[str, Percent] = Field(default_factory=dict)
    # Of principal, out of the service fee, which stands whole in:
    fee_by_grade: dict[str, Percent] = Field(default_factory=dict)
    accrual_frozen: bool = False  # No new contributions.
    cap: Percent = "10"  # Of the principal of all outstanding claims, see cap_basis.
    penalty_bands: Bands = "1-:0.05"  # 罚息, per cent a day by day late, on overdue P + I.
    overdue_fee_bands: Bands = "1-:0"  # 逾期管理费, the same way.
    allocation: AllocationOrder = AllocationOrder.CATEGORY_FIRST
    sharing: ShareMethod = ShareMethod.LARGEST_REMAINDER
    rounding: Literal[Rounding.HALF_UP, Rounding.UP] = Rounding.HALF_UP  # Of the payment.
    overdue_claims_assignable: bool = False
    assignment_fee: Percent = "0"  # 转让管理费: of the price, from the seller.
    providers: Annotated[tuple[Provider, ...], Field(min_length=1, max_length=4, strict=False)] = (
        Provider.RESERVE,
    )  # Who must pay, in this order (连带责任).
    advance_working_days: Annotated[int, Field(ge=0, le=366)] = 5  # The guarantor's (代偿期限).
    valid_until: date | None = None  # The last day; None: until the next version.
    covers: Covers = Covers.INSTALMENT
    stages: Annotated[tuple[Stage, ...], Field(max_length=8)] = ()  # In place of the one trigger.
    floor: Percent | None = None  # As `cap`; the platform tops up below it, checked monthly.
    run_down: bool = False  # The reserve pays until it is empty, and nothing else goes out.
    fund: Text = "风险准备金"  # What the reserve is called.
    grace_days: Annotated[int, Field(ge=0, le=365)] = 0  # Paid within them, it was not late.
    roll: Roll = Roll.NONE
    sharing_basis: SharingBasis = SharingBasis.OPEN_CLAIM
    penalty_base: PenaltyBase = PenaltyBase.PRINCIPAL_AND_INTEREST
    # Normal interest runs on, on overdue principal, by the day of a year of so many:
    interest_runs_on: Literal[360, 365] | None = None
    acceleration: Acceleration | None = None
    early_compensation: Percent = "0"  # Of the balance; at most the unbilled interest.
    ageing: AgeingName = DEFAULT_TABLE  # 账龄: the stages in which its overdue loans are shown.
    # From which overdue day on an action may begin; what is not named, at once:
    collections: Annotated[tuple[ActionFrom, ...], Field(max_length=6, strict=False)] = ()
    limits: PolicyLimits = NO_LIMITS  # 限额, stricter than the law's.
    early_part: EarlyRest = EarlyRest.NONE
    cap_basis: CapBasis = CapBasis.OPEN_PRINCIPAL
    products: Annotated[dict[ProductName, ProductTerms], Field(max_length=32)] = Field(default={})

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise ValueError("valid_until: must not be before valid_from")
        if len(set(self.providers)) < len(self.providers):
            raise ValueError("providers: each may stand once")
        steps = [stage.from_days for stage in self.stages]
        if any(later <= earlier for earlier, later in pairwise(steps)):
            raise ValueError("stages: each must be later than the one before")
        if any(stage.covers is not Covers.INSTALMENT for stage in self.stages[:-1]):
            raise ValueError("stages: after one that covers what remains comes none")
        if len({each.action for each in self.collections}) < len(self.collections):
            raise ValueError("collections: each action may stand once")
        if self.run_down and not self.accrual_frozen:
            raise ValueError("run_down: needs accrual_frozen")
        if self.floor is not None and Decimal(self.floor) > Decimal(self.cap):
            raise ValueError("floor: must not be above cap")
        for product in self.products:
            self._agrees_for(product)
        return self

    def _agrees_for(self, product: str) -> None:
        try:
            type(self).model_validate(dict(self.of(product)))
        except ValidationError as error:
            field, rule = complaint(error)
            raise ValueError(f"products.{product}{field and f'.{field}'}: {rule}") from None

    @model_serializer(mode="wrap")
    def _as_it_was_written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What came later stands only where it differs, so that a version which does not use it is
        written, hashed and signed as before."""
        said: dict[str, Any] = write(self)
        for name in _ADDED:
            if getattr(self, name) == type(self).model_fields[name].default:
                said.pop(name, None)
        return said

    def of(self, product: str | None) -> PolicyTerms:
        """As it holds for the loans of a product, under a name of its own: `2018-1.car`."""
        own = self.products.get(product) if product is not None else None
        if own is None:
            return self.model_copy(update={"products": {}}) if self.products else self
        named = {"version": f"{self.version}.{product}", "products": {}}
        return self.model_copy(update=own.in_place() | named)

    @property
    def variants(self) -> tuple[PolicyTerms, ...]:
        """As it holds for loans without a product, and for those of each."""
        return (self.of(None), *map(self.of, self.products))

    @property
    def triggers(self) -> tuple[Stage, ...]:
        """Rule 1 (违约偿付): when something must be paid, and what."""
        return self.stages or _trigger(self.trigger_days, self.trigger_inclusive, self.covers)


@lru_cache(maxsize=256)
def _trigger(days: int, inclusive: bool, covers: Covers) -> tuple[Stage]:
    return (Stage(days=days, inclusive=inclusive, covers=covers),)


_ADDED = (
    "overdue_claims_assignable",
    "assignment_fee",
    "providers",
    "advance_working_days",
    "valid_until",
    "covers",
    "stages",
    "floor",
    "run_down",
    "fund",
    "grace_days",
    "roll",
    "sharing_basis",
    "penalty_base",
    "interest_runs_on",
    "acceleration",
    "early_compensation",
    "ageing",
    "collections",
    "limits",
    "early_part",
    "cap_basis",
    "products",
)
