"""Which collection cases a date decides (催收): set-based, over the views."""

from __future__ import annotations

from datetime import date
from typing import Any

from psycopg import Connection, sql

from domain.collection_rules import CollectionRulesSet

_TO_ASSESS = """
WITH stage AS (
    SELECT name, from_days, lead(from_days) OVER (ORDER BY from_days) AS to_days
    FROM unnest(%(stages)s::text[], %(from_days)s::bigint[]) AS given (name, from_days)
), late AS (
    SELECT l.borrower_id, %(today)s - min(i.due_on) AS days
    FROM {0}.instalment i JOIN {0}.loan l USING (loan_id)
    WHERE l.status = 'overdue' AND i.overdue
      AND i.open_principal_fen + i.open_interest_fen
          + i.reserve_open_principal_fen + i.reserve_open_interest_fen
          + i.guarantor_open_principal_fen + i.guarantor_open_interest_fen > 0
    GROUP BY l.borrower_id
), staged AS (
    SELECT borrower_id, name FROM late
    LEFT JOIN stage ON days >= from_days AND (to_days IS NULL OR days < to_days)
), open_case AS (
    SELECT borrower_id, stage, promise_id FROM {0}.collection_case WHERE closed_on IS NULL
)
SELECT borrower_id
FROM staged FULL JOIN open_case USING (borrower_id)
LEFT JOIN {0}.collection_promise p USING (borrower_id, promise_id)
WHERE (open_case.borrower_id IS NULL AND name IS NOT NULL)
   OR (open_case.borrower_id IS NOT NULL AND staged.borrower_id IS NULL)
   OR (open_case.borrower_id IS NOT NULL AND name IS NOT NULL AND name IS DISTINCT FROM stage)
   OR p.paid_fen >= p.amount_fen OR p.pay_by < %(today)s
ORDER BY borrower_id
"""


def cases_to_assess(
    connection: Connection[Any], views: sql.Identifier, rules: CollectionRulesSet, today: date
) -> list[str]:
    """Borrowers whose case is to be opened, staged or closed, or whose promise is to be ended."""
    values = {
        "today": today,
        "stages": [each.stage.value for each in rules.stages],
        "from_days": [each.from_days for each in rules.stages],
    }
    return [row[0] for row in connection.execute(sql.SQL(_TO_ASSESS).format(views), values)]
