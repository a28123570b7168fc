"""Loans (借款) with what is scheduled, billed, open, paid and overdue of them.

The same story that domain.loan folds for deciding, kept for reading: amounts over all claims, not
claim by claim (the view `positions` has those). What was owed before is kept by day
(loan_history), so that the book can be seen as it was known at the close of any.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg import Cursor

from adapters.codec import Recorded
from adapters.read_models import loan_rows as t
from adapters.read_models.loan_history import INSTALMENT_HISTORY, LOAN_HISTORY, History
from adapters.read_models.paid_in_place import PaidInPlace
from adapters.read_models.rows import Touched
from adapters.read_models.view import View, named
from domain import loan_events as e
from domain import loan_guarantee as g
from domain.early_part_events import EarlyPartBilled, EarlyPartUndone
from domain.loan import Status
from domain.policy import Provider
from domain.register import Part, Row


class Loans(View):
    NAME = "loans"
    TABLES = (
        t.LOANS,
        t.TENDERS,
        t.INSTALMENTS,
        t.PAYMENTS,
        t.PAYMENT_PARTS,
        t.ADVANCES,
        LOAN_HISTORY,
        INSTALMENT_HISTORY,
        t.GUARANTOR_ADVANCES,
        t.REIMBURSEMENTS,
    )
    EVENTS = e.EVENTS

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        self._history = History(tables)
        self._loans = self.open(t.LOANS, named(batch, "loan_id"))
        self._tenders = self.open(t.TENDERS, named(batch, "tender_id", made_by=e.TenderReserved))
        self._payments = self.open(t.PAYMENTS, named(batch, "payment_id"))
        self._in_place = PaidInPlace(tables, batch, self._history)
        self._new_parts = self.open(t.PAYMENT_PARTS)
        self._parts: dict[str, list[t.PaymentPartRow]] = defaultdict(list)
        for part in _routed_before(tables.cursor, batch):
            self._parts[part.payment_id].append(part)
        self._instalments = self.open(t.INSTALMENTS, self._touched_instalments(batch))

    def _touched_instalments(self, batch: Sequence[Recorded]) -> set[tuple[str, int]]:
        touched = {(part.loan_id, part.period) for parts in self._parts.values() for part in parts}
        touched |= self._in_place.touched()
        for recorded in batch:
            event: Any = recorded.event
            if hasattr(event, "period"):
                touched.add((event.loan_id, event.period))
            if isinstance(event, EarlyPartBilled | EarlyPartUndone):
                touched |= {(event.loan_id, row.period) for row in event.rows}
            if isinstance(event, e.RepaymentRouted):
                touched |= {(event.loan_id, part.period) for part in event.parts}
        return touched

    # -- funding ------------------------------------------------------------------------

    def fold(self, recorded: Recorded) -> None:
        match recorded.event:
            case e.LoanRequested() as event:
                self._request(event, recorded.business_date)
            case e.LoanRated(loan_id=loan_id, grade=grade):
                self._loan(loan_id, Status.RATED).grade = grade
            case e.LoanAdmitted(loan_id=loan_id, deadline=deadline):
                self._loan(loan_id, Status.ADMITTED).deadline = deadline
            case e.LoanPublished(loan_id=loan_id):
                self._loan(loan_id, Status.PUBLISHED)
            case e.ProjectRefused(loan_id=loan_id):
                self._loan(loan_id, Status.RATED)
            case e.LoanFilled(loan_id=loan_id, filled_on=filled_on):
                self._loan(loan_id, Status.FILLED).filled_on = filled_on
            case e.LoanMiscarried(loan_id=loan_id):
                self._loan(loan_id, Status.MISCARRIED)
            case e.LoanConcluded() as event:
                loan = self._loan(event.loan_id, Status.CONCLUDED)
                loan.concluded_on = event.concluded_on
                loan.contract_hash = event.contract_hash
                loan.policy_version = event.policy.version
                loan.protection = event.policy.scope.value
                loan.ageing = event.policy.ageing
            case e.DisbursementRequested() as event:
                loan = self._loan(event.loan_id, Status.DISBURSING)
                loan.fee_fen, loan.contribution_fen = event.fee_fen, event.contribution_fen
            case e.DisbursementRejected(loan_id=loan_id):
                self._loan(loan_id, Status.CONCLUDED)
            case e.LoanDisbursed() as event:
                self._disburse(event, recorded.business_date)
            case e.TenderReserved() | e.TenderSecured() | e.TenderDropped() as event:
                self._fold_tender(event)
            case g.LoanGuaranteed(stands_as=Provider.GUARANTOR) as event:
                loan = self._loans[event.loan_id]
                named_before = (loan.guarantor_ids,) if loan.guarantor_ids else ()
                loan.guarantor_ids = ",".join((*named_before, event.guarantor_id))
            case g.LoanGuaranteed():  # Who pays as a third party is no guarantor of the loan's.
                pass
            case (
                g.OverdueConfirmed()
                | g.GuaranteeAdvanceOpened()
                | g.GuaranteeAdvancePaid()
                | g.GuaranteeAdvanceReleased()
            ) as event:
                self._in_place.fold_guarantee(event, self._instalments, recorded.business_date)
            case (
                g.ReimbursementOpened() | g.ReimbursementPaid() | g.ReimbursementReleased()
            ) as event:
                self._in_place.fold_reimbursement(event, self._instalments, recorded.business_date)
            case _:
                self._fold_repayment(recorded)

    def _request(self, event: e.LoanRequested, on: date) -> None:
        self._loans.add(
            t.LoanRow(
                loan_id=event.loan_id,
                borrower_id=event.borrower_id,
                amount_fen=event.amount_fen,
                annual_rate=event.annual_rate,
                periods=event.periods,
                method=event.method.value,
                purpose=event.purpose,
                status=Status.REQUESTED.value,
                requested_on=on,
            )
        )

    def _fold_tender(self, event: e.TenderReserved | e.TenderSecured | e.TenderDropped) -> None:
        loan = self._loans[event.loan_id]
        match event:
            case e.TenderReserved(tender_id=tender_id, amount_fen=amount_fen):
                self._tenders.add(
                    t.TenderRow(tender_id, loan.loan_id, event.investor_id, amount_fen, "reserved")
                )
                loan.reserved_fen += amount_fen
            case e.TenderSecured(tender_id=tender_id):
                tender = self._tenders[tender_id]
                tender.status = "secured"
                loan.secured_fen += tender.amount_fen
            case e.TenderDropped(tender_id=tender_id):
                tender = self._tenders[tender_id]
                tender.status = "dropped"
                loan.reserved_fen -= tender.amount_fen

    def _disburse(self, event: e.LoanDisbursed, on: date) -> None:
        loan = self._loan(event.loan_id, Status.REPAYING)
        self._history.keep_loan(loan, on)
        loan.disbursed_on = event.disbursed_on
        loan.outstanding_principal_fen = sum(claim.principal_fen for claim in event.claims)
        loan.unbilled_interest_fen = sum(row.interest_fen for row in event.schedule)
        loan.outstanding_interest_fen = loan.unbilled_interest_fen
        for row in event.schedule:
            self._instalments.add(t.InstalmentRow(event.loan_id, *row))

    # -- repayment ----------------------------------------------------------------------

    def _fold_repayment(self, recorded: Recorded) -> None:
        match recorded.event:
            case e.InstalmentBilled() as event:
                self._bill(event, recorded.business_date)
            case e.EarlyBillingUndone() | e.CallInUndone() as event:
                self._unbill(event, recorded.business_date)
            case EarlyPartBilled() as event:
                self._bill_part(event, recorded.business_date)
            case EarlyPartUndone() as event:
                self._unbill_part(event, recorded.business_date)
            case e.DueDateRolled(loan_id=loan_id, period=period, due_on=due_on):
                row = self._instalments[loan_id, period]
                self._history.keep_instalment(row, recorded.business_date)
                row.due_on = due_on
            case e.InstalmentOverdue(loan_id=loan_id, period=period):
                self._loan(loan_id, Status.OVERDUE).overdue_instalments += 1
                self._instalments[loan_id, period].overdue = True
            case e.ClaimFiled(loan_id=loan_id, period=period):
                self._instalments[loan_id, period].filed = True
            case e.CourtCostsAwarded(loan_id=loan_id, period=period, amount_fen=amount_fen):
                self._instalments[loan_id, period].other_fee_fen += amount_fen
            case e.AdvanceOpened() | e.AdvancePaid() | e.AdvanceReleased() as event:
                self._in_place.fold_reserve(event, self._instalments, recorded.business_date)
            case e.LoanSettled(loan_id=loan_id, settled_on=settled_on):
                self._loan(loan_id, Status.SETTLED).settled_on = settled_on
            case _:
                self._fold_payment(recorded)

    def _fold_payment(self, recorded: Recorded) -> None:
        match recorded.event:
            case e.RepaymentAccepted() as event:
                self._payments.add(
                    t.PaymentRow(
                        payment_id=event.payment_id,
                        loan_id=event.loan_id,
                        amount_fen=event.amount_fen,
                        in_full=event.in_full,
                        effective_on=event.effective_on,
                        status="accepted",
                        accepted_on=recorded.business_date,
                        in_part=event.in_part,
                    )
                )
            case e.RepaymentHeld(payment_id=payment_id):
                self._payments[payment_id].status = "held"
            case e.RepaymentRouted() as event:
                self._route(event, recorded.business_date)
            case e.RepaymentSettled() as event:
                self._settle(event, recorded.business_date)
            case e.RepaymentFailed(payment_id=payment_id, bank_code=bank_code):
                payment = self._payments[payment_id]
                payment.status, payment.closed_on = "failed", recorded.business_date
                payment.bank_code = bank_code

    def _bill(self, event: e.InstalmentBilled, on: date) -> None:
        row = self._instalments[event.loan_id, event.period]
        self._history.keep_instalment(row, on)
        row.billed, row.due_on = True, event.due_on
        row.billed_principal_fen = row.open_principal_fen = sum(event.principal)
        row.billed_interest_fen = row.open_interest_fen = sum(event.interest)
        if not row.open_fen:  # An annuity that was rounded up cleared before its last row.
            row.paid_on = on
        loan = self._loans[event.loan_id]
        if event.whole_rest:  # Interest of months that do not begin any more falls away.
            self._history.keep_loan(loan, on)
            loan.rest_billed_with = event.period
            loan.outstanding_interest_fen += row.billed_interest_fen - loan.unbilled_interest_fen
        else:
            loan.unbilled_interest_fen -= row.billed_interest_fen

    def _unbill(self, event: e.EarlyBillingUndone | e.CallInUndone, on: date) -> None:
        row = self._instalments[event.loan_id, event.period]
        loan = self._loans[event.loan_id]
        self._history.keep_instalment(row, on)
        self._history.keep_loan(loan, on)
        loan.outstanding_interest_fen += loan.unbilled_interest_fen - row.billed_interest_fen
        loan.overdue_instalments -= int(row.overdue)
        loan.status = (Status.OVERDUE if loan.overdue_instalments else Status.REPAYING).value
        loan.rest_billed_with = None
        row.billed = row.overdue = False
        row.billed_principal_fen = row.open_principal_fen = 0
        row.billed_interest_fen = row.open_interest_fen = 0
        if isinstance(event, e.CallInUndone):
            row.due_on = event.due_on
            row.filed = row.confirmed = False

    def _bill_part(self, event: EarlyPartBilled, on: date) -> None:
        """An instalment of its own, which no schedule has; it stays when it is undone."""
        principal_fen, interest_fen = sum(event.principal), sum(event.interest)
        key = event.loan_id, event.period
        row = self._instalments.get(key) or self._instalments.add(
            t.InstalmentRow(*key, event.due_on, principal_fen, interest_fen)
        )
        self._history.keep_instalment(row, on)
        row.billed = True
        row.billed_principal_fen = row.open_principal_fen = principal_fen
        row.billed_interest_fen = row.open_interest_fen = interest_fen
        self._redraw(event.loan_id, event.rows, interest_fen, on)

    def _unbill_part(self, event: EarlyPartUndone, on: date) -> None:
        row = self._instalments[event.loan_id, event.period]
        self._history.keep_instalment(row, on)
        taken_fen = row.billed_interest_fen
        row.billed_principal_fen = row.open_principal_fen = 0
        row.billed_interest_fen = row.open_interest_fen = 0
        self._redraw(event.loan_id, event.rows, -taken_fen, on)

    def _redraw(self, loan_id: str, rows: Sequence[Row], billed_fen: int, on: date) -> None:
        """The schedule to come, where there is one; `billed_fen`: interest that was billed."""
        loan = self._loans[loan_id]
        self._history.keep_loan(loan, on)
        loan.outstanding_interest_fen += billed_fen
        if rows:
            to_come_fen = sum(row.interest_fen for row in rows)
            loan.outstanding_interest_fen += to_come_fen - loan.unbilled_interest_fen
            loan.unbilled_interest_fen = to_come_fen
        for row in rows:
            known = self._instalments[loan_id, row.period]
            known.principal_fen, known.interest_fen = row.principal_fen, row.interest_fen

    def _route(self, event: e.RepaymentRouted, on: date) -> None:
        payment = self._payments[event.payment_id]
        payment.left_fen = event.left_fen
        if event.entry_id is None:
            payment.status, payment.closed_on = "returned", on
            return
        payment.status = "routed"
        for part in event.parts:
            owed_fen = self._instalments[event.loan_id, part.period].other_fee_fen
            row = self._new_parts.add(_part_row(event, part, owed_fen))
            self._parts[event.payment_id].append(row)

    def _settle(self, event: e.RepaymentSettled, on: date) -> None:
        payment = self._payments[event.payment_id]
        payment.status, payment.closed_on = "settled", on
        loan = self._loans[event.loan_id]
        self._history.keep_loan(loan, on)
        loan.outstanding_principal_fen -= event.principal_fen
        for part in self._parts[event.payment_id]:
            row = self._instalments[part.loan_id, part.period]
            was_late = row.overdue and row.base_fen > 0
            self._history.keep_instalment(row, on)
            loan.outstanding_interest_fen -= part.interest_fen + part.reserve_interest_fen
            loan.outstanding_interest_fen -= part.guarantor_interest_fen
            row.open_principal_fen -= part.principal_fen
            row.open_interest_fen -= part.interest_fen
            row.reserve_open_principal_fen -= part.reserve_principal_fen
            row.reserve_open_interest_fen -= part.reserve_interest_fen
            row.guarantor_open_principal_fen -= part.guarantor_principal_fen
            row.guarantor_open_interest_fen -= part.guarantor_interest_fen
            row.penalty_paid_fen += (
                part.penalty_fen + part.reserve_penalty_fen + part.guarantor_penalty_fen
            )
            row.other_fee_fen -= part.other_fee_fen
            row.overdue_fee_paid_fen += part.overdue_fee_fen
            if not row.open_fen:
                row.paid_on = payment.effective_on
            loan.overdue_instalments -= int(was_late and not row.base_fen)
        loan.status = (Status.OVERDUE if loan.overdue_instalments else Status.REPAYING).value

    def _loan(self, loan_id: str, status: Status) -> t.LoanRow:
        loan = self._loans[loan_id]
        loan.status = status.value
        return loan


def _routed_before(cursor: Cursor[Any], batch: Sequence[Recorded]) -> list[t.PaymentPartRow]:
    """The parts of the payments that `batch` settles and an earlier batch routed."""
    settled = [r.event.payment_id for r in batch if isinstance(r.event, e.RepaymentSettled)]
    if not settled:
        return []
    return t.PAYMENT_PARTS.select(cursor, "payment_id = ANY(%s::text[])", settled)


def _part_row(event: e.RepaymentRouted, part: Part, other_fee_fen: int) -> t.PaymentPartRow:
    """`other_fee_fen`: what is open of it; it is settled before the overdue fee."""
    other_fee_fen = min(part.overdue_fee_fen, other_fee_fen)
    recourse = [each for each in event.recourse if each.period == part.period]
    return t.PaymentPartRow(
        payment_id=event.payment_id,
        period=part.period,
        loan_id=event.loan_id,
        principal_fen=sum(part.principal),
        interest_fen=sum(part.interest),
        penalty_fen=sum(part.penalty),
        reserve_principal_fen=part.reserve_principal_fen,
        reserve_interest_fen=part.reserve_interest_fen,
        reserve_penalty_fen=part.reserve_penalty_fen,
        overdue_fee_fen=part.overdue_fee_fen - other_fee_fen,
        other_fee_fen=other_fee_fen,
        guarantor_principal_fen=sum(back.principal_fen for back in recourse),
        guarantor_interest_fen=sum(back.interest_fen for back in recourse),
        guarantor_penalty_fen=sum(back.penalty_fen for back in recourse),
    )
