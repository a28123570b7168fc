"""A request to the bank as the journal keeps it, and the bank's words made from it.

A payload holds references to personal data, never the data: they come out of the vault for the one
call. The payload is written once, so that sending again sends the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import Any, Protocol, assert_never

from adapters.codec import Recorded
from domain.authorisation import Kind as Authorised
from domain.bank_requests import (
    Authorise,
    BankRequest,
    BindCard,
    ChangePhone,
    ChangeProject,
    CheckPassword,
    ConfirmWithdrawal,
    EndAuthorisation,
    EndOffer,
    EstablishProject,
    Execute,
    Freeze,
    FreezeFunds,
    Leg,
    Offered,
    OfferShare,
    OpenAccount,
    ProjectStage,
    Recharge,
    Release,
    ResetPassword,
    StopWithdrawal,
    UnbindCard,
    UnfreezeFunds,
    Withdraw,
)
from domain.purposes import Purpose


class Kind(StrEnum):
    OPEN_ACCOUNT = "open_account"
    BIND_CARD = "bind_card"
    UNBIND_CARD = "unbind_card"
    CHANGE_PHONE = "change_phone"
    RESET_PASSWORD = "reset_password"  # noqa: S105
    CHECK_PASSWORD = "check_password"  # noqa: S105
    AUTHORISE = "authorise"
    END_AUTHORISATION = "end_authorisation"
    ESTABLISH_PROJECT = "establish_project"
    CHANGE_PROJECT = "change_project"
    RECHARGE = "recharge"
    WITHDRAW = "withdraw"
    CONFIRM_WITHDRAWAL = "confirm_withdrawal"
    STOP_WITHDRAWAL = "stop_withdrawal"
    OFFER_SHARE = "offer_share"
    END_OFFER = "end_offer"
    FREEZE = "freeze"
    RELEASE = "release"
    FREEZE_FUNDS = "freeze_funds"
    UNFREEZE_FUNDS = "unfreeze_funds"
    EXECUTE = "execute"


class State(StrEnum):
    PLANNED = "planned"
    SENT = "sent"  # Written before the call: from here on the bank may know it.
    UNKNOWN = "unknown"  # Sent, and no trustworthy answer: only a query may follow.
    PENDING = "pending"  # The bank took it; a notice or a query will tell.
    SETTLED = "settled"
    REFUSED = "refused"
    CONTRADICTED = "contradicted"  # A step only: the bank took its final word back.


HELD = "held"  # The code of a PENDING step: the bank waits for our word on a withdrawal.
FINAL = frozenset({State.SETTLED, State.REFUSED})


class Lane(IntEnum):
    """What a request waits for among the earlier ones of its ordering key."""

    LINE = 1  # Until the bank has taken them (an account's own affairs).
    ALONGSIDE = 2  # Until those that go alone have ended (a loan's freezes and releases).
    ALONE = 3  # Until all have ended (a loan's project and its transfers).
    LAST = 4  # Until nothing of the key, later ones included, is left to do (a project's end).


class VaultReader(Protocol):
    def open(self, ref: str) -> Mapping[str, str]:
        """The fields under a reference. Raises adapters.vault.VaultUnreadable."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """The one that a movement gets."""

    movement_id: str
    entry_id: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Request:
    request_no: str
    kind: Kind
    position: int  # Of the event that caused it.
    number: int  # Among those that this event caused.
    ordering_key: str
    subject: str  # Entry, member or loan: what the bank's answer is about.
    correlation: str
    payload: Mapping[str, Any]
    instructions: tuple[Instruction, ...] = ()

    @property
    def legs(self) -> int:
        return len(self.payload["legs"]) if self.kind is Kind.EXECUTE else 1

    @property
    def lane(self) -> Lane:
        match self.kind:
            case Kind.FREEZE | Kind.RELEASE:
                return Lane.ALONGSIDE
            case Kind.ESTABLISH_PROJECT | Kind.EXECUTE:
                return Lane.ALONE
            case Kind.CHANGE_PROJECT:
                repaying = self.payload["stage"] == ProjectStage.REPAYING
                return Lane.ALONE if repaying else Lane.LAST
            case _:
                return Lane.LINE


def caused_by(
    recorded: Recorded, request_no: str, kind: Kind, key: str, subject: str, **payload: Any
) -> Request:
    """The only request that an event causes."""
    return Request(
        request_no, kind, recorded.position, 1, key, subject, recorded.correlation, payload
    )


@dataclass(slots=True)
class Open:
    """A request that is not done with. What stands below `steps` is not in the journal."""

    request: Request
    state: State = State.PLANNED
    code: str = ""
    bank_date: date | None = None
    sent_on: date | None = None  # The bank's day: it is never sent on another one.
    steps: int = 1
    asks: int = 0
    ask_at: datetime | None = None

    @property
    def no(self) -> str:
        return self.request.request_no


def to_bank(request: Request, vault: VaultReader) -> BankRequest:
    """Raises VaultUnreadable where the personal data were erased."""
    no, p = request.request_no, request.payload
    match request.kind:
        case Kind.OPEN_ACCOUNT:
            who = vault.open(p["identity_ref"])
            return OpenAccount(
                no, p["account"], p["company"], who["name"], who["id_no"], who["phone"]
            )
        case Kind.BIND_CARD:
            card = vault.open(p["card_ref"])
            return BindCard(
                no, p["account"], card["card_no"], card["bank_code"], card["phone"], p["company"]
            )
        case Kind.UNBIND_CARD:
            return UnbindCard(no, p["account"], vault.open(p["card_ref"])["card_no"])
        case Kind.CHANGE_PHONE:
            return ChangePhone(no, p["account"], vault.open(p["phone_ref"])["phone"])
        case Kind.RESET_PASSWORD:
            return ResetPassword(no, p["account"])
        case Kind.CHECK_PASSWORD:
            return CheckPassword(no, p["account"])
        case Kind.AUTHORISE:
            ends_on, limit_fen = date.fromisoformat(p["ends_on"]), p["limit_fen"]
            return Authorise(no, p["account"], Authorised(p["authorised"]), ends_on, limit_fen)
        case Kind.END_AUTHORISATION:
            return EndAuthorisation(no, p["account"], Authorised(p["authorised"]))
        case Kind.ESTABLISH_PROJECT:
            return EstablishProject(no, **p["terms"])
        case Kind.CHANGE_PROJECT:
            return ChangeProject(no, p["project_no"], ProjectStage(p["stage"]))
        case Kind.RECHARGE:
            return Recharge(no, p["account"], p["amount_fen"], p.get("by_member", True))
        case Kind.WITHDRAW:
            card_no = vault.open(p["card_ref"])["card_no"]
            by_member = p.get("by_member", True)
            return Withdraw(no, p["account"], p["amount_fen"], card_no, by_member)
        case Kind.CONFIRM_WITHDRAWAL:
            return ConfirmWithdrawal(no, p["withdrawal"])
        case Kind.STOP_WITHDRAWAL:
            return StopWithdrawal(no, p["withdrawal"])
        case Kind.OFFER_SHARE:
            return OfferShare(no, p["account"], p["project_no"], p["share_fen"])
        case Kind.END_OFFER:
            return EndOffer(no, p["offer"])
        case Kind.FREEZE:
            purpose, by_member = Purpose(p["purpose"]), p.get("by_member", False)
            fen, project = p["amount_fen"], p["project_no"]
            return Freeze(no, p["account"], purpose, fen, project, by_member, _offered(p))
        case Kind.RELEASE:
            return Release(no, p["freeze"], p["amount_fen"])
        case Kind.FREEZE_FUNDS:
            return FreezeFunds(no, p["account"], p["amount_fen"])
        case Kind.UNFREEZE_FUNDS:
            return UnfreezeFunds(no, p["account"], p["freeze"], p["amount_fen"])
        case Kind.EXECUTE:
            purpose, legs = Purpose(p["purpose"]), _legs(p["legs"])
            return Execute(no, purpose, p["project_no"], legs, _offered(p))
        case _:
            assert_never(request.kind)


def _offered(payload: Mapping[str, Any]) -> Offered | None:
    return Offered(**payload["offered"]) if "offered" in payload else None


def _legs(legs: list[dict[str, Any]]) -> tuple[Leg, ...]:
    return tuple(
        Leg(
            movement_id=leg["id"],
            purpose=Purpose(leg["purpose"]),
            payer=leg["payer"],
            payee=leg["payee"],
            amount_fen=leg["amount_fen"],
            interest_fen=leg["interest_fen"],
            freeze_request_no=leg["freeze"],
        )
        for leg in legs
    )
