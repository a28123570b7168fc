"""Counts overdue view, roll rates, vintages and disclosure again, straight from the stored events.

It shares no line with the product: what is counted is what tests.oracles.folding makes of the
events' JSON up to a day.

    python -m tests.oracles.recount DATA-FOLDER [DATE ...]

holds the product's own answers against it, at these month ends or at every one that is on record;
it ends with 0 where they are equal.
"""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.oracles.folding import Event, Folded, Loan, event_of

Table = Sequence[tuple[str, int]]  # The stages, each with its first day of lateness.
Ask = Callable[..., Any]  # Words of a command line -> the JSON that the product answers.


def pct(part: int, whole: int) -> str:
    share = Decimal(100 * part) / whole if whole else Decimal(0)
    return str(share.quantize(Decimal("0.01"), ROUND_HALF_UP))


class Recount(Folded):
    """What there is to count, at the close of `day`."""

    def stages(self, table: Table) -> dict[str, dict[str, int]]:
        counted = {name: Counter[str]() for name, _ in table}
        for loan in self.open.values():
            if days := loan.days(self.day):
                line = counted[stage_of(days, table)]
                late = loan.late(self.day)
                line["loans"] += 1
                line["instalments"] += len(late)
                line["principal_fen"] += sum(b.principal_fen for b in late)
                line["interest_fen"] += sum(b.interest_fen for b in late)
                line["lenders_fen"] += loan.lenders_late(self.day)
        names = ("loans", "instalments", "principal_fen", "interest_fen", "lenders_fen")
        return {stage: {name: line[name] for name in names} for stage, line in counted.items()}

    def stood(self, table: Table) -> dict[str, str]:
        return {
            name: stage_of(loan.days(self.day), table) if loan.days(self.day) else "current"
            for name, loan in self.open.items()
        }

    def grades(self) -> dict[str, dict[str, int]]:
        counted: dict[str, Counter[str]] = {}
        for loan in self.open.values():
            line = counted.setdefault(loan.grade, Counter())
            days = loan.days(self.day)
            line["loans"] += 1
            line["principal_fen"] += loan.owed_principal()
            line["late_loans"] += days > 0
            line["late_fen"] += loan.late_fen(self.day)
            line["lenders_fen"] += loan.lenders_late(self.day)
            line["over_30_loans"] += days > 30
            line["over_90_loans"] += days > 90
        return {grade: dict(line) for grade, line in counted.items()}

    def month(self) -> dict[str, int]:
        loans = self.open.values()
        return {
            "loans": len(loans),
            "principal_fen": sum(loan.owed_principal() for loan in loans),
            "late_loans": sum(loan.days(self.day) > 0 for loan in loans),
            "lenders_fen": sum(loan.lenders_late(self.day) for loan in loans),
            "reserve_fen": self.reserve_fen,
            "protected_fen": sum(loan.owed_principal() for loan in loans if loan.protected),
        }

    def vintages(self) -> dict[str, tuple[int, ...]]:
        """Month of issue -> loans, lent, over 30 loans and fen, over 90 loans and fen."""
        counted: dict[str, tuple[int, ...]] = {}
        for month in {f"{loan.out_on:%Y-%m}" for loan in self.out.values()}:
            mine = [loan for loan in self.out.values() if f"{loan.out_on:%Y-%m}" == month]
            bad = [loan for loan in mine if loan.days(self.day) > 30]
            worse = [loan for loan in mine if loan.days(self.day) > 90]
            counted[month] = (
                len(mine),
                sum(loan.lent for loan in mine),
                len(bad),
                sum(loan.owed_principal() for loan in bad),
                len(worse),
                sum(loan.owed_principal() for loan in worse),
            )
        return counted

    def disclosure(self) -> dict[str, Any]:
        out, still = list(self.out.values()), list(self.open.values())
        principal = sum(loan.owed_principal() for loan in still)
        by_borrower: Counter[str] = Counter()
        for loan in still:
            by_borrower[loan.borrower] += loan.owed_principal()
        top = sorted(by_borrower.values(), reverse=True)
        overdue = [loan for loan in still if loan.lenders_late(self.day)]
        bad = [loan for loan in overdue if loan.lenders_days(self.day) > 90]
        related = [loan for loan in still if loan.borrower in self.related]
        fen = self._lenders_late(overdue)

        def band(first: int, last: int) -> str:
            mine = [loan for loan in overdue if first <= loan.lenders_days(self.day) <= last]
            return pct(self._lenders_late(mine), principal)

        return {
            "lent_fen": sum(loan.lent for loan in out),
            "lent_loans": len(out),
            "outstanding_fen": principal,
            "outstanding_loans": len(still),
            "outstanding_interest_fen": sum(loan.owed_interest() for loan in still),
            "lenders": len({who for loan in out for who in loan.holders}),
            "current_lenders": len({who for loan in out for who in loan.waiting()}),
            "borrowers": len({loan.borrower for loan in out}),
            "current_borrowers": len({loan.borrower for loan in still}),
            "largest_ten_borrowers_pct": pct(sum(top[:10]), principal),
            "largest_borrower_pct": pct(sum(top[:1]), principal),
            "related_party_fen": sum(loan.owed_principal() for loan in related),
            "related_party_loans": len(related),
            "overdue_fen": fen,
            "overdue_loans": len(overdue),
            "overdue_over_90_fen": sum(loan.owed_principal() for loan in bad),
            "overdue_over_90_loans": len(bad),
            "advanced_fen": sum(map(sum, self.advanced.values())),
            "advances": sum(map(len, self.advanced.values())),
            "amount_overdue_rate_pct": pct(fen, principal),
            "loan_overdue_rate_pct": pct(len(overdue), len(still)),
            "overdue_rate_to_90_pct": band(1, 90),
            "overdue_rate_91_to_180_pct": band(91, 180),
            "overdue_rate_over_180_pct": band(181, 99_999),
        }

    def _lenders_late(self, loans: Iterable[Loan]) -> int:
        return sum(loan.lenders_late(self.day) for loan in loans)


