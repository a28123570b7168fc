"""Beside the register's sums: no line moves twice at once, and all principal is accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.loan_events import (
    AdvanceOpened,
    AdvancePaid,
    AdvanceReleased,
    ClaimAssigned,
    ClaimKept,
    ClaimSold,
    LoanDisbursed,
    LoanSettled,
    RepaymentFailed,
    RepaymentRouted,
    RepaymentSettled,
)
from domain.loan_guarantee import (
    GuaranteeAdvanceOpened,
    GuaranteeAdvancePaid,
    GuaranteeAdvanceReleased,
    ReimbursementOpened,
    ReimbursementPaid,
    ReimbursementReleased,
)
from domain.model import Event
from domain.policies import PolicyPublished
from domain.policy import CapBasis
from domain.repayment import outstanding_fen
from services.proof.checks.check import Check, Fact, Look, looks_of
from services.proof.checks.streams import Streams
from services.proof.snapshot import Snapshot


class Lines(Check):
    """A line is one claim's part of one instalment; the reserve's part is one line more, and so is
    that of its guarantors. While a claim is being sold none is paid."""

    NAME = "lines"
    TITLE = "No line of the register has two open movements"

    def __init__(self) -> None:
        super().__init__()
        self._moving: dict[tuple[str, str], frozenset[tuple[int, int]]] = {}
        self._by_loan: dict[str, set[tuple[int, int]]] = {}
        self._sold: dict[str, set[str]] = {}  # Assignments at the bank, by loan.

    def looks(self) -> Mapping[type[Event], Look]:
        return looks_of(
            ((RepaymentRouted,), self._routed),
            ((AdvanceOpened, GuaranteeAdvanceOpened), self._advance_opened),
            ((RepaymentSettled, RepaymentFailed), self._payment_ended),
            ((ReimbursementOpened,), self._reimbursement_opened),
            ((ReimbursementPaid, ReimbursementReleased), self._reimbursement_ended),
            (
                (AdvancePaid, AdvanceReleased, GuaranteeAdvancePaid, GuaranteeAdvanceReleased),
                self._advance_ended,
            ),
            ((ClaimSold,), self._claim_sold),
            ((ClaimAssigned, ClaimKept), self._sale_ended),
        )

    def _routed(self, fact: Fact) -> None:
        event = fact.event
        lines = {
            (part.period, place)
            for part in event.parts
            for vector in (part.principal, part.interest, part.penalty)
            for place, fen in enumerate(vector)
            if fen
        }
        lines |= {(part.period, -1) for part in event.parts if part.reserve_fen}
        lines |= {(each.period, -2) for each in event.recourse}
        self._open(fact, f"R-{event.payment_id}", lines)

    def _advance_opened(self, fact: Fact) -> None:
        event = fact.event
        lines = {
            (event.period, place)
            for vector in (event.principal, event.interest)
            for place, fen in enumerate(vector)
            if fen
        }
        self._open(fact, _entry_of(event), lines)

    def _reimbursement_opened(self, fact: Fact) -> None:
        event = fact.event
        paid_for = {-2} if event.to is not None else {-1, -2}
        lines = {(event.period, place) for place in paid_for}
        self._open(fact, f"GR-{event.reimbursement_id}", lines)

    def _reimbursement_ended(self, fact: Fact) -> None:
        event = fact.event
        self._close(event.loan_id, f"GR-{event.reimbursement_id}")

    def _payment_ended(self, fact: Fact) -> None:
        event = fact.event
        self._close(event.loan_id, f"R-{event.payment_id}")

    def _advance_ended(self, fact: Fact) -> None:
        event = fact.event
        self._close(event.loan_id, _entry_of(event))

    def _claim_sold(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["assignments"] += 1
        if self._by_loan.get(event.loan_id):
            self.violated(f"{event.assignment_id}: the loan's lines are moving", fact.position)
        self._sold.setdefault(event.loan_id, set()).add(event.assignment_id)

    def _sale_ended(self, fact: Fact) -> None:
        event = fact.event
        sold = self._sold.get(event.loan_id, set())
        sold.discard(event.assignment_id)
        if not sold:
            self._sold.pop(event.loan_id, None)

    def _open(self, fact: Fact, entry_id: str, lines: set[tuple[int, int]]) -> None:
        event = fact.event
        self.looked_at["lines"] += len(lines)
        if event.loan_id in self._sold:
            self.violated(f"{entry_id}: a claim is being sold", fact.position)
        moving = self._by_loan.setdefault(event.loan_id, set())
        for period, _ in sorted(lines & moving):
            self.violated(f"{entry_id}: instalment {period} is moving already", fact.position)
        moving |= lines
        self._moving[event.loan_id, entry_id] = frozenset(lines)

    def _close(self, loan_id: str, entry_id: str) -> None:
        moving = self._by_loan.get(loan_id, set())
        moving -= self._moving.pop((loan_id, entry_id), frozenset())
        if not moving:
            self._by_loan.pop(loan_id, None)


def _entry_of(event: Any) -> str:
    """Of an advance, the reserve's or a guarantor's."""
    if isinstance(event, AdvanceOpened | AdvancePaid | AdvanceReleased):
        return f"P-{event.payout_id}"
    return f"GA-{event.advance_id}"


class Principal(Check):
    NAME = "principal"
    TITLE = "The outstanding principal of all loans is what the shard's row says"

    def __init__(self, streams: Streams) -> None:
        super().__init__()
        self._streams = streams
        self._outstanding_fen = 0
        self._lent: dict[str, int] = {}  # Of loans that are not paid off.
        self._by_lent = False  # Whether a policy has the reserve's cap reckoned of it.

    def looks(self) -> Mapping[type[Event], Look]:
        return {
            PolicyPublished: self._published,
            LoanDisbursed: self._disbursed,
            LoanSettled: self._ended,
            RepaymentSettled: self._settled,
        }

    def _published(self, fact: Fact) -> None:
        self._by_lent |= fact.event.terms.cap_basis is CapBasis.LENT_PRINCIPAL

    def _disbursed(self, fact: Fact) -> None:
        event = fact.event
        self._lent[event.loan_id] = sum(claim.principal_fen for claim in event.claims)
        self._outstanding_fen += self._lent[event.loan_id]

    def _ended(self, fact: Fact) -> None:
        self._lent.pop(fact.event.loan_id, None)

    def _settled(self, fact: Fact) -> None:
        event = fact.event
        self._outstanding_fen -= event.principal_fen

    def finish(self, snapshot: Snapshot) -> None:
        kept_fen, lent_fen = snapshot.one(
            "SELECT outstanding_principal_fen, lent_principal_fen FROM {shard}.shard"
        )
        open_fen = sum(map(outstanding_fen, self._streams.loans()))
        self.looked_at["outstanding_principal_fen"] = self._outstanding_fen
        if kept_fen != self._outstanding_fen:
            self.violated(f"the row says {kept_fen} fen, the events {self._outstanding_fen}")
        all_lent_fen = sum(self._lent.values())
        if self._by_lent and lent_fen != all_lent_fen:
            self.violated(f"the row says that {lent_fen} fen are lent, the events {all_lent_fen}")
        if open_fen != self._outstanding_fen:
            self.violated(f"the loans add up to {open_fen} fen, not {self._outstanding_fen}")
