"""What others paid in the borrower's place (代偿), as a part of the view `loans`: the reserve's
advances, the guarantors', and what one of them paid for what another, or the reserve, had paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from adapters.codec import Recorded
from adapters.read_models import loan_rows as t
from adapters.read_models.loan_history import History
from adapters.read_models.rows import Rows, Touched
from adapters.read_models.view import named
from domain import loan_events as e
from domain import loan_guarantee as g

Instalments = Rows[t.InstalmentRow]


class PaidInPlace:
    def __init__(self, tables: Touched, batch: Sequence[Recorded], history: History) -> None:
        self._history = history
        self._advances = tables.open(t.ADVANCES, named(batch, "payout_id"))
        self._guarantors = tables.open(t.GUARANTOR_ADVANCES, named(batch, "advance_id"))
        self._reimbursements = tables.open(t.REIMBURSEMENTS, named(batch, "reimbursement_id"))

    def touched(self) -> set[tuple[str, int]]:
        """Instalments that the batch pays or is about to pay."""
        touched = {(advance.loan_id, advance.period) for advance in self._advances}
        touched |= {(advance.loan_id, advance.period) for advance in self._guarantors}
        return touched | {(each.loan_id, each.period) for each in self._reimbursements}

    def fold_reserve(
        self,
        event: e.AdvanceOpened | e.AdvancePaid | e.AdvanceReleased,
        instalments: Instalments,
        on: date,
    ) -> None:
        match event:
            case e.AdvanceOpened():
                self._advances.add(
                    t.AdvanceRow(
                        payout_id=event.payout_id,
                        loan_id=event.loan_id,
                        period=event.period,
                        principal_fen=sum(event.principal),
                        interest_fen=sum(event.interest),
                        status="opened",
                    )
                )
            case e.AdvancePaid(payout_id=payout_id):
                self._take_over(self._advances[payout_id], instalments, on)
            case e.AdvanceReleased(payout_id=payout_id):
                self._advances[payout_id].status = "released"

    def _take_over(self, advance: t.AdvanceRow, instalments: Instalments, on: date) -> None:
        """The lines paid by the reserve are its own from now on."""
        advance.status = "paid"
        row = instalments[advance.loan_id, advance.period]
        self._history.keep_instalment(row, on)
        row.open_principal_fen -= advance.principal_fen
        row.open_interest_fen -= advance.interest_fen
        row.reserve_open_principal_fen += advance.principal_fen
        row.reserve_open_interest_fen += advance.interest_fen

    def fold_guarantee(
        self, event: g.LoanGuaranteeEvent, instalments: Instalments, on: date
    ) -> None:
        match event:
            case g.OverdueConfirmed(loan_id=loan_id, period=period):
                instalments[loan_id, period].confirmed = True
            case g.GuaranteeAdvanceOpened():
                self._guarantors.add(
                    t.GuarantorAdvanceRow(
                        advance_id=event.advance_id,
                        loan_id=event.loan_id,
                        period=event.period,
                        principal_fen=sum(event.principal),
                        interest_fen=sum(event.interest),
                        status="opened",
                        guarantor_id=event.guarantor_id,
                    )
                )
            case g.GuaranteeAdvancePaid(advance_id=advance_id):
                advance = self._guarantors[advance_id]
                advance.status = "paid"
                row = instalments[advance.loan_id, advance.period]
                self._history.keep_instalment(row, on)
                row.open_principal_fen -= advance.principal_fen
                row.open_interest_fen -= advance.interest_fen
                row.guarantor_open_principal_fen += advance.principal_fen
                row.guarantor_open_interest_fen += advance.interest_fen
            case g.GuaranteeAdvanceReleased(advance_id=advance_id):
                self._guarantors[advance_id].status = "released"

    def fold_reimbursement(
        self, event: g.LoanGuaranteeEvent, instalments: Instalments, on: date
    ) -> None:
        match event:
            case g.ReimbursementOpened():
                self._reimbursements.add(
                    t.ReimbursementRow(
                        reimbursement_id=event.reimbursement_id,
                        loan_id=event.loan_id,
                        period=event.period,
                        guarantor_id=event.guarantor_id,
                        paid_to=event.to,
                        principal_fen=event.principal_fen,
                        interest_fen=event.interest_fen,
                        status="opened",
                    )
                )
            case g.ReimbursementReleased(reimbursement_id=reimbursement_id):
                self._reimbursements[reimbursement_id].status = "released"
            case g.ReimbursementPaid(reimbursement_id=reimbursement_id):
                paid = self._reimbursements[reimbursement_id]
                paid.status = "paid"
                if paid.paid_to is None:
                    row = instalments[paid.loan_id, paid.period]
                    self._history.keep_instalment(row, on)
                    row.reserve_open_principal_fen -= paid.principal_fen
                    row.reserve_open_interest_fen -= paid.interest_fen
                    row.guarantor_open_principal_fen += paid.principal_fen
                    row.guarantor_open_interest_fen += paid.interest_fen
