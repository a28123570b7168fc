"""What the actors of a demo look at: the views, as any platform service would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, LiteralString, NamedTuple

from psycopg import sql

from adapters.read_models.store import views_schema
from infra.postgres import connect


class Owed(NamedTuple):
    loan_id: str
    billed_fen: int  # Open on what is billed, to whomever.
    outstanding_fen: int  # All principal.


class Looks:
    """Every look first has the views follow the log: `catch_up`."""

    def __init__(self, url: str, platform: str, catch_up: Callable[[], object]) -> None:
        self._catch_up = catch_up
        self._connection = connect(url, autocommit=True)
        self._views = sql.Identifier(views_schema(platform))

    def close(self) -> None:
        self._connection.close()

    def available(self, accounts: Sequence[str]) -> dict[str, int]:
        rows = self._rows(
            "SELECT account, available_fen FROM {}.account WHERE account = ANY(%s)", list(accounts)
        )
        return dict.fromkeys(accounts, 0) | dict(rows)

    def loans_in(self, status: str, loan_ids: Sequence[str]) -> list[str]:
        rows = self._rows(
            "SELECT loan_id FROM {}.loan WHERE status = %s AND loan_id = ANY(%s) ORDER BY loan_id",
            status,
            list(loan_ids),
        )
        return [row[0] for row in rows]

    def left_fen(self, loan_ids: Sequence[str]) -> dict[str, int]:
        """Of loans that take tenders."""
        return dict(
            self._rows(
                "SELECT loan_id, amount_fen - reserved_fen FROM {}.loan"
                " WHERE status = 'published' AND loan_id = ANY(%s)",
                list(loan_ids),
            )
        )

    def due_dates(self, loan_ids: Sequence[str]) -> dict[str, list[date]]:
        dates: dict[str, list[date]] = {}
        for loan_id, due_on in self._rows(
            "SELECT loan_id, due_on FROM {}.instalment WHERE loan_id = ANY(%s)"
            " ORDER BY loan_id, period",
            list(loan_ids),
        ):
            dates.setdefault(loan_id, []).append(due_on)
        return dates

    def owed(self, loan_ids: Sequence[str]) -> dict[str, Owed]:
        """Loans in repayment only."""
        rows = self._rows(
            "SELECT l.loan_id, coalesce(sum(i.open_principal_fen + i.open_interest_fen"
            " + i.reserve_open_principal_fen + i.reserve_open_interest_fen"
            " + i.guarantor_open_principal_fen + i.guarantor_open_interest_fen), 0)::bigint,"
            " l.outstanding_principal_fen FROM {0}.loan l"
            " LEFT JOIN {0}.instalment i ON i.loan_id = l.loan_id AND i.billed"
            " WHERE l.status IN ('repaying', 'overdue') AND l.loan_id = ANY(%s)"
            " GROUP BY l.loan_id, l.outstanding_principal_fen",
            list(loan_ids),
        )
        return {row[0]: Owed(*row) for row in rows}

    def _rows(self, query: LiteralString, *values: object) -> list[Any]:
        self._catch_up()
        return self._connection.execute(sql.SQL(query).format(self._views), values).fetchall()
