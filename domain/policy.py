"""The protection policy (保障政策): dated versions; a loan keeps the one it was concluded under.

    PublishPolicy -> PolicyPublished | Refused

Invariant: versions start on different days, later ones later, and none is ever changed.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from msgspec.structs import replace
from pydantic import AfterValidator, Field, SerializerFunctionWrapHandler, model_serializer

from domain.allocation import AllocationOrder
from domain.model import Event, Message, Refused, State
from domain.money import Rounding, divide
from domain.payout_plan import BucketPeriod, PayoutOrder
from domain.penalty import parse_bands
from domain.refusals import Code
from domain.sharing import ShareMethod

Percent = Annotated[str, Field(pattern=r"^[0-9]{1,2}(\.[0-9]{1,6})?$")]
"""Per cent as decimal text, e.g. "1.5"."""


def _bands(text: str) -> str:
    parse_bands(text)
    return text


Bands = Annotated[str, Field(max_length=200), AfterValidator(_bands)]


class Scope(StrEnum):
    NONE = "none"
    PRINCIPAL = "principal"
    PRINCIPAL_AND_INTEREST = "principal+interest"


class Subrogation(StrEnum):
    """Rule 5 (收益转移): when a claim passes to the reserve."""

    REST_FIRST = "rest-first"  # The investor's rest first, then the reserve.
    PROPORTIONAL = "proportional"  # By open : paid, after any payout.


class Provider(StrEnum):
    GUARANTOR = "guarantor"
    RESERVE = "reserve"
    THIRD_PARTY = "third-party"
    PLATFORM = "platform"


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
    cap: Percent = "10"  # Of the principal of all outstanding claims.
    penalty_bands: Bands = "1-:0.05"  # 罚息, per cent a day by day late, on overdue P + I.
    overdue_fee_bands: Bands = "1-:0"  # 逾期管理费, the same way.
    allocation: AllocationOrder = AllocationOrder.CATEGORY_FIRST
    sharing: ShareMethod = ShareMethod.LARGEST_REMAINDER
    rounding: Literal[Rounding.HALF_UP, Rounding.UP] = Rounding.HALF_UP  # Of the payment.
    providers: Annotated[tuple[Provider, ...], Field(min_length=1, max_length=4, strict=False)] = (
        Provider.RESERVE,
    )  # Who must pay, in this order (连带责任).
    advance_working_days: Annotated[int, Field(ge=0, le=366)] = 5  # The guarantor's (代偿期限).

    @model_serializer(mode="wrap")
    def _as_it_was_written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what came later and has its default: the bytes of older terms stay the same."""
        said: dict[str, Any] = write(self)
        for name in _ADDED:
            if getattr(self, name) == type(self).model_fields[name].default:
                said.pop(name, None)
        return said


_ADDED = ("providers", "advance_working_days")


def percent_of(amount_fen: int, percent: str) -> int:
    """HALF_UP, once."""
    rate = Decimal(percent)
    scale = 10 ** max(0, -int(rate.as_tuple().exponent))
    return divide(amount_fen * int(rate * scale), 100 * scale, Rounding.HALF_UP)


def service_fee_fen(terms: PolicyTerms, grade: str, principal_fen: int) -> int:
    return percent_of(principal_fen, terms.fee_by_grade.get(grade, "0"))


def contribution_fen(terms: PolicyTerms, grade: str, principal_fen: int) -> int:
    """The reserve's part of the service fee, never more than the fee."""
    if terms.accrual_frozen:
        return 0
    wanted_fen = percent_of(principal_fen, terms.contribution_by_grade.get(grade, "0"))
    return min(wanted_fen, service_fee_fen(terms, grade, principal_fen))


# -- events -----------------------------------------------------------------------------


class PolicyPublished(Event):
    TOPIC: ClassVar[str] = "policy.published.v1"
    terms: PolicyTerms


EVENTS = (PolicyPublished,)

# -- state ------------------------------------------------------------------------------


class Policies(State):
    versions: tuple[PolicyTerms, ...] = ()

    def in_force(self, on: date) -> PolicyTerms | None:
        started = [terms for terms in self.versions if terms.valid_from <= on]
        return started[-1] if started else None

    def named(self, version: str) -> PolicyTerms:
        return next(terms for terms in self.versions if terms.version == version)


def decide(policies: Policies, terms: PolicyTerms, today: date) -> tuple[PolicyPublished, ...]:
    if any(terms.version == known.version for known in policies.versions):
        raise Refused(Code.POLICY_VERSION_TAKEN, field="terms.version")
    if policies.versions and terms.valid_from < today:
        raise Refused(Code.POLICY_IN_PAST, field="terms.valid_from")
    if policies.versions and terms.valid_from <= policies.versions[-1].valid_from:
        raise Refused(Code.POLICY_OVERLAPS, field="terms.valid_from")
    return (PolicyPublished(terms=terms),)


def evolve(policies: Policies, event: PolicyPublished) -> Policies:
    return replace(policies, versions=(*policies.versions, event.terms))


INITIAL = Policies()
