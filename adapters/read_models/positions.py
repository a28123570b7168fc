"""Positions (持仓): every investor's claims, what is open of them and what they received.

What a claim received is known only here. What the reserve paid counts as received, and is given by
itself in `from_reserve_fen` too: with it the claim passes to the reserve.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Cursor

from adapters.codec import Recorded
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View, named
from domain import investment as i
from domain import loan_events as e
from domain.investment import Status
from domain.register import Vector


@dataclass(slots=True)
class ClaimRow:
    tender_id: str
    loan_id: str
    investor_id: str
    status: str  # domain.investment.Status
    principal_fen: int  # What was offered, and lent once the loan is disbursed.
    placed_on: date
    place: int | None = None  # In the loan's register, from 0: what vectors are aligned with.
    open_principal_fen: int = 0
    received_principal_fen: int = 0
    received_interest_fen: int = 0
    received_penalty_fen: int = 0
    from_reserve_fen: int = 0


@dataclass(slots=True)
class MoneyOnItsWay:
    """What a routed payment or an opened advance brings to the claims of a loan, when it settles.

    `parts` is a JSON list of [principal, interest, penalty] in the register's order.
    """

    key: str
    parts: str


CLAIMS = Table("claim", ClaimRow, key=["tender_id"], indexes=["investor_id", "loan_id"])
ON_ITS_WAY = Table("claim_money_on_its_way", MoneyOnItsWay, key=["key"])

_STATUS: dict[type, Status] = {
    i.TenderFrozen: Status.FROZEN,
    i.TenderRefused: Status.REFUSED,
    i.TenderReleased: Status.RELEASED,
    i.InvestmentConcluded: Status.CONCLUDED,
    i.InvestmentClosed: Status.CLOSED,
}


class Positions(View):
    NAME = "positions"
    TABLES = (CLAIMS, ON_ITS_WAY)
    EVENTS = (
        *i.EVENTS,
        e.LoanDisbursed,
        e.RepaymentRouted,
        e.RepaymentSettled,
        e.RepaymentFailed,
        e.AdvanceOpened,
        e.AdvancePaid,
        e.AdvanceReleased,
    )

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        payments = {_payment(payment_id) for payment_id in named(batch, "payment_id")}
        advances = {_advance(payout_id) for payout_id in named(batch, "payout_id")}
        self._on_its_way = self.open(ON_ITS_WAY, payments | advances)
        tenders = named(batch, "tender_id", made_by=i.TenderPlaced)
        self._registers: dict[str, list[str]] = defaultdict(list)
        for tender_id, loan_id in _paid_registers(tables.cursor, batch):
            self._registers[loan_id].append(tender_id)
            tenders.add(tender_id)
        for recorded in batch:
            if isinstance(recorded.event, e.LoanDisbursed):
                tenders.update(claim.tender_id for claim in recorded.event.claims)
        self._claims = self.open(CLAIMS, tenders)

    def fold(self, recorded: Recorded) -> None:
        match recorded.event:
            case i.TenderPlaced() as event:
                self._claims.add(
                    ClaimRow(
                        tender_id=event.tender_id,
                        loan_id=event.loan_id,
                        investor_id=event.investor_id,
                        status=Status.PLACED.value,
                        principal_fen=event.amount_fen,
                        placed_on=recorded.business_date,
                    )
                )
            case e.LoanDisbursed() as event:
                self._registers[event.loan_id] = [claim.tender_id for claim in event.claims]
                for place, claim in enumerate(event.claims):
                    row = self._claims[claim.tender_id]
                    row.place, row.open_principal_fen = place, claim.principal_fen
            case e.RepaymentRouted() as event if event.entry_id is not None:
                self._send(
                    _payment(event.payment_id),
                    _summed([part.principal for part in event.parts]),
                    _summed([part.interest for part in event.parts]),
                    _summed([part.penalty for part in event.parts]),
                )
            case e.RepaymentSettled() as event:
                self._receive(event.loan_id, _payment(event.payment_id), from_reserve=False)
            case e.RepaymentFailed(payment_id=payment_id):
                if self._on_its_way.get(_payment(payment_id)):  # Else the freeze was refused.
                    self._on_its_way.pop(_payment(payment_id))
            case e.AdvanceOpened() as event:
                none = (0,) * len(event.principal)
                self._send(_advance(event.payout_id), event.principal, event.interest, none)
            case e.AdvancePaid() as event:
                self._receive(event.loan_id, _advance(event.payout_id), from_reserve=True)
            case e.AdvanceReleased(payout_id=payout_id):
                self._on_its_way.pop(_advance(payout_id))
            case (
                i.TenderFrozen()
                | i.TenderRefused()
                | i.TenderReleased()
                | i.InvestmentConcluded()
                | i.InvestmentClosed()
            ) as event:
                self._claims[event.tender_id].status = _STATUS[type(event)].value

    def _send(self, key: str, principal: Vector, interest: Vector, penalty: Vector) -> None:
        parts = list(zip(principal, interest, penalty, strict=True))
        self._on_its_way.add(MoneyOnItsWay(key, json.dumps(parts, separators=(",", ":"))))

    def _receive(self, loan_id: str, key: str, *, from_reserve: bool) -> None:
        parts = json.loads(self._on_its_way.pop(key).parts)
        for tender_id, part in zip(self._registers[loan_id], parts, strict=True):
            principal_fen, interest_fen, penalty_fen = part
            claim = self._claims[tender_id]
            claim.open_principal_fen -= principal_fen
            claim.received_principal_fen += principal_fen
            claim.received_interest_fen += interest_fen
            claim.received_penalty_fen += penalty_fen
            if from_reserve:
                claim.from_reserve_fen += principal_fen + interest_fen


def _payment(payment_id: str) -> str:
    return f"payment {payment_id}"


def _advance(payout_id: str) -> str:
    return f"advance {payout_id}"


def _summed(vectors: Sequence[Vector]) -> Vector:
    return tuple(map(sum, zip(*vectors, strict=True)))


def _paid_registers(cursor: Cursor[Any], batch: Sequence[Recorded]) -> list[tuple[str, str]]:
    """(tender, loan) in the register's order, for loans whose claims `batch` pays on."""
    loans = {
        recorded.event.loan_id
        for recorded in batch
        if isinstance(recorded.event, e.RepaymentSettled | e.AdvancePaid)
    }
    if not loans:
        return []
    cursor.execute(
        "SELECT tender_id, loan_id FROM claim WHERE loan_id = ANY(%s::text[])"
        " AND place IS NOT NULL ORDER BY loan_id, place",
        (list(loans),),
    )
    return cursor.fetchall()
