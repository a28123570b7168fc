"""A loan's guarantors (担保人) as the loan knows them: a part of its stream and of its state.

    guaranteed  -> LoanGuaranteed              before the loan is published, once for each of them
    confirmed   -> OverdueConfirmed            a late instalment: from that day the deadline runs
    advancing   -> GuaranteeAdvanceOpened      -> GuaranteeAdvancePaid | GuaranteeAdvanceReleased
    reimbursing -> ReimbursementOpened         -> ReimbursementPaid | ReimbursementReleased

What one owes to whom by when is his own stream's business: see guarantee.py. Decisions are in
guarantor_advance.py and reimbursement.py.

Each stands for the whole (连带共同保证), or for a share that was agreed (按份共同保证): Civil Code
Art. 699.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import ClassVar, NamedTuple, assert_never, get_args

from msgspec import field
from msgspec.structs import replace

from domain.model import Event, State, without
from domain.policy import Covers, Provider
from domain.register import Vector
from domain.sharing import ShareMethod, share

WHOLE_BP = 10_000


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


class Contribution(StrEnum):
    """Why co-guarantors who are jointly liable bear among them what the borrower does not pay back
    (分担): the interpretation of the Civil Code on guarantees, Art. 13 (法释〔2020〕28号), and what
    was law before."""

    AGREED = "agreed"  # 约定相互追偿, 约定连带共同担保
    SAME_DOCUMENT = "same-document"  # 同一份合同书上签字
    GUARANTEE_LAW = "guarantee-law"  # 担保法第十二条: of itself, until it was repealed.


GUARANTEE_LAW_REPEALED_ON = date(2021, 1, 1)


class LoanGuaranteed(Event, omit_defaults=True):
    """`share_bp`: the share that he stands for, of 10,000 (按份); None: the whole (连带).
    `contribution`: None where nothing of the kind holds, and each bears what he advanced.
    `stands_as`: in whose place of the policy's providers he must pay, his own as a guarantor, or as
    the third party or the platform that it names."""

    TOPIC: ClassVar[str] = "loan.guaranteed.v1"
    loan_id: str
    guarantor_id: str
    counter_guarantee: CounterGuarantee | None = None
    share_bp: int | None = None
    contribution: Contribution | None = None
    stands_as: Provider = Provider.GUARANTOR


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


class ReimbursementOpened(Event):
    """One guarantor pays who paid in his place: `to` another one, or (None) the reserve. The lines
    that are paid for must not move meanwhile."""

    TOPIC: ClassVar[str] = "loan.reimbursement-opened.v1"
    loan_id: str
    reimbursement_id: str
    guarantor_id: str
    to: str | None
    period: int
    principal_fen: int
    interest_fen: int


class ReimbursementPaid(Event):
    """With it the recourse on the borrower is his who paid."""

    TOPIC: ClassVar[str] = "loan.reimbursement-paid.v1"
    loan_id: str
    reimbursement_id: str


class ReimbursementReleased(Event):
    """The bank refused the transfer."""

    TOPIC: ClassVar[str] = "loan.reimbursement-released.v1"
    loan_id: str
    reimbursement_id: str


LoanGuaranteeEvent = (
    LoanGuaranteed
    | OverdueConfirmed
    | GuaranteeAdvanceOpened
    | GuaranteeAdvancePaid
    | GuaranteeAdvanceReleased
    | ReimbursementOpened
    | ReimbursementPaid
    | ReimbursementReleased
)
EVENTS: tuple[type[LoanGuaranteeEvent], ...] = get_args(LoanGuaranteeEvent)


class Guaranteed(State):
    guarantors: Mapping[str, LoanGuaranteed] = field(default_factory=dict)  # As they were named.
    confirmed: frozenset[int] = frozenset()
    advanced: frozenset[tuple[int, str]] = frozenset()  # Instalment and guarantor.
    advancing: Mapping[str, GuaranteeAdvanceOpened] = field(default_factory=dict)
    reimbursing: Mapping[str, ReimbursementOpened] = field(default_factory=dict)

    @property
    def moving(self) -> frozenset[int]:
        """The instalments with an advance on its way."""
        return frozenset(opened.period for opened in self.advancing.values())

    def standing_as(self, provider: Provider) -> dict[str, LoanGuaranteed]:
        return {name: g for name, g in self.guarantors.items() if g.stands_as is provider}

    def shares_bp(self, provider: Provider) -> int:
        """What those who stand for a share stand for together."""
        return sum(each.share_bp or 0 for each in self.standing_as(provider).values())

    def whole(self, provider: Provider) -> bool:
        """Is nothing of the loan without one of them?"""
        joint = any(each.share_bp is None for each in self.standing_as(provider).values())
        return joint or self.shares_bp(provider) == WHOLE_BP

    def part_fen(self, guarantor_id: str, period: int, open_fen: int) -> int:
        """His part of what is open of an instalment. What those have advanced who stand for a share
        is not open any more: the others divide the rest by theirs."""
        his = self.guarantors[guarantor_id]
        if his.share_bp is None:
            return open_fen
        waiting = {
            name: each.share_bp
            for name, each in self.standing_as(his.stands_as).items()
            if each.share_bp is not None and (period, name) not in self.advanced
        }
        if guarantor_id not in waiting:
            return 0
        weights = (*waiting.values(), WHOLE_BP - self.shares_bp(his.stands_as))
        parts = share(open_fen, weights, ShareMethod.LARGEST_REMAINDER)
        return parts[list(waiting).index(guarantor_id)]


NONE = Guaranteed()


def evolve(known: Guaranteed, event: LoanGuaranteeEvent) -> Guaranteed:
    match event:
        case LoanGuaranteed():
            return replace(known, guarantors={**known.guarantors, event.guarantor_id: event})
        case OverdueConfirmed():
            return replace(known, confirmed=known.confirmed | {event.period})
        case GuaranteeAdvanceOpened():
            return replace(known, advancing={**known.advancing, event.advance_id: event})
        case GuaranteeAdvancePaid():
            paid = known.advancing[event.advance_id]
            return replace(
                known,
                advancing=without(known.advancing, event.advance_id),
                advanced=known.advanced | {(paid.period, paid.guarantor_id)},
            )
        case GuaranteeAdvanceReleased():
            return replace(known, advancing=without(known.advancing, event.advance_id))
        case ReimbursementOpened():
            return replace(known, reimbursing={**known.reimbursing, event.reimbursement_id: event})
        case ReimbursementPaid() | ReimbursementReleased():
            return replace(known, reimbursing=without(known.reimbursing, event.reimbursement_id))
        case _:
            assert_never(event)
