"""What loans owed and instalments had open before: one row for each stretch of days between two
changes, as it was known at the close of each of them.

The stretch that still runs is the row of the loan or instalment itself (`outstanding_since`,
`open_since`). What changed again on the same day, and what was nothing, leaves no row: a loan that
is paid on its days has none of its instalments here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from adapters.read_models.loan_rows import InstalmentRow, LoanRow
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table


@dataclass(slots=True)
class LoanHistoryRow:
    """Known at the close of the business days from `from_on` on, and before `to_on`."""

    loan_id: str
    from_on: date
    to_on: date
    principal_fen: int
    interest_fen: int


@dataclass(slots=True)
class InstalmentHistoryRow:
    """Billed and open at the close of the business days from `from_on` on, and before `to_on`."""

    loan_id: str
    period: int
    from_on: date
    to_on: date
    due_on: date
    open_principal_fen: int
    open_interest_fen: int
    reserve_open_principal_fen: int
    reserve_open_interest_fen: int
    guarantor_open_principal_fen: int
    guarantor_open_interest_fen: int


LOAN_HISTORY = Table("loan_history", LoanHistoryRow, key=["loan_id", "from_on"])
INSTALMENT_HISTORY = Table(
    "instalment_history", InstalmentHistoryRow, key=["loan_id", "period", "from_on"]
)


class History:
    """Called before a row's amounts change on the business date `on`."""

    def __init__(self, tables: Touched) -> None:
        self._loans = tables.open(LOAN_HISTORY)
        self._instalments = tables.open(INSTALMENT_HISTORY)

    def keep_loan(self, loan: LoanRow, on: date) -> None:
        since, loan.outstanding_since = loan.outstanding_since, on
        owed_fen = loan.outstanding_principal_fen + loan.outstanding_interest_fen
        if since is not None and since < on and owed_fen:
            self._loans.add(
                LoanHistoryRow(
                    loan_id=loan.loan_id,
                    from_on=since,
                    to_on=on,
                    principal_fen=loan.outstanding_principal_fen,
                    interest_fen=loan.outstanding_interest_fen,
                )
            )

    def keep_instalment(self, row: InstalmentRow, on: date) -> None:
        since, row.open_since = row.open_since, on
        if since is not None and since < on and row.open_fen:
            self._instalments.add(
                InstalmentHistoryRow(
                    loan_id=row.loan_id,
                    period=row.period,
                    from_on=since,
                    to_on=on,
                    due_on=row.due_on,
                    open_principal_fen=row.open_principal_fen,
                    open_interest_fen=row.open_interest_fen,
                    reserve_open_principal_fen=row.reserve_open_principal_fen,
                    reserve_open_interest_fen=row.reserve_open_interest_fen,
                    guarantor_open_principal_fen=row.guarantor_open_principal_fen,
                    guarantor_open_interest_fen=row.guarantor_open_interest_fen,
                )
            )
