"""What was done by hand has two people behind it, whose signatures hold over just that."""

from __future__ import annotations

import json
from collections.abc import Mapping

from adapters.signing import verified
from domain import operators
from domain.accounts import PLATFORM_ACCOUNTS
from domain.blacklist import (
    AppealRejected,
    BlacklistEntered,
    BlacklistImported,
    BlacklistRemoved,
)
from domain.cashbook import BankMovementRecorded, EntryRequested, Movement
from domain.commands import (
    COMMANDS,
    AppointOperators,
    Command,
    CoverShortfall,
    RecordBankReversal,
)
from domain.funds_freeze import FundsFreezeOrdered, FundsReleaseOrdered
from domain.guarantee import GuarantorAppointed
from domain.loan_events import RepaymentAccepted
from domain.loan_guarantee import OverdueConfirmed
from domain.member import MemberBlacklisted, RelatedPartyRegistered
from domain.model import Event, Refused
from domain.operators import (
    CommandApproved,
    OperatorEvent,
    OperatorRegistered,
    OperatorRetired,
    Part,
    Signature,
    Signed,
)
from domain.platform import WindDownStarted
from domain.purposes import Purpose
from domain.reserve import ReserveSeeded, SurplusMoved
from domain.reversal import MovementTakenBack, ReversalRequested
from services.proof.checks.check import Check, Fact, Look, looks_of
from services.proof.checks.streams import Streams

_ONLY_BY_HAND = frozenset(
    {
        Purpose.RESERVE_SURPLUS,
        Purpose.REVERSAL,
        Purpose.SHORTFALL_COVER,
        Purpose.ADMINISTRATIVE_FREEZE,
        Purpose.ADMINISTRATIVE_RELEASE,
    }
)


class TwoPeople(Check):
    """What was done by hand before the first operators were appointed is counted, and holds:
    nobody could sign it."""

    NAME = "two_people"
    TITLE = "What was done by hand was signed, as it stands, by two registered keys"

    def __init__(self, streams: Streams, platform: str) -> None:
        super().__init__()
        self._streams = streams
        self._platform = platform
        self._cause = ""  # The command that was approved last.
        self._checker = ""  # Who checked it.
        self._approved: Command | None = None

    def looks(self) -> Mapping[type[Event], Look]:
        told = (
            OperatorRegistered,
            OperatorRetired,
            ReserveSeeded,
            SurplusMoved,
            MemberBlacklisted,
            RelatedPartyRegistered,
            ReversalRequested,
            MovementTakenBack,
            FundsFreezeOrdered,
            FundsReleaseOrdered,
            BlacklistEntered,
            AppealRejected,
            BlacklistRemoved,
            BlacklistImported,
            WindDownStarted,
            GuarantorAppointed,
        )
        return looks_of(
            ((CommandApproved,), self._approval),
            (told, self._by_hand),
            ((RepaymentAccepted,), self._paid),
            ((OverdueConfirmed,), self._confirmed),
            ((EntryRequested,), self._requested),
            ((BankMovementRecorded,), self._recorded),
        )

    def _approval(self, fact: Fact) -> None:
        """Decided once more, by the same rules, over what the event holds."""
        self.looked_at["approvals"] += 1
        event = fact.event
        self._cause, self._approved = fact.command[0], None
        self._checker = event.checker.operator_id
        command = self._approved = _command(event)
        if (command.id, command.platform) != (self._cause, self._platform):
            self.violated(f"{self._cause}: {command.id} was signed", fact.position)
        if command.text_to_sign() != event.text:
            self.violated(f"{self._cause}: not the text that is signed", fact.position)
        try:
            if self._decided(command, event)[0] != event:
                self.violated(f"{self._cause}: a key is not the operator's", fact.position)
        except Refused as refused:
            self.violated(f"{self._cause}: {refused.code}, {refused.field}", fact.position)

    def _decided(self, command: Command, event: CommandApproved) -> tuple[OperatorEvent, ...]:
        known, today = self._streams.operators, self._streams.platform.business_date
        two = (_given(event.maker), _given(event.checker))
        if isinstance(command, AppointOperators):
            return operators.appoint(known, command.operators, event.text, *two, today, verified)
        on = command.effective_on or today
        return operators.approve(known, event.text, *two, on, verified)

    def _by_hand(self, fact: Fact) -> None:
        command = self._approval_of(fact)
        if command is None:
            return
        said = {name: getattr(fact.event, name) for name in fact.event.__struct_fields__}
        for name in ("approved_by", "confirmed_by"):
            if said.pop(name, self._checker) != self._checker:
                self.violated(f"{self._cause}: {fact.topic} names another checker", fact.position)
        if isinstance(command, AppointOperators):
            holds = any(each.model_dump().items() <= said.items() for each in command.operators)
        else:
            holds = all(getattr(command, name, value) == value for name, value in said.items())
        if not holds:
            self.violated(f"{self._cause}: {fact.topic} is not what was signed", fact.position)

    def _paid(self, fact: Fact) -> None:
        if fact.event.effective_on < self._streams.platform.business_date:
            self._by_hand(fact)

    def _confirmed(self, fact: Fact) -> None:
        if fact.event.confirmed_by is not None:  # Else the day end did it.
            self._by_hand(fact)

    def _requested(self, fact: Fact) -> None:
        for movement in fact.event.movements:
            if _moved_by_hand(movement):
                command = self._approval_of(fact)
                if command is None:
                    continue
                amount_fen = getattr(command, "amount_fen", None)
                claim = command.entry_id if isinstance(command, CoverShortfall) else None
                if amount_fen != movement.amount_fen or claim not in (None, fact.event.reference):
                    self.violated(f"{movement.id} is not what was signed", fact.position)

    def _recorded(self, fact: Fact) -> None:
        event = fact.event
        if event.movement.purpose is Purpose.BANK_REVERSAL:
            command = self._approval_of(fact)
            told = event.origin, event.bank_date
            if command is not None and not (
                isinstance(command, RecordBankReversal)
                and told == (command.movement_id, command.bank_date)
            ):
                self.violated(f"{event.entry_id} is not what was signed", fact.position)

    def _approval_of(self, fact: Fact) -> Command | None:
        """What was signed, where it is the command of this event; else that is said."""
        self.looked_at["by_hand"] += 1
        if fact.command[0] == self._cause:
            return self._approved
        if self._streams.operators.by_id:
            self.violated(f"{fact.topic} was signed by nobody", fact.position)
        else:
            self.looked_at["before_operators"] += 1
        return None


def _moved_by_hand(movement: Movement) -> bool:
    """The platform's own money, as nobody but a person moves it."""
    return movement.purpose in _ONLY_BY_HAND or (
        movement.purpose is Purpose.RECHARGE and movement.payee in PLATFORM_ACCOUNTS
    )


def _command(event: CommandApproved) -> Command:
    """The command, out of what was signed and who signed. Raises ValueError, LookupError."""
    said = json.loads(event.text)
    for part, signed in ((Part.MAKER, event.maker), (Part.CHECKER, event.checker)):
        said[part] = _given(signed).model_dump()
    return COMMANDS[said["type"]].model_validate_json(json.dumps(said))


def _given(signed: Signed) -> Signature:
    return Signature(operator_id=signed.operator_id, signature=signed.signature)