def stage_of(days: int, table: Table) -> str:
    return [name for name, first in table if first <= days][-1]


def rolls(before: Recount, after: Recount, table: Table) -> dict[tuple[str, str], int]:
    first, last = before.stood(table), after.stood(table)
    moved = Counter((first[name], last.get(name, "settled")) for name in first)
    moved.update(("new", last[name]) for name in last.keys() - first.keys())
    return dict(moved)


# -- the product's answers against it ------------------------------------------------------


def month_ends(events: Sequence[Event]) -> list[date]:
    """Those on record: the days before the month's first day, and that were closed."""
    first, last = events[0][0], events[-1][0]
    ends = []
    end = last.replace(day=1) - timedelta(days=1)
    while end >= first:
        ends.append(end)
        end = end.replace(day=1) - timedelta(days=1)
    return ends[::-1]


def differences(ask: Ask, events: Sequence[Event], ends: Iterable[date]) -> Iterator[str]:
    """What the product answers otherwise for these month ends, which follow one another."""
    ends = sorted(ends)
    before = ends[0].replace(day=1) - timedelta(days=1)
    books = [Recount(events, end) for end in (before, *ends)]
    for earlier, book in pairwise(books):
        for found in _differences(ask, earlier, book):
            yield f"{book.day}: {found}"


def _differences(ask: Ask, before: Recount, book: Recount) -> Iterator[str]:
    day = book.day.isoformat()
    told = {
        by: ask("overdue", "--as-of", day, "--by", by)[f"{by}s"]
        for by in ("stage", "grade", "vintage", "roll", "month")
    }
    table = [(line["stage"], line["from_days"]) for line in told["stage"]]
    rolled = {(line["from_stage"], line["to_stage"]): line["loans"] for line in told["roll"]}
    figures = {
        figure["name"]: figure["value"]
        for figure in ask("disclosure", f"{book.day:%Y-%m}")["figures"]
        if figure["name"] != "fee_schedule"
    }
    [month] = [line for line in told["month"] if line["on"] == day]
    vintages = {
        line["issued"]: tuple(line[name] for name in _VINTAGE)
        for line in told["vintage"]
        if line["on"] == day
    }
    grades, stages = book.grades(), book.stages(table)
    guaranteed = sum(loan.guaranteed for loan in book.loans.values())
    for what, product, ours in (
        ("stages", {line["stage"]: _of(line, stages) for line in told["stage"]}, stages),
        ("grades", {line["grade"]: _of(line, grades) for line in told["grade"]}, grades),
        ("vintages", vintages, book.vintages()),
        ("roll rates", rolled, rolls(before, book, table)),
        ("month", _of(month, {"": book.month()}), book.month()),
        ("disclosure", figures, book.disclosure()),
        # They agree with one another, too.
        ("late", sum(line["loans"] for line in told["stage"]), month["late_loans"]),
        ("overdue", sum(line["lenders_fen"] for line in told["stage"]), figures["overdue_fen"]),
        ("standing", _standing(rolled), figures["outstanding_loans"]),
        ("outstanding", month["principal_fen"], figures["outstanding_fen"]),
        ("advances, in the register", guaranteed, figures["advanced_fen"]),
    ):
        if product != ours:
            yield f"{what}: the product says {product}, the events {ours}"


_VINTAGE = ("loans", "lent_fen", "over_30_loans", "over_30_fen", "over_90_loans", "over_90_fen")


def _of(line: dict[str, Any], counted: dict[str, dict[str, int]]) -> dict[str, Any]:
    """What of the line is counted."""
    return {name: line[name] for name in next(iter(counted.values()), ())}


def _standing(rolled: dict[tuple[str, str], int]) -> int:
    return sum(loans for (_, to), loans in rolled.items() if to != "settled")


@contextmanager
def opened(folder: Path) -> Iterator[list[Event]]:
    """The log in a data folder, in its order. Its database runs as long as the block lasts, so that
    the product need not start it for each answer."""
    import psycopg  # What stands above needs nothing of these.

    from adapters.shard_schema import shard_schema
    from services.cli.opening import database, find

    place = find(folder, None)
    with database(place) as url:
        with psycopg.connect(url) as connection, connection.cursor("events") as cursor:
            cursor.execute(
                f"SELECT topic, state FROM {shard_schema(place.platform)}.stored_events"
                " ORDER BY notification_id"
            )
            events = [event_of(topic, bytes(state)) for topic, state in cursor]
        yield events


def main(folder: str, *days: str) -> int:
    from services.cli.__main__ import app
    from services.cli.errors import run

    def ask(*words: str) -> Any:
        with redirect_stdout(io.StringIO()) as out:
            run(app, [*words, "--data", folder, "--json"])
        return json.loads(out.getvalue())

    with opened(Path(folder)) as events:
        ends = [date.fromisoformat(day) for day in days] or month_ends(events)
        found = list(differences(ask, events, ends))
        said = found or [f"{len(events)} events, {len(ends)} month ends: equal"]
    sys.stdout.write("\n".join(said) + "\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
