"""The claim register (债权登记) by its own bookkeeping: what was owed, paid and advanced.

Looks at what each event says, not at the folded state, and then compares the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.cashbook import EntryRequested
from domain.early_part_events import EarlyPartBilled, EarlyPartUndone
from domain.loan_events import (
    AdvanceOpened,
    AdvancePaid,
    AdvanceReleased,
    CallInUndone,
    ClaimAssigned,
    EarlyBillingUndone,
    InstalmentBilled,
    LoanDisbursed,
    LoanSettled,
    RepaymentRouted,
    RepaymentSettled,
)
from domain.loan_guarantee import (
    GuaranteeAdvanceOpened,
    GuaranteeAdvancePaid,
    GuaranteeAdvanceReleased,
    LoanGuaranteed,
    ReimbursementOpened,
    ReimbursementPaid,
    ReimbursementReleased,
)
from domain.model import Event
from domain.recourse import Recourse
from domain.register import Claim
from services.proof.checks.check import Check, Fact, Look, looks_of
from services.proof.checks.owed_movements import (
    Line,
    advanced_through,
    line_of,
    paid_out,
    paid_over,
    repaid,
    set_aside,
)
from services.proof.checks.streams import Streams
from services.proof.snapshot import Snapshot


@dataclass(slots=True)
class Account:
    """One loan's sums in fen: principal and interest, to whomever they are owed."""

    claims: list[Claim]
    billed_fen: int = 0
    paid_fen: int = 0
    unbilled_fen: int = 0  # Principal.
    advanced_fen: int = 0  # By the reserve ...
    recovered_fen: int = 0  # ... and paid back to it.
    of_guarantor: Counter[str] = field(default_factory=Counter)  # What each has open.
    principal: list[int] = field(default_factory=list)  # Received, by claim.
    routed: RepaymentRouted | None = None
    advances: dict[str, AdvanceOpened] = field(default_factory=dict)
    advancing: dict[str, GuaranteeAdvanceOpened] = field(default_factory=dict)
    reimbursing: dict[str, ReimbursementOpened] = field(default_factory=dict)


