"""The day end (日终): rolls the business date and asks for everything that the new date decides.

Set-based to find what is due, one command a loan to decide it, ids from (date, loan): run again,
the same commands find their receipts and append nothing; interrupted, the rest is still found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import LiteralString, TypedDict

from psycopg import sql

from adapters.commanding import Commands, Receipt
from adapters.event_log import LogReader
from adapters.read_models.store import views_schema
from adapters.working_days import working_days
from domain import commands as c
from domain.cashbook import UNBOUNDED
from domain.collection_rules import CollectionRules, CollectionRulesSet
from domain.money import BadFigure
from domain.platform import AccountsEmptied, WindDownStarted
from domain.policies import Policies, PolicyPublished
from domain.policy import PolicyTerms
from domain.refusals import Code
from domain.streams import COLLECTIONS, PLATFORM, POLICY
from domain.working_days import WorkingDays
from infra.postgres import connect
from services.day_end.cases import cases_to_assess
from services.day_end.due import loans_due
from services.day_end.releases import releases_to_ask
from services.day_end.spreading import loans_that_lack, scheduled, spread_id

ACTOR = "day-end"


class DayEndFailed(Exception):
    """The writer refused what the day end must do: a person has to look."""


@dataclass(frozen=True, slots=True)
class DayEndResult:
    business_date: date
    assessed: int
    miscarried: int


class DayEnd:
    """`catch_up` brings the views up to the end of the log: what is due is found there. The writer
    counts by the same `calendar`."""

    def __init__(
        self,
        url: str,
        platform: str,
        commands: Commands,
        catch_up: Callable[[], object],
        calendar: WorkingDays | None = None,
    ) -> None:
        self._platform = platform
        self._commands = commands
        self._catch_up = catch_up
        self._calendar = calendar or working_days()
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
        self._release(today)
        expired = [*self._expired(today), *self._without_policy(today)]
        self._submit(
            [
                c.MiscarryLoan(id=f"miscarry:{today}:{loan_id}", loan_id=loan_id, **self._by())
                for loan_id in expired
            ]
        )
        self._submit(
            [
                c.ExpireOffer(id=f"expire:{today}:{each}", assignment_id=each, **self._by())
                for each in self._lapsed(today)
            ]
        )
        free = self._may_be_free(today)
        due = loans_due(self._connection, self._views, self._policies(), today, free=free)
        self._submit_by_calendar(
            [
                c.AssessLoan(id=f"assess:{today}:{loan_id}", loan_id=loan_id, **self._by())
                for loan_id in due
            ]
        )
        self._submit_by_calendar(
            [
                c.JudgeObligations(id=f"obligations:{today}:{who}", guarantor_id=who, **self._by())
                for who in self._past_deadline(today)
            ]
        )
        self._submit([c.RunReservePayouts(id=f"payouts:{today}", **self._by())])
        self._advance(today)
        self._spread(today)
        self._collect(today)
        self._report_emptied(today)
        self._done = today
        return DayEndResult(today, len(due), len(expired))

    def _submit_by_calendar(self, commands: Sequence[c.FromDayEnd]) -> None:
        """What was refused as the calendar did not know the year stays refused under its id: it is
        asked under one that names the calendar of now."""
        receipts = self._ask(commands)
        unknown = {r.command_id for r in receipts if r.code == Code.CALENDAR_UNKNOWN}
        self._accepted([r for r in receipts if r.command_id not in unknown])
        version = sha256(self._calendar.version.encode()).hexdigest()[:8]
        self._submit(
            [
                each.model_copy(update={"id": f"{each.id}:{version}"})
                for each in commands
                if each.id in unknown
            ]
        )

    def _release(self, today: date) -> None:
        """What the bank refused to give back. Where somebody was quicker, it is asked for."""
        receipts = self._ask(
            [
                c.AskReleaseTonight(id=f"release:{today}:{each}", entry_id=each, **self._by())
                for each in releases_to_ask(self._connection, views_schema(self._platform), today)
            ]
        )
        self._accepted([each for each in receipts if each.code != Code.RELEASE_ASKED_AGAIN])

    def _advance(self, today: date) -> None:
        """For guarantors who need not be asked, where there are any."""
        granted = self._found(
            "SELECT member_id FROM {}.authorisation"
            " WHERE kind = 'compensatory' AND status = 'granted' LIMIT 1",
            {},
        )
        if not granted:
            return
        self._catch_up()  # With what was confirmed, or filed, just now.
        self._submit(
            [
                c.AdvanceObligations(id=f"advances:{today}:{who}", guarantor_id=who, **self._by())
                for who in self._authorised(today)
            ]
        )

    def _collect(self, today: date) -> None:
        """Cases of borrowers who are late, where the platform has rules for collecting."""
        published = self._log.stream(COLLECTIONS)
        known = CollectionRules(tuple(r for r in published if isinstance(r, CollectionRulesSet)))
        if (rules := known.on(today)) is None:
            return
        self._catch_up()
        borrowers = cases_to_assess(self._connection, self._views, rules, today)
        self._submit(
            [
                c.AssessCase(
                    id=f"case:{today}:{borrower_id}", borrower_id=borrower_id, **self._by()
                )
                for borrower_id in borrowers
            ]
        )

    def _spread(self, today: date) -> None:
        """智能分散投标, where it is scheduled. What nobody takes is refused, and tried again the
        next night."""
        investors = scheduled(self._log.stream(PLATFORM))
        if investors is None:
            return
        self._catch_up()
        lacking = loans_that_lack(self._connection, self._views, today)
        self._ask(
            [
                c.SpreadTonight(
                    id=f"spread:{today}:{loan_id}",
                    spread_id=spread_id(today, loan_id),
                    loan_id=loan_id,
                    investors=investors,
                    **self._by(),
                )
                for loan_id in lacking
            ]
        )

    def _report_emptied(self, today: date) -> None:
        """Of a platform that winds down, once no account has any money left."""
        happened = set(map(type, self._log.stream(PLATFORM)))
        if WindDownStarted not in happened or AccountsEmptied in happened:
            return
        self._catch_up()
        money = self._connection.execute(
            sql.SQL(
                "SELECT 1 FROM {}.account WHERE account <> ALL(%s)"
                " AND available_fen + frozen_fen <> 0 LIMIT 1"
            ).format(self._views),
            (list(UNBOUNDED),),
        ).fetchone()
        if money is None:
            self._submit([c.ReportEmptied(id=f"emptied:{today}", **self._by())])

    def _submit(self, commands: Sequence[c.FromDayEnd]) -> None:
        self._accepted(self._ask(commands))

    def _ask(self, commands: Sequence[c.FromDayEnd]) -> list[Receipt]:
        return self._commands.submit(commands) if commands else []

    def _accepted(self, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            if receipt.code:
                raise DayEndFailed(f"{receipt.command_id}: {receipt.code} {receipt.message}")

    def _expired(self, today: date) -> list[str]:
        return self._found(
            "SELECT loan_id FROM {}.loan WHERE status IN ('admitted', 'published')"
            " AND deadline < %(today)s ORDER BY loan_id",
            {"today": today},
        )

    def _without_policy(self, today: date) -> list[str]:
        """Loans that were filled on a day without a policy: nobody can conclude them."""
        filled = self._connection.execute(
            sql.SQL(
                "SELECT loan_id, filled_on FROM {}.loan"
                " WHERE status = 'filled' AND filled_on < %s ORDER BY loan_id"
            ).format(self._views),
            (today,),
        ).fetchall()
        known = Policies(tuple(self._policies())) if filled else Policies()
        return [loan_id for loan_id, filled_on in filled if known.in_force(filled_on) is None]

    def _lapsed(self, today: date) -> list[str]:
        """Offers of claims that nobody bought in time."""
        return self._found(
            "SELECT assignment_id FROM {}.assignment WHERE status IN ('offered', 'listed')"
            " AND valid_until < %(today)s ORDER BY assignment_id",
            {"today": today},
        )

    def _may_be_free(self, today: date) -> bool:
        """No working day; in a year that nobody knows the writer says so."""
        try:
            return not self._calendar.is_working(today)
        except BadFigure:
            return True

    def _past_deadline(self, today: date) -> list[str]:
        """Guarantors with an obligation whose deadline is over, and nobody has said so yet."""
        return self._found(
            "SELECT DISTINCT guarantor_id FROM {}.obligation"
            " WHERE status = 'open' AND NOT breached AND deadline < %(today)s"
            " ORDER BY guarantor_id",
            {"today": today},
        )

    def _authorised(self, today: date) -> list[str]:
        """Guarantors with something to advance who have granted it for today."""
        return self._found(
            "SELECT DISTINCT guarantor_id FROM {0}.obligation o JOIN {0}.authorisation a"
            " ON a.member_id = o.guarantor_id AND a.kind = 'compensatory'"
            " AND a.status = 'granted' AND a.ends_on >= %(today)s"
            " WHERE o.status = 'open' ORDER BY guarantor_id",
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


class _By(TypedDict):
    platform: str
    actor: str
