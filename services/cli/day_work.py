"""The day's work: close it, hold it against the bank, and look at what does not fit.

day-end   reconcile   days   breaks list | show | assign | resolve
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from domain.platform import Platform as Books
from domain.streams import PLATFORM
from services.cli.failure import EXIT_REFUSED, CliError, bad_input
from services.cli.looking import day, looking, show
from services.cli.opening import Place, book_clock, database, find
from services.cli.options import AsJson, Data, Platform
from services.cli.showing import plain
from services.cli.stack_work import perform
from services.proof.as_of import state_as_of
from services.reconciliation.closing import BreakNotForPeople, resolve
from services.reconciliation.records import BreakUnknown, Records
from services.reconciliation.results import BreakStatus, Verdict

app = typer.Typer()
breaks_app = typer.Typer(help="Differences between the book and the bank.", no_args_is_help=True)
app.add_typer(breaks_app, name="breaks")

BreakId = Annotated[str, typer.Argument(metavar="BREAK")]


@app.command("day-end")
def day_end_command(
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="DATE", help="Of a trial book: day after day, until that one runs."
        ),
    ] = None,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Close the running business day, open the next and do what it decides (日终).

    Where time is simulated, the bank's clock moves to the next day too, and its days that are over
    are reconciled; else: zhuanhu reconcile DATE, when the bank's day is over. With --until it gives
    an answer for each day.

    Example: zhuanhu day-end --json
    """
    place = find(data, platform)
    for _ in range(1 if until is None else _days_until(place, day(until, "until"))):
        show("day end", perform(place, "day-end", {}), as_json)


def _days_until(place: Place, last: date) -> int:
    if not place.installation.simulated:
        raise CliError("clock_is_real", "until: the days of this book are the machine's", "until")
    with looking(place.data, place.platform) as look:
        books: Books = state_as_of(look.url, look.platform, PLATFORM, look.head())
    if last <= books.business_date:
        raise bad_input("until", f"must be after the running day, {books.business_date}")
    return (last - books.business_date).days


@app.command("reconcile")
def reconcile_command(
    bank_date: Annotated[str, typer.Argument(metavar="DATE", help="A day of the bank.")],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Hold the book against the bank's files of a day, line by line (对账). Exit 1 unless clean.

    Asked again, it looks again and changes nothing that still holds.

    Example: zhuanhu reconcile 2024-03-15 --json
    """
    date = day(bank_date, "date")
    answer = perform(find(data, platform), "reconcile", {"bank_date": date.isoformat()})
    if not as_json and answer["breaks"]:
        answer["next"] = f"zhuanhu breaks list --date {date}"
    show(f"bank day {date}", answer, as_json)
    if not Verdict(answer["verdict"]).clean:
        raise typer.Exit(EXIT_REFUSED)


@app.command("days")
def days_command(data: Data = None, platform: Platform = None, as_json: AsJson = False) -> None:
    """The last verdict of every bank day that was reconciled.

    Example: zhuanhu days --json
    """
    with _records(data, platform) as records:
        show("reconciled bank days", {"days": plain(records.days())}, as_json)


@breaks_app.command("list")
def breaks_list(
    everything: Annotated[bool, typer.Option("--all", help="The resolved ones too.")] = False,
    on: Annotated[
        str | None, typer.Option("--date", metavar="DATE", help="Seen on that bank day.")
    ] = None,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Open breaks, oldest first, with their age and owner.

    Example: zhuanhu breaks list --date 2024-03-15 --json
    """
    status = None if everything else BreakStatus.OPEN
    with _records(data, platform) as records:
        found = records.breaks(status, None if on is None else day(on, "date"))
    show("breaks", {"breaks": plain(found)}, as_json)


@breaks_app.command("show")
def breaks_show(
    break_id: BreakId, data: Data = None, platform: Platform = None, as_json: AsJson = False
) -> None:
    """What happened to a break so far.

    Example: zhuanhu breaks show 0f3a9c1b2d4e5f60 --json
    """
    with _records(data, platform) as records:
        history = records.history(break_id)
    show(f"break {break_id}", {"break_id": break_id, "history": plain(history)}, as_json)


@breaks_app.command("assign")
def breaks_assign(
    break_id: BreakId,
    owner: Annotated[str, typer.Option("--owner", metavar="WHO", help="Works it from now on.")],
    by: Annotated[str, typer.Option("--by", metavar="WHO", help="Who says so.")],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Say who works a break.

    Example: zhuanhu breaks assign 0f3a9c1b2d4e5f60 --owner finance-1 --by ops-2
    """
    with _records(data, platform) as records:
        records.assign(break_id, owner, by)
    show("assigned", {"break_id": break_id, "owner": owner}, as_json)


@breaks_app.command("resolve")
def breaks_resolve(
    break_id: BreakId,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What ends it.")],
    by: Annotated[str, typer.Option("--by", metavar="WHO", help="Who says so.")],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """End a contradiction by a person's word: the others end when book and bank agree.

    Its day may be clean then: zhuanhu reconcile DATE confirms it at the bank.

    Example: zhuanhu breaks resolve 0f3a9c1b2d4e5f60 --note "the bank wrote: opened" --by finance-1
    """
    if not note.strip() or not by.strip():
        raise bad_input("note" if by.strip() else "by", "must say something")
    with _records(data, platform) as records:
        resolve(records, break_id, by, note)
    show("resolved", {"break_id": break_id, "by": by}, as_json)


@contextmanager
def _records(data: Path | None, platform: str | None) -> Iterator[Records]:
    place = find(data, platform)
    with (
        database(place) as url,
        closing(Records(url, place.platform, book_clock(place, url))) as records,
    ):
        try:
            yield records
        except BreakUnknown as error:
            raise CliError(
                "not_found", str(error), "break", "zhuanhu breaks list --all gives their ids"
            ) from None
        except BreakNotForPeople as error:
            hint = "put right what it tells of, and run its day again: zhuanhu reconcile DATE"
            raise CliError("bad_input", str(error), "break", hint) from None
