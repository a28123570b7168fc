"""Members (会员) and their bank accounts: references only, never a name or a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapters.codec import Recorded
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View, named
from domain import authorisation as a
from domain import member as m
from domain.blacklist import BlacklistRemoved
from domain.card_guard import CardReinstated, CardSuspended
from domain.member import BindingStatus
from domain.visit import VisitFailed, VisitRequested, VisitSucceeded


@dataclass(slots=True)
class MemberRow:
    """`roles` and `open_roles` (those with an account at the bank): words with a space between."""

    member_id: str
    kind: str
    roles: str
    open_roles: str
    related_party: bool
    lawful_business: bool
    blacklisted: bool
    registered_on: date


@dataclass(slots=True)
class BindingRow:
    member_id: str
    binding_id: str
    role: str
    status: str
    usable_from: date | None
    card_ref: str
    bank_code: str | None  # Why the bank refused, in its own code.
    suspended: bool


@dataclass(slots=True)
class DebtRow:
    """What a loan counts against the member's legal limit."""

    member_id: str
    loan_id: str
    amount_fen: int


@dataclass(slots=True)
class AuthorisationRow:
    """What the member has authorised at the bank; `status` as in domain.authorisation, or refused.
    `bank_code`: why the bank refused it, or its end."""

    member_id: str
    number: int
    kind: str
    role: str  # Of whose account.
    ends_on: date
    limit_fen: int
    status: str
    bank_code: str | None


@dataclass(slots=True)
class VisitRow:
    """What he was led to the bank's page for; `status`: requested, done or failed. `bank_code`: why
    it failed."""

    member_id: str
    number: int
    errand: str
    role: str
    status: str
    phone_ref: str | None
    bank_code: str | None


@dataclass(slots=True)
class RelatedRow:
    """关联方: how it stood from the close of the business day `from_on` on; before the first of a
    member's rows he is none."""

    member_id: str
    from_on: date
    related: bool


MEMBERS = Table("member", MemberRow, key=["member_id"])
RELATED = Table("member_related", RelatedRow, key=["member_id", "from_on"])
BINDINGS = Table("binding", BindingRow, key=["member_id", "binding_id"])
DEBTS = Table("member_debt", DebtRow, key=["member_id", "loan_id"])
AUTHORISATIONS = Table("authorisation", AuthorisationRow, key=["member_id", "number"])
VISITS = Table("visit", VisitRow, key=["member_id", "number"])
REFUSED = "refused"


