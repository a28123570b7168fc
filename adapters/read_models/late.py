"""What is late on the running day, of all or of one borrower: for those who collect it."""

from __future__ import annotations

from typing import Any

from psycopg import Cursor

from adapters.read_models.answers import LateLoan

_LATE = """
SELECT borrower_id, loan_id, min(due_on), max(today - due_on), count(*),
    sum(principal_fen)::bigint, sum(interest_fen)::bigint
FROM (
    SELECT loan_id, due_on,
        open_principal_fen + reserve_open_principal_fen
            + guarantor_open_principal_fen AS principal_fen,
        open_interest_fen + reserve_open_interest_fen
            + guarantor_open_interest_fen AS interest_fen
    FROM instalment WHERE billed
) AS line
    JOIN loan USING (loan_id)
    CROSS JOIN (SELECT max(business_date) AS today FROM business_day) AS running
WHERE due_on < today AND principal_fen + interest_fen > 0
    AND borrower_id = coalesce(%s, borrower_id)
GROUP BY borrower_id, loan_id
ORDER BY 3, 2"""


def late_loans(cursor: Cursor[Any], borrower_id: str | None = None) -> list[LateLoan]:
    """The longest late first. The cursor's schema is the views'."""
    cursor.execute(_LATE, (borrower_id,))
    return [LateLoan(*row) for row in cursor.fetchall()]
