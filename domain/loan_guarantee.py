"""A loan's guarantor (担保人) as the loan knows him: a part of the loan's stream and of its state.

    guaranteed  -> LoanGuaranteed              before the loan is published
    confirmed   -> OverdueConfirmed            a late instalment: from that day the deadline runs
    advancing   -> GuaranteeAdvanceOpened      -> GuaranteeAdvancePaid | GuaranteeAdvanceReleased

What he owes to whom by when is his own stream's business: see guarantee.py. Decisions are in
guarantor_advance.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import ClassVar, NamedTuple, assert_never, get_args

from msgspec import field
from msgspec.structs import replace

from domain.model import Event, State, without
from domain.policy import Covers
from domain.register import Vector


class SecurityKind(StrEnum):
    MORTGAGE = "mortgage"  # 抵押
    PLEDGE = "pledge"  # 质押
    DEPOSIT = "deposit"  # 保证金
    SURETY = "surety"  # 保证


class CounterGuarantee(NamedTuple):
    """反担保: what the borrower gave the guarantor for his recourse. The document stays with the
    platform; here are its number there and its hash."""

    kind: SecurityKind
    reference: str
    document_hash: str


class LoanGuaranteed(Event):
    TOPIC: ClassVar[str] = "loan.guaranteed.v1"
    loan_id: str
    guarantor_id: str
    counter_guarantee: CounterGuarantee | None = None


class OverdueConfirmed(Event):
    """逾期确认: by the day end, or by a named person (`confirmed_by`, the checker)."""

    TOPIC: ClassVar[str] = "loan.overdue-confirmed.v1"
    loan_id: str
    period: int
    confirmed_on: date
    confirmed_by: str | None = None
    covers: Covers = Covers.INSTALMENT


class GuaranteeAdvanceOpened(Event):
    """The guarantor is paying these lines: no other movement may touch the loan's lines."""

    TOPIC: ClassVar[str] = "loan.guarantee-advance-opened.v1"
    loan_id: str
    advance_id: str
    guarantor_id: str
    period: int
    principal: Vector
    interest: Vector


class GuaranteeAdvancePaid(Event):
    """The lines are now the guarantor's recourse claim on the borrower (追偿权)."""

    TOPIC: ClassVar[str] = "loan.guarantee-advance-paid.v1"
    loan_id: str
    advance_id: str


class GuaranteeAdvanceReleased(Event):
    """The bank refused the freeze or the transfer."""

    TOPIC: ClassVar[str] = "loan.guarantee-advance-released.v1"
    loan_id: str
    advance_id: str


LoanGuaranteeEvent = (
    LoanGuaranteed
    | OverdueConfirmed
    | GuaranteeAdvanceOpened
    | GuaranteeAdvancePaid
    | GuaranteeAdvanceReleased
)
EVENTS: tuple[type[LoanGuaranteeEvent], ...] = get_args(LoanGuaranteeEvent)


class Guaranteed(State):
    by: str | None = None  # The guarantor.
    confirmed: frozenset[int] = frozenset()
    advanced: frozenset[int] = frozenset()
    advancing: Mapping[str, GuaranteeAdvanceOpened] = field(default_factory=dict)

    @property
    def moving(self) -> frozenset[int]:
        """The instalments with an advance on its way."""
        return frozenset(opened.period for opened in self.advancing.values())


NONE = Guaranteed()


def evolve(known: Guaranteed, event: LoanGuaranteeEvent) -> Guaranteed:
    match event:
        case LoanGuaranteed():
            return replace(known, by=event.guarantor_id)
        case OverdueConfirmed():
            return replace(known, confirmed=known.confirmed | {event.period})
        case GuaranteeAdvanceOpened():
            return replace(known, advancing={**known.advancing, event.advance_id: event})
        case GuaranteeAdvancePaid():
            return replace(
                known,
                advancing=without(known.advancing, event.advance_id),
                advanced=known.advanced | {known.advancing[event.advance_id].period},
            )
        case GuaranteeAdvanceReleased():
            return replace(known, advancing=without(known.advancing, event.advance_id))
        case _:
            assert_never(event)
