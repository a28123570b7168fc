"""Assignments (债权转让): what claims are on sale, and what became of those that were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from adapters.codec import Recorded
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View, named
from domain import assignment as a
from domain.assignment import Status


@dataclass(slots=True)
class AssignmentRow:
    """The buyer pays `price_fen` and `accrued_fen`, the seller `fee_fen` of it. `closed_on`: when
    it was settled or ended, and `reason` why it ended."""

    assignment_id: str
    loan_id: str
    claim_id: str
    seller_id: str
    principal_fen: int
    price_fen: int
    valid_until: date
    offered_on: date
    status: str  # domain.assignment.Status
    buyer_id: str | None = None
    bought_on: date | None = None
    accrued_fen: int = 0
    fee_fen: int = 0
    closed_on: date | None = None
    reason: str | None = None  # domain.assignment.Reason
    bank_code: str | None = None


ASSIGNMENTS = Table(
    "assignment", AssignmentRow, key=["assignment_id"], indexes=["loan_id", "status"]
)


class Assignments(View):
    NAME = "assignments"
    TABLES = (ASSIGNMENTS,)
    EVENTS = a.EVENTS
    BY_KEY = True

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        self._rows = self.open(ASSIGNMENTS, named(batch, "assignment_id"))

    def fold(self, recorded: Recorded) -> None:
        on = recorded.business_date
        match recorded.event:
            case a.AssignmentOffered() as event:
                self._rows.add(
                    AssignmentRow(
                        assignment_id=event.assignment_id,
                        loan_id=event.loan_id,
                        claim_id=event.claim_id,
                        seller_id=event.seller_id,
                        principal_fen=event.principal_fen,
                        price_fen=event.price_fen,
                        valid_until=event.valid_until,
                        offered_on=on,
                        status=Status.OFFERED.value,
                    )
                )
            case a.AssignmentListed(assignment_id=assignment_id):
                self._row(assignment_id, Status.LISTED)
            case a.AssignmentBought() as event:
                row = self._row(event.assignment_id, Status.BOUGHT)
                row.buyer_id, row.bought_on = event.buyer_id, event.bought_on
                row.accrued_fen, row.fee_fen = event.accrued_fen, event.fee_fen
            case a.AssignmentSettled(assignment_id=assignment_id, settled_on=settled_on):
                self._row(assignment_id, Status.SETTLED).closed_on = settled_on
            case a.AssignmentEnded() as event:
                row = self._row(event.assignment_id, Status.ENDED)
                row.closed_on, row.reason = on, event.reason.value
                row.bank_code = event.bank_code or None

    def _row(self, assignment_id: str, status: Status) -> AssignmentRow:
        row = self._rows[assignment_id]
        row.status = status.value
        return row
