"""Every movement of the cash book with its fate, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from adapters.codec import Recorded
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View
from domain import cashbook, shortfall
from domain.accounts import OUTSIDE, owner_of
from domain.cashbook import Status


@dataclass(slots=True)
class MovementRow:
    """`bank_date` and `bank_code` are the bank's; the other dates are business dates.

    `origin` is set where the bank began it: what it came back from. Its `reference` is then the
    bank's own record number, its `subject` whose account it is, and `shortfall_fen` what the
    account has not borne yet.
    """

    movement_id: str
    entry_id: str
    purpose: str
    payer: str
    payee: str
    amount_fen: int
    interest_fen: int
    freeze_id: str | None  # The movement id of the freeze that it consumed.
    subject: str
    reference: str
    status: str
    requested_on: date
    closed_on: date | None
    bank_date: date | None
    bank_code: str | None
    origin: str | None
    shortfall_fen: int
    requested_position: int
    closed_position: int | None


MOVEMENTS = Table(
    "movement", MovementRow, key=["movement_id"], indexes=["entry_id", "subject", "bank_date"]
)


class Movements(View):
    NAME = "movements"
    TABLES = (MOVEMENTS,)
    BY_KEY = True
    EVENTS = shortfall.POSTING
    PROMPT = True

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        new = {
            movement.id
            for r in batch
            if isinstance(r.event, cashbook.EntryRequested)
            for movement in r.event.movements
        } | {
            r.event.movement.id for r in batch if isinstance(r.event, cashbook.BankMovementRecorded)
        }
        closed = {
            movement_id
            for r in batch
            if isinstance(r.event, cashbook.EntrySettled | cashbook.EntryRejected)
            for movement_id in r.event.movement_ids
        }
        covered = {
            cashbook.movement_id(r.event.entry_id, 1)
            for r in batch
            if isinstance(r.event, shortfall.ShortfallCovered)
        }
        self._movements = self.open(MOVEMENTS, (closed | covered) - new)

    def fold(self, recorded: Recorded) -> None:
        match recorded.event:
            case cashbook.EntryRequested() as event:
                for movement in event.movements:
                    self._add(recorded, event.entry_id, movement, event.subject, event.reference)
            case cashbook.EntrySettled() as event:
                for movement_id in event.movement_ids:
                    row = self._close(movement_id, Status.SETTLED, recorded)
                    row.bank_date = event.bank_date
            case cashbook.EntryRejected() as event:
                for movement_id in event.movement_ids:
                    row = self._close(movement_id, Status.REJECTED, recorded)
                    row.bank_code = event.bank_code
            case cashbook.BankMovementRecorded(movement=movement) as event:
                inside = movement.payee if movement.payer == OUTSIDE else movement.payer
                self._add(recorded, event.entry_id, movement, owner_of(inside), event.bank_record)
                row = self._close(movement.id, Status.SETTLED, recorded)
                row.bank_date = event.bank_date
                row.origin = event.origin
                row.shortfall_fen = event.shortfall_fen
            case shortfall.ShortfallCovered(entry_id=entry_id, left_fen=left_fen):
                self._movements[cashbook.movement_id(entry_id, 1)].shortfall_fen = left_fen

    def _add(
        self,
        recorded: Recorded,
        entry_id: str,
        movement: cashbook.Movement,
        subject: str,
        reference: str,
    ) -> None:
        self._movements.add(
            MovementRow(
                movement_id=movement.id,
                entry_id=entry_id,
                purpose=movement.purpose.value,
                payer=movement.payer,
                payee=movement.payee,
                amount_fen=movement.amount_fen,
                interest_fen=movement.interest_fen,
                freeze_id=movement.freeze,
                subject=subject,
                reference=reference,
                status=Status.REQUESTED.value,
                requested_on=recorded.business_date,
                closed_on=None,
                bank_date=None,
                bank_code=None,
                origin=None,
                shortfall_fen=0,
                requested_position=recorded.position,
                closed_position=None,
            )
        )

    def _close(self, movement_id: str, status: Status, recorded: Recorded) -> MovementRow:
        row = self._movements[movement_id]
        row.status = status.value
        row.closed_on = recorded.business_date
        row.closed_position = recorded.position
        return row
