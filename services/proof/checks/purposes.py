"""Rule 5: what money moves for, and that lending goes from investor to borrower directly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.accounts import Role, account_of
from domain.cashbook import (
    BankMovementRecorded,
    EntryRejected,
    EntryRequested,
    EntrySettled,
    Movement,
)
from domain.loan import Loan
from domain.loan_events import LoanDisbursed
from domain.model import Event
from domain.purposes import MATRIX, Purpose, Shape
from services.proof.checks.book import Book
from services.proof.checks.check import Check, Fact, Look
from services.proof.checks.streams import Streams

_ALLOWED = frozenset(
    (purpose, payer.value, payee.value)
    for purpose, rule in MATRIX.items()
    for payer in rule.payers
    for payee in rule.payees
    if payer is payee or rule.shape not in (Shape.FREEZE, Shape.RELEASE)
)
_ADVANCE = frozenset({Purpose.GUARANTEE_ADVANCE, Purpose.ADVANCE_PASSED_ON})


class Purposes(Check):
    NAME = "purposes"
    RULE = 5
    TITLE = "Every movement's purpose, payer and payee stand in the allow-matrix"

    def looks(self) -> Mapping[type[Event], Look]:
        return {EntryRequested: self._requested, BankMovementRecorded: self._recorded}

    def _requested(self, fact: Fact) -> None:
        event = fact.event
        for movement in event.movements:
            self._check(fact, movement, by_bank=False)
        if not event.movements or event.movements[0].purpose is not event.purpose:
            self.violated(f"{event.entry_id} leads with another purpose", fact.position)
        advance = [m for m in event.movements if m.purpose in _ADVANCE]
        if advance and (len(advance) < len(event.movements) or any(_kept(advance).values())):
            self.violated(f"{event.entry_id} does not pass its advance on", fact.position)

    def _recorded(self, fact: Fact) -> None:
        event = fact.event
        self._check(fact, event.movement, by_bank=True)

    def _check(self, fact: Fact, movement: Movement, *, by_bank: bool) -> None:
        self.looked_at["movements"] += 1
        purpose = movement.purpose
        payer, payee = movement.payer.rpartition(":")[2], movement.payee.rpartition(":")[2]
        if (purpose, payer, payee) not in _ALLOWED:
            self.violated(f"{movement.id}: {purpose} {payer} -> {payee}", fact.position)
        if MATRIX[purpose].by_bank is not by_bank:
            self.violated(f"{movement.id}: who may start a {purpose}", fact.position)
        if not 0 <= movement.interest_fen <= movement.amount_fen:
            self.violated(f"{movement.id}: interest exceeds the amount", fact.position)


def _kept(advance: Iterable[Movement]) -> Mapping[str, int]:
    """By borrower: what he got of an indirect advance (间接代偿) less what he gave."""
    kept: Counter[str] = Counter()
    for movement in advance:
        if movement.purpose is Purpose.GUARANTEE_ADVANCE:
            kept[movement.payee] += movement.amount_fen
        else:
            kept[movement.payer] -= movement.amount_fen
    return kept


class Freezes(Check):
    """Each freeze of money is spent or released once, by its own payer and for its purpose."""

    NAME = "freezes"
    RULE = 4
    TITLE = "No freeze is spent twice, nor before the bank made it"

    def __init__(self, book: Book) -> None:
        super().__init__()
        self._book = book
        self._left: dict[str, _Frozen] = {}

    def looks(self) -> Mapping[type[Event], Look]:
        return {
            EntryRequested: self._requested,
            EntrySettled: self._settled,
            EntryRejected: self._rejected,
        }

    def _requested(self, fact: Fact) -> None:
        event = fact.event
        for movement in event.movements:
            needs = MATRIX[movement.purpose].needs
            if movement.freeze is None:
                if needs is not None:
                    self.violated(f"{movement.id} names no {needs}", fact.position)
                continue
            self.looked_at["spent"] += 1
            frozen = self._left.get(movement.freeze)
            if (
                frozen is None
                or frozen.payer != movement.payer
                or needs not in {None, frozen.purpose}
                or frozen.left_fen < movement.amount_fen
            ):
                self.violated(f"{movement.id} has no {movement.freeze} to spend", fact.position)
            else:
                self._change(frozen, movement.freeze, -movement.amount_fen)

    def _settled(self, fact: Fact) -> None:
        for movement in self._movements(fact):
            if MATRIX[movement.purpose].shape is Shape.FREEZE:
                self.looked_at["freezes"] += 1
                frozen = _Frozen(movement.payer, movement.purpose, movement.amount_fen)
                self._left[movement.id] = frozen

    def _rejected(self, fact: Fact) -> None:
        for movement in self._movements(fact):
            if movement.freeze is not None:
                purpose = MATRIX[movement.purpose].needs or Purpose.REPAYMENT_HOLD
                none = _Frozen(movement.payer, purpose, 0)
                frozen = self._left.get(movement.freeze, none)
                self._change(frozen, movement.freeze, movement.amount_fen)

    def _change(self, frozen: _Frozen, movement_id: str, fen: int) -> None:
        frozen.left_fen += fen
        if frozen.left_fen:
            self._left[movement_id] = frozen
        else:  # If the spending is rejected, the movement itself tells what it was.
            self._left.pop(movement_id, None)

    def _movements(self, fact: Fact) -> Iterable[Movement]:
        event = fact.event
        requested = self._book.get(event.entry_id)
        return requested.movements if requested else ()


@dataclass(slots=True)
class _Frozen:
    payer: str
    purpose: Purpose
    left_fen: int


class Lending(Check):
    NAME = "lending"
    RULE = 5
    TITLE = "A loan is paid out by its own investors, directly, whole, and after its contract"

    def __init__(self, streams: Streams) -> None:
        super().__init__()
        self._streams = streams
        self._lent: dict[str, list[tuple[str, int]]] = {}  # By loan: who is paying out how much.

    def looks(self) -> Mapping[type[Event], Look]:
        return {EntryRequested: self._requested, LoanDisbursed: self._disbursed}

    def _requested(self, fact: Fact) -> None:
        event = fact.event
        if event.purpose is not Purpose.DISBURSEMENT:
            return
        loan = self._streams.loan(event.subject) or Loan()
        terms = loan.terms
        if terms is None or loan.concluded is None:
            self.violated(f"{event.subject}: no contract is on record", fact.position)
            return
        borrower = account_of(terms.borrower_id, Role.BORROWER)
        tenders = {
            f"T-{tender_id}.1": (account_of(tender.investor_id, Role.INVESTOR), tender.amount_fen)
            for tender_id, tender in loan.tenders.items()
            if tender.secured
        }
        lines = [m for m in event.movements if m.purpose is Purpose.DISBURSEMENT]
        paid = {m.freeze: (m.payer, m.amount_fen) for m in lines}
        if paid != tenders or len(paid) != len(lines):
            self.violated(f"{event.entry_id} does not pay the loan's tenders", fact.position)
        if any(m.payee != borrower for m in lines):
            self.violated(f"{event.entry_id} does not pay the borrower", fact.position)
        if sum(m.amount_fen for m in lines) != terms.amount_fen:
            self.violated(f"{event.entry_id} is not the loan's amount", fact.position)
        rest = (m for m in event.movements if m.purpose is not Purpose.DISBURSEMENT)
        if any(m.payer != borrower for m in rest):
            self.violated(f"{event.entry_id}: others than the borrower pay", fact.position)
        self._lent[event.subject] = sorted((m.payer, m.amount_fen) for m in lines)

    def _disbursed(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["loans"] += 1
        claims = sorted(
            (account_of(claim.investor_id, Role.INVESTOR), claim.principal_fen)
            for claim in event.claims
        )
        if self._lent.pop(event.loan_id, None) != claims:
            self.violated(f"{event.loan_id}: claims and money lent differ", fact.position)