class Members(View):
    NAME = "members"
    TABLES = (MEMBERS, RELATED, BINDINGS, DEBTS, AUTHORISATIONS, VISITS)
    BY_KEY = True
    EVENTS = m.EVENTS

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        self._members = self.open(MEMBERS, named(batch, "member_id"))
        told = ((each.event, each.business_date) for each in batch)
        self._related = self.open(
            RELATED,
            {(e.member_id, on) for e, on in told if isinstance(e, m.RelatedPartyRegistered)},
        )
        self._bindings = self.open(BINDINGS, _pairs(batch, "binding_id"))
        self._debts = self.open(DEBTS, _pairs(batch, "loan_id"))
        numbers = _pairs(batch, "number") | _pairs(batch, "replaces")
        self._authorisations = self.open(AUTHORISATIONS, numbers)
        self._visits = self.open(VISITS, numbers)

    def fold(self, recorded: Recorded) -> None:
        match recorded.event:
            case m.MemberRegistered() as event:
                self._register(event, recorded.business_date)
            case m.AccountOpened(member_id=member_id, role=role):
                member = self._members[member_id]
                member.open_roles = f"{member.open_roles} {role.value}".strip()
            case m.MemberBlacklisted(member_id=member_id):
                self._members[member_id].blacklisted = True
            case m.RelatedPartyRegistered(member_id=member_id, related=related):
                self._relate(member_id, recorded.business_date, related=related)
            case BlacklistRemoved(member_id=member_id):
                self._members[member_id].blacklisted = False
            case m.DebtTaken(member_id=member_id, loan_id=loan_id, amount_fen=amount_fen):
                self._debts.add(DebtRow(member_id, loan_id, amount_fen))
            case m.DebtEnded(member_id=member_id, loan_id=loan_id):
                self._debts.pop((member_id, loan_id))
            case m.BindingRequested() as event:
                self._bindings.add(
                    BindingRow(
                        member_id=event.member_id,
                        binding_id=event.binding_id,
                        role=event.role.value,
                        status=BindingStatus.REQUESTED.value,
                        usable_from=None,
                        card_ref=event.card_ref,
                        bank_code=None,
                        suspended=False,
                    )
                )
            case _:
                self._fold_binding(recorded)

    def _fold_binding(self, recorded: Recorded) -> None:
        match recorded.event:
            case m.BindingConfirmed() as event:
                binding = self._moved(event.member_id, event.binding_id, BindingStatus.BOUND)
                binding.usable_from = event.usable_from
            case m.BindingRefused() as event:
                binding = self._moved(event.member_id, event.binding_id, BindingStatus.REFUSED)
                binding.bank_code = event.bank_code
            case m.UnbindingRequested() as event:
                self._moved(event.member_id, event.binding_id, BindingStatus.UNBINDING)
            case m.UnbindingRefused() as event:
                binding = self._moved(event.member_id, event.binding_id, BindingStatus.BOUND)
                binding.bank_code = event.bank_code
            case m.BankAccountUnbound() as event:
                self._moved(event.member_id, event.binding_id, BindingStatus.UNBOUND)
            case CardSuspended(member_id=member_id, binding_id=binding_id):
                self._bindings[member_id, binding_id].suspended = True
            case CardReinstated(member_id=member_id, binding_id=binding_id):
                self._bindings[member_id, binding_id].suspended = False
            case _:
                self._fold_authorisation(recorded)

    def _fold_authorisation(self, recorded: Recorded) -> None:
        match recorded.event:
            case a.AuthorisationRequested() as event:
                self._authorisations.add(
                    AuthorisationRow(
                        member_id=event.member_id,
                        number=event.number,
                        kind=event.kind.value,
                        role=a.whose(event.kind, event.role).value,
                        ends_on=event.ends_on,
                        limit_fen=event.limit_fen,
                        status=a.Status.REQUESTED.value,
                        bank_code=None,
                    )
                )
            case a.AuthorisationGranted(member_id=member_id, number=number, replaces=replaces):
                self._authorisations[member_id, number].status = a.Status.GRANTED.value
                self._end(member_id, replaces)
            case a.AuthorisationCancelling(member_id=member_id, number=number):
                self._authorisations[member_id, number].status = a.Status.CANCELLING.value
            case a.AuthorisationCancelled(member_id=member_id, number=number):
                self._authorisations[member_id, number].status = a.Status.ENDED.value
            case a.AuthorisationRefused() | a.AuthorisationKept() as event:
                row = self._authorisations[event.member_id, event.number]
                row.bank_code = event.bank_code
                kept = isinstance(event, a.AuthorisationKept)
                row.status = a.Status.GRANTED.value if kept else REFUSED

            case a.AuthorisationChangedAtBank() as event:
                self._end(event.member_id, event.replaces)
                self._authorisations.add(
                    AuthorisationRow(
                        member_id=event.member_id,
                        number=event.number,
                        kind=event.kind.value,
                        role=event.role.value,
                        ends_on=event.ends_on,
                        limit_fen=event.limit_fen,
                        status=a.Status.GRANTED.value,
                        bank_code=None,
                    )
                )
            case a.AuthorisationEndedAtBank(member_id=member_id, number=ended):
                self._end(member_id, ended)
            case _:
                self._fold_visit(recorded)

    def _end(self, member_id: str, number: int | None) -> None:
        if number is not None:
            self._authorisations[member_id, number].status = a.Status.ENDED.value

    def _fold_visit(self, recorded: Recorded) -> None:
        match recorded.event:
            case VisitRequested() as event:
                self._visits.add(
                    VisitRow(
                        member_id=event.member_id,
                        number=event.number,
                        errand=event.errand.value,
                        role=event.role.value,
                        status="requested",
                        phone_ref=event.phone_ref,
                        bank_code=None,
                    )
                )
            case VisitSucceeded(member_id=member_id, number=number):
                self._visits[member_id, number].status = "done"
            case VisitFailed(member_id=member_id, number=number, bank_code=bank_code):
                row = self._visits[member_id, number]
                row.status, row.bank_code = "failed", bank_code

    def _relate(self, member_id: str, on: date, *, related: bool) -> None:
        self._members[member_id].related_party = related
        if row := self._related.get((member_id, on)):
            row.related = related
        else:
            self._related.add(RelatedRow(member_id, on, related))

    def _register(self, event: m.MemberRegistered, on: date) -> None:
        if event.related_party:
            self._related.add(RelatedRow(event.member_id, on, related=True))
        self._members.add(
            MemberRow(
                member_id=event.member_id,
                kind=event.kind,
                roles=" ".join(role.value for role in event.roles),
                open_roles="",
                related_party=event.related_party,
                lawful_business=event.lawful_business,
                blacklisted=False,
                registered_on=on,
            )
        )

    def _moved(self, member_id: str, binding_id: str, status: BindingStatus) -> BindingRow:
        binding = self._bindings[member_id, binding_id]
        binding.status = status.value
        return binding


def _pairs(batch: Sequence[Recorded], field: str) -> set[tuple[str, str]]:
    events: list[Any] = [recorded.event for recorded in batch if hasattr(recorded.event, field)]
    return {(event.member_id, getattr(event, field)) for event in events}
