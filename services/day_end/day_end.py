"""The day end (日终): rolls the business date and asks for everything that the new date decides.

Set-based to find what is due, one command a loan to decide it, ids from (date, loan): run again,
the same commands find their receipts and append nothing; interrupted, the rest is still found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import LiteralString, TypedDict

from psycopg import sql

from adapters.commanding import Commands, Receipt
from adapters.event_log import LogReader
from adapters.read_models.store import views_schema
from domain import commands as c
from domain.policy import PolicyPublished, PolicyTerms, Provider, Scope
from domain.streams import POLICY
from infra.postgres import connect

ACTOR = "day-end"


class DayEndFailed(Exception):
    """The writer refused what the day end must do: a person has to look."""


@dataclass(frozen=True, slots=True)
class DayEndResult:
    business_date: date
    assessed: int
    miscarried: int


class DayEnd:
    """`catch_up` brings the views up to the end of the log: what is due is found there."""

    def __init__(
        self, url: str, platform: str, commands: Commands, catch_up: Callable[[], object]
    ) -> None:
        self._platform = platform
        self._commands = commands
        self._catch_up = catch_up
        self._connection = connect(url, autocommit=True)
        self._log = LogReader(url, platform)
        self._views = sql.Identifier(views_schema(platform))
        self._done: date | None = None  # The last day that was run to its end from here.

    def close(self) -> None:
        self._connection.close()
        self._log.close()

    def business_date(self) -> date:
        """The running day, as the views know it. Raises DayEndFailed before the platform opened."""
        self._catch_up()
        row = self._connection.execute(
            sql.SQL(
                "SELECT business_date FROM {}.business_day WHERE closing_position IS NULL"
            ).format(self._views)
        ).fetchone()
        if row is None:
            raise DayEndFailed("the platform has no business date yet")
        running: date = row[0]
        return running

    def first_date(self) -> date:
        """The day on which the platform's books were opened. Raises DayEndFailed before that."""
        row = self._connection.execute(
            sql.SQL("SELECT min(business_date) FROM {}.business_day").format(self._views)
        ).fetchone()
        if row is None or row[0] is None:
            raise DayEndFailed("the platform has no business date yet")
        first: date = row[0]
        return first

    def roll(self) -> DayEndResult:
        """Close the running day, open the next, and run it. What a kill left undone of the running
        day is done first: it belongs under that day's date."""
        today = self.business_date()
        if today != self._done:
            self.run(today)
        to = today + timedelta(days=1)
        self._submit([c.RollBusinessDate(id=f"day:{to}", business_date=to, **self._by())])
        return self.run(to)

    def run(self, today: date) -> DayEndResult:
        """What `today` decides. Asked again it changes nothing."""
        self._catch_up()
        expired = self._expired(today)
        self._submit(
            [
                c.MiscarryLoan(id=f"miscarry:{today}:{loan_id}", loan_id=loan_id, **self._by())
                for loan_id in expired
            ]
        )
        due = self._due(today)
        self._submit(
            [
                c.AssessLoan(id=f"assess:{today}:{loan_id}", loan_id=loan_id, **self._by())
                for loan_id in due
            ]
        )
        self._submit(
            [
                c.JudgeObligations(id=f"obligations:{today}:{who}", guarantor_id=who, **self._by())
                for who in self._past_deadline(today)
            ]
        )
        self._submit([c.RunReservePayouts(id=f"payouts:{today}", **self._by())])
        self._done = today
        return DayEndResult(today, len(due), len(expired))

    def _submit(self, commands: list[c.FromDayEnd]) -> list[Receipt]:
        receipts = self._commands.submit(commands) if commands else []
        for receipt in receipts:
            if receipt.code:
                raise DayEndFailed(f"{receipt.command_id}: {receipt.code} {receipt.message}")
        return receipts

    def _expired(self, today: date) -> list[str]:
        return self._found(
            "SELECT loan_id FROM {}.loan WHERE status IN ('admitted', 'published')"
            " AND deadline < %(today)s ORDER BY loan_id",
            {"today": today},
        )

    def _due(self, today: date) -> list[str]:
        """Loans with an instalment to bill, to mark overdue, or late enough for the reserve or the
        guarantor."""
        terms = [each for each in self._policies() if each.scope is not Scope.NONE]
        return self._found(
            """
            SELECT DISTINCT i.loan_id
            FROM {0}.instalment i JOIN {0}.loan l USING (loan_id)
            LEFT JOIN unnest(%(versions)s::text[], %(late_from)s::int[], %(interest)s::bool[],
                             %(guaranteed)s::text[], %(plain)s::text[])
                AS p (version, late_from, interest, guaranteed, plain)
                ON p.version = l.policy_version
            WHERE l.status IN ('repaying', 'overdue') AND i.due_on <= %(today)s
              AND (l.rest_billed_with IS NULL OR i.period <= l.rest_billed_with)
              AND (NOT i.billed
                   OR (i.open_principal_fen + i.open_interest_fen
                       + i.reserve_open_principal_fen + i.reserve_open_interest_fen
                       + i.guarantor_open_principal_fen + i.guarantor_open_interest_fen > 0
                       AND ((NOT i.overdue AND i.due_on < %(today)s)
                            OR (CASE CASE WHEN l.guarantor_id IS NULL THEN p.plain
                                          ELSE p.guaranteed END
                                    WHEN 'guarantor' THEN NOT i.confirmed
                                    WHEN 'reserve' THEN NOT i.filed END
                                AND %(today)s - i.due_on >= p.late_from
                                AND (i.open_principal_fen > 0
                                     OR (p.interest AND i.open_interest_fen > 0))))))
            ORDER BY i.loan_id
            """,
            {
                "today": today,
                "versions": [each.version for each in terms],
                "late_from": [each.trigger_days + (not each.trigger_inclusive) for each in terms],
                "interest": [each.scope is Scope.PRINCIPAL_AND_INTEREST for each in terms],
                "guaranteed": [each.providers[0].value for each in terms],
                "plain": [_without_guarantor(each) for each in terms],
            },
        )

    def _past_deadline(self, today: date) -> list[str]:
        """Guarantors with an obligation whose deadline is over, and nobody has said so yet."""
        return self._found(
            "SELECT DISTINCT guarantor_id FROM {}.obligation"
            " WHERE status = 'open' AND NOT breached AND deadline < %(today)s"
            " ORDER BY guarantor_id",
            {"today": today},
        )

    def _policies(self) -> list[PolicyTerms]:
        published = self._log.stream(POLICY)
        return [each.terms for each in published if isinstance(each, PolicyPublished)]

    def _found(self, query: LiteralString, values: dict[str, object]) -> list[str]:
        """The ids that the views give."""
        text = sql.SQL(query).format(self._views)
        return [row[0] for row in self._connection.execute(text, values)]

    def _by(self) -> _By:
        return {"platform": self._platform, "actor": ACTOR}


def _without_guarantor(terms: PolicyTerms) -> str | None:
    """Who must pay first on a loan that nobody guarantees."""
    rest = (each.value for each in terms.providers if each is not Provider.GUARANTOR)
    return next(rest, None)


class _By(TypedDict):
    platform: str
    actor: str