class Register(Check):
    NAME = "register"
    TITLE = "For every loan paid + open = due to the fen; every claim closes at zero"

    def __init__(self, streams: Streams) -> None:
        super().__init__()
        self._streams = streams
        self._accounts: dict[str, Account] = {}
        self._guarantors: dict[str, list[str]] = {}  # By loan.

    def looks(self) -> Mapping[type[Event], Look]:
        return looks_of(
            ((LoanDisbursed,), self._disbursed),
            ((InstalmentBilled, EarlyPartBilled), self._billed),
            ((EarlyBillingUndone, CallInUndone, EarlyPartUndone), self._unbilled),
            ((RepaymentRouted,), self._routed),
            ((RepaymentSettled,), self._settled),
            ((AdvanceOpened,), self._opened),
            ((AdvancePaid, AdvanceReleased), self._advanced),
            ((ClaimAssigned,), self._assigned),
            ((LoanGuaranteed,), self._guaranteed),
            ((GuaranteeAdvanceOpened,), self._guarantor_pays),
            ((GuaranteeAdvancePaid, GuaranteeAdvanceReleased), self._guarantor_paid),
            ((ReimbursementOpened,), self._reimburse),
            ((ReimbursementPaid, ReimbursementReleased), self._reimbursed),
            ((LoanSettled,), self._ended),
            ((EntryRequested,), self._requested),
        )

    def _disbursed(self, fact: Fact) -> None:
        event = fact.event
        principal_fen = sum(claim.principal_fen for claim in event.claims)
        if sum(row.principal_fen for row in event.schedule) != principal_fen:
            self.violated(f"{event.loan_id}: schedule and claims differ", fact.position)
        self._accounts[event.loan_id] = Account(
            list(event.claims), unbilled_fen=principal_fen, principal=[0] * len(event.claims)
        )

    def _billed(self, fact: Fact) -> None:
        event = fact.event
        account = self._accounts[event.loan_id]
        principal_fen = sum(event.principal)
        account.unbilled_fen -= principal_fen
        account.billed_fen += principal_fen + sum(event.interest)
        if account.unbilled_fen < 0:
            self.violated(f"{event.loan_id}: more is billed than was lent", fact.position)

    def _unbilled(self, fact: Fact) -> None:
        event = fact.event
        account = self._accounts[event.loan_id]
        account.unbilled_fen += sum(event.principal)
        account.billed_fen -= sum(event.principal) + sum(event.interest)
        self._conserved(event.loan_id, account, fact.position)

    def _routed(self, fact: Fact) -> None:
        event = fact.event
        if event.entry_id is not None:
            self._accounts[event.loan_id].routed = event

    def _settled(self, fact: Fact) -> None:
        event = fact.event
        account = self._accounts[event.loan_id]
        routed = account.routed
        if routed is None or routed.payment_id != event.payment_id:
            self.violated(f"{event.payment_id} was not routed", fact.position)
            return
        account.routed = None
        for part in routed.parts:
            recovered_fen = part.reserve_principal_fen + part.reserve_interest_fen
            account.recovered_fen += recovered_fen
            account.paid_fen += sum(part.principal) + sum(part.interest) + recovered_fen
            _add(account.principal, part.principal)
        for back in routed.recourse:
            back_fen = back.principal_fen + back.interest_fen
            account.of_guarantor[self._named(event.loan_id, back)] -= back_fen
            account.paid_fen += back_fen
        self._conserved(event.loan_id, account, fact.position)

    def _opened(self, fact: Fact) -> None:
        event = fact.event
        self._accounts[event.loan_id].advances[event.payout_id] = event

    def _advanced(self, fact: Fact) -> None:
        event = fact.event
        account = self._accounts[event.loan_id]
        opened = account.advances.pop(event.payout_id)
        if isinstance(event, AdvancePaid):
            account.advanced_fen += sum(opened.principal) + sum(opened.interest)
            _add(account.principal, opened.principal)
            self._conserved(event.loan_id, account, fact.position)

    def _assigned(self, fact: Fact) -> None:
        """The seller owned the claim, what he sold of it was open, and the parts are the whole."""
        event = fact.event
        self.looked_at["assignments"] += 1
        account = self._accounts[event.loan_id]
        place = next((n for n, c in enumerate(account.claims) if c.tender_id == event.claim_id), -1)
        sold_fen = event.claim.principal_fen
        if place < 0:
            self.violated(f"{event.assignment_id} is of no claim of the loan", fact.position)
            return
        left = account.claims[place]
        if sold_fen > left.principal_fen - account.principal[place]:
            self.violated(f"{event.assignment_id}: more is sold than is open", fact.position)
        if sold_fen != event.unbilled_fen + sum(line.principal_fen for line in event.lines):
            self.violated(f"{event.assignment_id}: the parts are not the whole", fact.position)
        account.claims[place] = left._replace(principal_fen=left.principal_fen - sold_fen)
        account.claims.append(event.claim)
        account.principal.append(0)
        self._conserved(event.loan_id, account, fact.position)

    def _guaranteed(self, fact: Fact) -> None:
        event = fact.event
        self._guarantors.setdefault(event.loan_id, []).append(event.guarantor_id)

    def _named(self, loan_id: str, back: Recourse) -> str:
        """Whose it is; where it does not say so, the loan had one guarantor only."""
        return back.guarantor_id or self._guarantors[loan_id][0]

    def _guarantor_pays(self, fact: Fact) -> None:
        event = fact.event
        self._accounts[event.loan_id].advancing[event.advance_id] = event
        if event.guarantor_id not in self._guarantors.get(event.loan_id, ()):
            self.violated(f"{event.guarantor_id} does not guarantee it", fact.position)

    def _guarantor_paid(self, fact: Fact) -> None:
        event = fact.event
        account = self._accounts[event.loan_id]
        opened = account.advancing.pop(event.advance_id)
        if isinstance(event, GuaranteeAdvancePaid):
            advanced_fen = sum(opened.principal) + sum(opened.interest)
            account.of_guarantor[opened.guarantor_id] += advanced_fen
            _add(account.principal, opened.principal)
            self._conserved(event.loan_id, account, fact.position)

    def _reimburse(self, fact: Fact) -> None:
        event = fact.event
        self._accounts[event.loan_id].reimbursing[event.reimbursement_id] = event

    def _reimbursed(self, fact: Fact) -> None:
        """What was open to one is open to another: the borrower owes as much as before."""
        event = fact.event
        account = self._accounts[event.loan_id]
        opened = account.reimbursing.pop(event.reimbursement_id)
        if isinstance(event, ReimbursementPaid):
            fen = opened.principal_fen + opened.interest_fen
            if opened.to is None:
                account.advanced_fen -= fen
            else:
                account.of_guarantor[opened.to] -= fen
            account.of_guarantor[opened.guarantor_id] += fen
            self._conserved(event.loan_id, account, fact.position)

    def _ended(self, fact: Fact) -> None:
        event = fact.event
        self.looked_at["settled_loans"] += 1
        account = self._accounts.pop(event.loan_id)
        for claim, received_fen in zip(account.claims, account.principal, strict=True):
            if received_fen != claim.principal_fen:
                self.violated(
                    f"{claim.tender_id} closes at {claim.principal_fen - received_fen} fen",
                    fact.position,
                )
        open_fen = (
            account.billed_fen - account.paid_fen,
            account.advanced_fen - account.recovered_fen,
            *account.of_guarantor.values(),
        )
        if any(open_fen):
            self.violated(f"{event.loan_id} is settled and not paid", fact.position)

    def _conserved(self, loan_id: str, account: Account, position: int | None = None) -> None:
        loan = self._streams.loan(loan_id)
        if loan is None:
            return  # It ended with this event.
        self.looked_at["comparisons"] += 1
        open_fen = sum(billed.base_fen for billed in loan.billed.values())
        reserve_fen = sum(billed.reserve_fen for billed in loan.billed.values())
        of_guarantor: Counter[str] = Counter()
        for billed in loan.billed.values():
            of_guarantor.update({each.guarantor_id: each.total_fen for each in billed.advances})
        if account.paid_fen + open_fen != account.billed_fen:
            self.violated(
                f"{loan_id}: {account.billed_fen} fen due, {account.paid_fen} paid,"
                f" {open_fen} open",
                position,
            )
        if account.advanced_fen - account.recovered_fen != reserve_fen:
            self.violated(f"{loan_id}: {reserve_fen} fen open to the reserve", position)
        if account.of_guarantor != of_guarantor:
            open_to = dict(of_guarantor)
            self.violated(f"{loan_id}: open to its guarantors are {open_to}", position)
        if sum(loan.unbilled) != account.unbilled_fen:
            self.violated(f"{loan_id}: {account.unbilled_fen} fen not yet billed", position)

    # -- the money of it ----------------------------------------------------------------

    def _requested(self, fact: Fact) -> None:
        """Repayments, payouts and advances move what the register's lines say."""
        event = fact.event
        prefix = event.entry_id.partition("-")[0]
        if prefix not in {"R", "P", "GH", "GA", "GR"}:
            return
        account = self._accounts[event.subject]
        wanted: list[Line]
        if prefix == "R":
            if account.routed is None or account.routed.entry_id != event.entry_id:
                self.violated(f"{event.entry_id} was not routed", fact.position)
                return
            back: Counter[str] = Counter()
            for each in account.routed.recourse:
                back[self._named(event.subject, each)] += each.total_fen
            wanted = repaid(account.claims, account.routed, back)
        elif prefix == "GR":
            wanted = [paid_over(account.reimbursing[event.reference])]
        elif prefix == "P":
            wanted = paid_out(account.claims, account.advances[event.reference])
        else:
            opened = account.advancing[event.reference]
            held = event.entry_id == f"GH-{event.reference}"
            wanted = set_aside(opened) if held else self._advanced_through(event.subject, opened)
        self.looked_at["entries"] += 1
        if sorted(wanted) != sorted(map(line_of, event.movements)):
            self.violated(f"{event.entry_id} moves other sums than are owed", fact.position)

    def _advanced_through(self, loan_id: str, opened: GuaranteeAdvanceOpened) -> list[Line]:
        loan = self._streams.loan(loan_id)
        borrower_id = loan.terms.borrower_id if loan and loan.terms else ""
        return advanced_through(self._accounts[loan_id].claims, opened, borrower_id)

    def finish(self, snapshot: Snapshot) -> None:
        for loan_id, account in self._accounts.items():
            self._conserved(loan_id, account)
        self.looked_at["open_loans"] = len(self._accounts)


def _add(sums: list[int], more: tuple[int, ...]) -> None:
    for place, fen in enumerate(more):
        sums[place] += fen
