"""Counts overdue view, roll rates, vintages and disclosure again, straight from the stored events,
and holds the product's own answers against that.

    python -m tests.oracles.recount DATA-FOLDER [DATE ...]

at these month ends, or at every one that is on record; ends with 0 where they are equal. What is
counted (tests.oracles.counting) shares no line with the product.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.oracles.counting import Recount, rolls, shares
from tests.oracles.folding import Event, event_of

Ask = Callable[..., Any]  # Words of a command line -> the JSON that the product answers.


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
    """What the product answers otherwise for these month ends."""
    before: Recount | None = None
    for end in sorted(ends):
        first = end.replace(day=1) - timedelta(days=1)
        if before is None or before.day != first:
            before = Recount(events, first)
        book = Recount(events, end)
        for found in _differences(ask, before, book):
            yield f"{end}: {found}"
        before = book


def _differences(ask: Ask, before: Recount, book: Recount) -> Iterator[str]:
    day = book.day.isoformat()
    told = {
        by: ask("overdue", "--as-of", day, "--by", by)[f"{by}s"]
        for by in ("stage", "grade", "vintage", "roll", "month")
    }
    table = [(line["stage"], line["from_days"]) for line in told["stage"]]
    rolled = {(line["from_stage"], line["to_stage"]): line["loans"] for line in told["roll"]}
    rates = {(line["from_stage"], line["to_stage"]): line["pct"] for line in told["roll"]}
    disclosed = ask("disclosure", f"{book.day:%Y-%m}")["figures"]
    figures = {figure["name"]: figure["value"] for figure in disclosed}
    fees = figures.pop("fee_schedule")
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
        ("rolls", rolled, rolls(before, book, table)),
        ("roll rates", rates, shares(rolls(before, book, table))),
        ("month", _of(month, {"": book.month()}), book.month()),
        ("coverage", month["coverage_pct"], book.coverage()),
        ("disclosure", figures, book.disclosure()),
        ("fees", fees, book.fees()),
        # They agree with one another, too.
        ("late", sum(line["loans"] for line in told["stage"]), month["late_loans"]),
        ("overdue", sum(line["lenders_fen"] for line in told["stage"]), figures["overdue_fen"]),
        ("standing", _standing(rolled), figures["outstanding_loans"]),
        ("outstanding", month["principal_fen"], figures["outstanding_fen"]),
        ("advances, in the register", guaranteed, figures["advanced_fen"] + book.own_advances_fen),
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
