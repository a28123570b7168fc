"""The desk at which one command is decided: what it may look at, and what it puts down.

Nothing on the desk counts before the command is through: a refusal sweeps it clean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from adapters.vault import Seal, Sealed
from domain import cashbook, shortfall
from domain.assignment import Assignment
from domain.auto_tender import AutoTender
from domain.blacklist import Blacklists
from domain.cashbook import (
    UNBOUNDED,
    BankMovementRecorded,
    CashEvent,
    Entry,
    EntryRequested,
    Leg,
    Movement,
)
from domain.collection_rules import CollectionRules
from domain.collections import Case
from domain.funds_freeze import FundsFreeze
from domain.guarantee import Guarantor
from domain.identity import Identity
from domain.investment import Investment
from domain.law import LAW_TABLES, LawTable
from domain.loan import Loan
from domain.loan_events import LoanDisbursed, LoanSettled, RepaymentSettled
from domain.member import Member
from domain.model import Event, InvariantBroken, Refused, State
from domain.operators import Operators
from domain.platform import Platform
from domain.policies import Policies
from domain.policy import CapBasis, PolicyTerms
from domain.policy_limits import NO_LIMITS, PolicyLimits
from domain.refusals import Code
from domain.reserve import Reserve
from domain.reversal import Reversal
from domain.shortfall import Shortfalls
from domain.streams import (
    AUTO_TENDER,
    BLACKLIST,
    COLLECTIONS,
    OPERATORS,
    PLATFORM,
    POLICY,
    RESERVE,
    SHORTFALL,
    assignment_stream,
    case_stream,
    entry_stream,
    evolver_of,
    freeze_stream,
    guarantee_stream,
    identity_stream,
    investment_stream,
    loan_stream,
    member_stream,
    reversal_stream,
)
from domain.working_days import WorkingDays
from infra.clock import SHANGHAI
from services.settlement.shelf import Balance, Kept, Shelf

# One look at each event that is recorded: few are any of these.
_LENDING = frozenset({LoanDisbursed, LoanSettled, RepaymentSettled})


class Staged(State):
    stream: str
    version: int
    event: Event


@dataclass(slots=True)
class Desk:
    shelf: Shelf
    seal: Seal
    now: datetime
    outstanding_principal_fen: int
    lent_principal_fen: int  # Of loans that are not paid off.
    calendar: WorkingDays
    effective_on: date = date.min  # Of the command at hand.
    staged: list[Staged] = field(default_factory=list)
    sealed: list[Sealed] = field(default_factory=list)
    _states: dict[str, Kept] = field(default_factory=dict)
    _balances: dict[str, Balance] = field(default_factory=dict)
    _principal_fen: int = 0
    _lent_fen: int = 0
    platform: Platform = field(init=False)  # As the command at hand leaves it.

    def __post_init__(self) -> None:
        self.sweep()

    # -- look -------------------------------------------------------------------------

    def _kept(self, stream: str) -> Kept:
        shelf = self.shelf
        return self._states.get(stream) or shelf.states.get(stream) or shelf.state(stream)

    @property
    def law_table(self) -> LawTable:
        opened = self.platform.opened
        if opened is None:
            raise InvariantBroken("the law of a platform that is not open")
        return LAW_TABLES[opened.law_table]

    @property
    def today(self) -> date:
        return self.platform.business_date

    @property
    def today_shanghai(self) -> date:
        return self.now.astimezone(SHANGHAI).date()

    @property
    def operators(self) -> Operators:
        state: Operators = self._kept(OPERATORS).state
        return state

    @property
    def policies(self) -> Policies:
        state: Policies = self._kept(POLICY).state
        return state

    @property
    def limits(self) -> PolicyLimits:
        """Of the policy in force today."""
        terms = self.policies.in_force(self.today)
        return terms.limits if terms else NO_LIMITS

    def cap_basis_fen(self, terms: PolicyTerms) -> int:
        """What the reserve's cap and floor are per cent of."""
        if terms.cap_basis is CapBasis.LENT_PRINCIPAL:
            return self.lent_principal_fen
        return self.outstanding_principal_fen

    @property
    def reserve(self) -> Reserve:
        state: Reserve = self._kept(RESERVE).state
        return state

    @property
    def shortfalls(self) -> Shortfalls:
        state: Shortfalls = self._kept(SHORTFALL).state
        return state

    @property
    def collection_rules(self) -> CollectionRules:
        state: CollectionRules = self._kept(COLLECTIONS).state
        return state

    def case(self, borrower_id: str) -> Case:
        state: Case = self._kept(case_stream(borrower_id)).state
        return state

    @property
    def blacklists(self) -> Blacklists:
        state: Blacklists = self._kept(BLACKLIST).state
        return state

    def unseal(self, ref: str) -> dict[str, str]:
        """Personal data that were put away. Raises VaultUnreadable."""
        return self.seal.open(self.shelf.sealed(ref))

    @property
    def auto_tender(self) -> AutoTender:
        state: AutoTender = self._kept(AUTO_TENDER).state
        return state

    def reversal(self, movement_id: str) -> Reversal:
        state: Reversal = self._kept(reversal_stream(movement_id)).state
        return state

    def funds_freeze(self, freeze_id: str) -> FundsFreeze:
        state: FundsFreeze = self._kept(freeze_stream(freeze_id)).state
        return state

    def member(self, member_id: str) -> Member:
        state: Member = self._kept(member_stream(member_id)).state
        return state

    def holder(self, identity: str) -> Member | None:
        """The member who has an identity."""
        state: Identity = self._kept(identity_stream(identity)).state
        return None if state.member_id is None else self.member(state.member_id)

    def loan(self, loan_id: str) -> Loan:
        state: Loan = self._kept(loan_stream(loan_id)).state
        return state

    def guarantor(self, guarantor_id: str) -> Guarantor:
        state: Guarantor = self._kept(guarantee_stream(guarantor_id)).state
        return state

    def investment(self, tender_id: str) -> Investment:
        state: Investment = self._kept(investment_stream(tender_id)).state
        return state

    def assignment(self, assignment_id: str) -> Assignment:
        state: Assignment = self._kept(assignment_stream(assignment_id)).state
        return state

    def entry(self, entry_id: str) -> Entry:
        state: Entry = self._kept(entry_stream(entry_id)).state
        return state

    def balance(self, account: str) -> Balance:
        shelf = self.shelf
        return self._balances.get(account) or shelf.balances.get(account) or shelf.balance(account)

    # -- put down ---------------------------------------------------------------------

    def record(self, stream: str, *events: Event) -> None:
        kept = self._kept(stream)
        version, state = kept.version, kept.state
        evolve = evolver_of(state)
        for event in events:
            version += 1
            state = evolve(state, event)
            self.staged.append(Staged(stream, version, event))
            if type(event) in _LENDING:
                self._count(event, state)
        self._states[stream] = Kept(version, state)
        if stream == PLATFORM:
            self.platform = state

    def _count(self, event: Event, loan: Loan) -> None:
        """What is lent, and what of it is not paid back."""
        if isinstance(event, LoanDisbursed):
            lent_fen = sum(claim.principal_fen for claim in event.claims)
            self._principal_fen += lent_fen
            self._lent_fen += lent_fen
        elif isinstance(event, LoanSettled):
            self._lent_fen -= loan.known().amount_fen
        elif isinstance(event, RepaymentSettled):
            self._principal_fen -= event.principal_fen

    def request(
        self,
        entry_id: str,
        subject: str,
        reference: str,
        movements: Sequence[Movement],
        id_field: str | None = None,
        *,
        by_member: bool | None = None,
    ) -> EntryRequested:
        """A new entry of the cash book; refused if a payer lacks the money."""
        entry = self.entry(entry_id)
        event = cashbook.request(
            entry, entry_id, subject, reference, movements, id_field, by_member=by_member
        )
        self.post(event)
        return event

    def post(self, event: CashEvent) -> None:
        """What it brings to an account on which there is a claim covers that first."""
        self._move(event.legs, refusable=isinstance(event, EntryRequested))
        self.record(entry_stream(event.entry_id), event)
        if isinstance(event, BankMovementRecorded):
            self.record(SHORTFALL, *shortfall.claim(event))
        if self.shortfalls.open:
            self._cover(event)

    def _cover(self, event: CashEvent) -> None:
        for account, available_fen, _ in event.legs:
            if available_fen <= 0 or account in UNBOUNDED:
                continue
            there_fen = self.balance(account).available_fen
            for cover in shortfall.cover(self.shortfalls, account, there_fen, event.entry_id):
                self._move(cover.legs, refusable=False)
                self.record(SHORTFALL, cover)

    def _move(self, legs: Sequence[Leg], *, refusable: bool) -> None:
        for account, available_fen, frozen_fen in legs:
            if account in UNBOUNDED:
                continue
            before = self.balance(account)
            after = Balance(before.available_fen + available_fen, before.frozen_fen + frozen_fen)
            if after.available_fen < 0 and refusable:
                raise Refused(
                    Code.INSUFFICIENT_BALANCE,
                    f"{account} has {before.available_fen} fen available",
                    "amount_fen",
                )
            if after.available_fen < 0 or after.frozen_fen < 0:
                raise InvariantBroken(f"{account} would fall below zero")
            self._balances[account] = after

    def put_away(self, ref: str, fields: dict[str, str]) -> str:
        """Personal data go to the vault; what is left is the reference."""
        self.sealed.append(self.seal.close(ref, fields))
        return ref

    # -- the end of a command -----------------------------------------------------------

    def keep(self) -> tuple[list[Staged], list[Sealed], dict[str, Balance]]:
        """The command is through: the shelf takes over what it changed."""
        done = self.staged, self.sealed, self._balances
        self.shelf.states.update(self._states)
        self.shelf.balances.update(self._balances)
        self.outstanding_principal_fen += self._principal_fen
        self.lent_principal_fen += self._lent_fen
        self.sweep()
        return done

    def sweep(self) -> None:
        self.staged, self.sealed = [], []
        self._states, self._balances = {}, {}
        self._principal_fen = self._lent_fen = 0
        self.platform = self._kept(PLATFORM).state
