"""The reserve (风险准备金): its queue of claims, its payouts, and the flows of its money.

A flow counts when the bank has moved the money, so contributed + seeded + recovered + other - paid
- surplus is what the reserve's account holds, frozen money included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from adapters.codec import Recorded
from adapters.read_models.rows import Rows, Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View, named
from domain import cashbook, shortfall
from domain import reserve as r
from domain.accounts import RESERVE_ACCOUNT
from domain.cashbook import Movement
from domain.purposes import Purpose


@dataclass(slots=True)
class ReserveClaimRow:
    """`status`: waiting, held (a payout is at the bank), paid, dropped."""

    claim_id: str
    loan_id: str
    period: int
    arose_on: date
    overdue_on: date
    eligible_on: date
    policy_version: str
    status: str
    filed_fen: int
    paid_fen: int


@dataclass(slots=True)
class ReservePayoutRow:
    """`status`: held, paid, released. `rules`: those applied, as in "1,2,5"."""

    payout_id: str
    claim_id: str
    loan_id: str
    amount_fen: int
    claim_fen: int
    bucket: str
    rules: str
    policy_version: str
    status: str
    run_on: date
    closed_on: date | None
    bank_code: str | None


@dataclass(slots=True)
class ReserveFlowRow:
    """`flow`: contributed, seeded, recovered, paid, surplus; other (bank interest, adjustments,
    reversals) is signed."""

    flow: str
    amount_fen: int


@dataclass(slots=True)
class OpenFlowRow:
    entry_id: str
    flow: str
    amount_fen: int


RESERVE_CLAIMS = Table("reserve_claim", ReserveClaimRow, key=["claim_id"])
RESERVE_PAYOUTS = Table("reserve_payout", ReservePayoutRow, key=["payout_id"], indexes=["claim_id"])
RESERVE_FLOWS = Table("reserve_flow", ReserveFlowRow, key=["flow"])
OPEN_FLOWS = Table("reserve_open_flow", OpenFlowRow, key=["entry_id"])

FLOWS = {
    Purpose.RESERVE_CONTRIBUTION: "contributed",
    Purpose.RECHARGE: "seeded",
    Purpose.SUBROGATED_RECOVERY: "recovered",
    Purpose.REIMBURSEMENT: "recovered",
    Purpose.RESERVE_PAYOUT: "paid",
    Purpose.RESERVE_SURPLUS: "surplus",
}
OTHER = "other"


class Reserve(View):
    NAME = "reserve"
    TABLES = (RESERVE_CLAIMS, RESERVE_PAYOUTS, RESERVE_FLOWS, OPEN_FLOWS)
    BY_KEY = True
    EVENTS = (*r.EVENTS, *shortfall.POSTING)

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        self._claims = self.open(RESERVE_CLAIMS, named(batch, "claim_id"))
        self._payouts = self.open(RESERVE_PAYOUTS, named(batch, "payout_id"))
        self._open_flows = self.open(
            OPEN_FLOWS, named(batch, "entry_id", made_by=cashbook.EntryRequested)
        )

    @cached_property
    def _flows(self) -> Rows[ReserveFlowRow]:
        return self.open(RESERVE_FLOWS, {*FLOWS.values(), OTHER})

    def fold(self, recorded: Recorded) -> None:
        match recorded.event:
            case cashbook.EntryRequested() as event:
                flow = _flow_of(event.movements)
                if flow is not None:
                    self._open_flows.add(OpenFlowRow(event.entry_id, *flow))
            case cashbook.EntrySettled(entry_id=entry_id):
                if self._open_flows.get(entry_id):
                    settled = self._open_flows.pop(entry_id)
                    self._flow(settled.flow, settled.amount_fen)
            case cashbook.EntryRejected(entry_id=entry_id):
                if self._open_flows.get(entry_id):
                    self._open_flows.pop(entry_id)
            case cashbook.BankMovementRecorded(legs=legs) | shortfall.ShortfallCovered(legs=legs):
                for leg in legs:
                    if leg.account == RESERVE_ACCOUNT:
                        self._flow(OTHER, leg.available_fen)
            case _:
                self._fold_queue(recorded)

    def _fold_queue(self, recorded: Recorded) -> None:
        match recorded.event:
            case r.ClaimQueued() as event:
                self._claims.add(
                    ReserveClaimRow(
                        claim_id=event.claim_id,
                        loan_id=event.loan_id,
                        period=event.period,
                        arose_on=event.arose_on,
                        overdue_on=event.overdue_on,
                        eligible_on=event.eligible_on,
                        policy_version=event.policy_version,
                        status="waiting",
                        filed_fen=event.amount_fen,
                        paid_fen=0,
                    )
                )
            case r.PayoutHeld() as event:
                self._hold(event)
            case r.PayoutPaid() as event:
                self._close(event.payout_id, "paid", recorded)
                claim = self._claims[event.claim_id]
                claim.paid_fen += event.amount_fen
                claim.status = "paid" if event.in_full else "waiting"
            case r.PayoutReleased() as event:
                self._close(event.payout_id, "released", recorded).bank_code = event.bank_code
                self._claims[event.claim_id].status = "waiting"
            case r.ClaimDropped(claim_id=claim_id):
                self._claims[claim_id].status = "dropped"

    def _hold(self, event: r.PayoutHeld) -> None:
        self._claims[event.claim_id].status = "held"
        self._payouts.add(
            ReservePayoutRow(
                payout_id=event.payout_id,
                claim_id=event.claim_id,
                loan_id=event.loan_id,
                amount_fen=event.amount_fen,
                claim_fen=event.claim_fen,
                bucket=event.bucket,
                rules=",".join(map(str, event.rules)),
                policy_version=event.policy_version,
                status="held",
                run_on=event.run_on,
                closed_on=None,
                bank_code=None,
            )
        )

    def _close(self, payout_id: str, status: str, recorded: Recorded) -> ReservePayoutRow:
        payout = self._payouts[payout_id]
        payout.status, payout.closed_on = status, recorded.business_date
        return payout

    def _flow(self, flow: str, amount_fen: int) -> None:
        row = self._flows.get(flow) or self._flows.add(ReserveFlowRow(flow, 0))
        row.amount_fen += amount_fen


def _flow_of(movements: Sequence[Movement]) -> tuple[str, int] | None:
    """What an entry means for the reserve: all of its movements there have one purpose."""
    mine = [m for m in movements if RESERVE_ACCOUNT in (m.payer, m.payee)]
    if not mine:
        return None
    flow = FLOWS.get(mine[0].purpose, OTHER)
    if flow == OTHER:
        signed = (m.amount_fen if m.payee == RESERVE_ACCOUNT else -m.amount_fen for m in mine)
        return flow, sum(signed)
    return flow, sum(movement.amount_fen for movement in mine)
