"""`zhuanhu demo`: play a book from first recharge to proof, and say what came out."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import date, datetime
from datetime import time as clock_time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from adapters.read_models.as_known_lines import MonthLine
from infra.clock import SHANGHAI
from infra.kafka_broker import KafkaBroker
from infra.logs import configure
from infra.postgres import DataFolder
from infra.settings import BankFamily, LogFormat, LogLevel, load_settings
from services.cli.demo.book import Book, seeded_book, with_short_reserve
from services.cli.demo.front import Front
from services.cli.demo.hardship import Patience, settle_up
from services.cli.demo.looks import Looks
from services.cli.demo.play import play
from services.cli.demo.reckoning import reckon
from services.cli.demo.summary import (
    Figures,
    collect,
    faults_figures,
    is_clean,
    month_ends,
    show,
    tape_figures,
)
from services.cli.demo.tape import Recorded, tape_book
from services.cli.errors import CliError
from services.cli.installation import Installation, Keys
from services.cli.opening import Place
from services.cli.stack import running
from services.cli.through_kafka import new_topics
from services.proof.event_digest import event_digest
from services.proof.report import Report
from services.proof.verify import verify

app = typer.Typer()

PLATFORM, PLATFORM_NO = "demo", "P10001"


class BankLetter(StrEnum):
    A = "a"
    B = "b"


class FaultProfile(StrEnum):
    NONE = "none"
    REALISTIC = "realistic"
    CRUEL = "cruel"


_FAMILIES = {BankLetter.A: BankFamily.SERVICE, BankLetter.B: BankFamily.BATCH}


@app.command(
    epilog="Example: zhuanhu demo --loans 50 --investors 80 --months 6 --seed 7 --json out.json"
)
def demo(
    *,
    loans: Annotated[
        int | None,
        typer.Option(min=1, max=100_000, help="How many; 200, or all of the tape's."),
    ] = None,
    investors: Annotated[int, typer.Option(min=12, max=99_999, help="How many investors.")] = 300,
    months: Annotated[
        int | None, typer.Option(min=1, max=120, help="How long; 12, or what the tape asks for.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same events.")] = 1,
    tape: Annotated[
        Path | None, typer.Option(help="A loan tape (CSV) instead of a made-up book.")
    ] = None,
    short_reserve: Annotated[
        bool,
        typer.Option("--short-reserve", help="The reserve gets so little that it runs short."),
    ] = False,
    json: Annotated[
        Path | None, typer.Option(help="Also write the figures to this file; - is the output.")
    ] = None,
    kafka: Annotated[
        bool,
        typer.Option("--kafka", help="Commands and events by way of a Kafka broker: same digest."),
    ] = False,
    bank: Annotated[
        BankLetter, typer.Option(help="What the bank speaks: a, one by one, or b, in batches.")
    ] = BankLetter.A,
    faults: Annotated[
        FaultProfile,
        typer.Option(help="How the bank misbehaves; it ends clean all the same."),
    ] = FaultProfile.NONE,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the data folder, for: zhuanhu up --data DIR.")
    ] = False,
) -> None:
    """Play a book of loans through its whole life on the embedded stack, and prove every fen."""
    began = time.monotonic()
    book, recorded = _book(loans, investors, months, seed, tape)
    if short_reserve:
        book = with_short_reserve(book)
    out = Console(file=sys.stderr if str(json) == "-" else sys.stdout)
    with ExitStack() as opened:
        data = opened.enter_context(_fresh_folder(keep=keep))
        Keys(data / "keys").seed_vault(seed)
        log = opened.enter_context((data / "zhuanhu.log").open("a", encoding="utf-8"))
        configure(LogLevel.INFO, LogFormat.JSON, log)
        opened.callback(configure, LogLevel.WARNING)  # Nothing is logged to a file that is closed.
        starts_at = datetime.combine(book.start, clock_time(0, 1), SHANGHAI).isoformat()
        family = _FAMILIES[bank].value
        installation = Installation(PLATFORM, PLATFORM_NO, starts_at, family)
        installation.save(data)
        settings = load_settings()
        options = None
        if kafka:
            if settings.kafka_bootstrap_servers is None:
                broker = opened.enter_context(KafkaBroker(data, settings.cache_dir))
                settings = settings.with_own_kafka(broker.address)
            options = new_topics(settings, PLATFORM)
        place = Place(data, installation)
        figures, proof, ends = _played(place, options, book, seed, recorded, began, faults)
    if json is not None:
        _write(json, figures)
    show(figures, proof, ends, out)
    if not is_clean(figures, proof, book):
        raise CliError(
            "demo_not_clean",
            "the book does not end clean: see the figures above",
            hint="run it again with --keep, then: zhuanhu verify --data DIR",
            exit_code=1,
        )


def _book(
    loans: int | None, investors: int, months: int | None, seed: int, tape: Path | None
) -> tuple[Book, tuple[Recorded, ...]]:
    if tape is None:
        return seeded_book(loans or 200, investors, months or 12, seed), ()
    return tape_book(tape, investors, months, loans)


def _played(
    place: Place,
    kafka: Mapping[str, Any] | None,
    book: Book,
    seed: int,
    recorded: tuple[Recorded, ...],
    began: float,
    faults: FaultProfile,
) -> tuple[Figures, Report, list[MonthLine]]:
    hard = faults is not FaultProfile.NONE
    with running(place, kafka=kafka) as stack:
        with closing(Looks(stack.url, stack.platform, stack.projector.catch_up)) as looks:
            front = Front(stack, looks, Patience(stack).drain if hard else stack.drain)
            if hard:
                stack.bank.plan_faults(faults.value, seed)
            _watch(play(front, book, seed), book)
        if hard:
            settle_up(front)
        stack.projector.catch_up()
        views = stack.projector.compare()
        proof = verify(
            stack.url,
            stack.platform,
            bank_total_fen=stack.bank.total_fen(),
            compare_views=lambda: views,
        )
        figures = collect(front, book) | {
            "replay_equal": all(views.values()),
            "event_digest": event_digest(stack.url, stack.platform),
            "seconds": round(time.monotonic() - began, 1),
        }
        if hard:
            figures["faults"] = faults_figures(faults.value, reckon(stack))
        if recorded:
            figures["tape"] = tape_figures(front, recorded)
        return figures, proof, month_ends(stack.url, stack.platform, book.end)


def _watch(days: Iterator[date], book: Book) -> None:
    """Plays to the end, with a progress bar on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"{book.start}", total=(book.end - book.start).days)
        for day in days:
            progress.update(task, advance=1, description=f"{day}")


@contextmanager
def _fresh_folder(*, keep: bool) -> Iterator[Path]:
    """The demo's own data folder, made new. What a killed demo left there is removed first."""
    path = load_settings().data_dir / "demo"
    with DataFolder(path).acquire() as data:
        for left in data.iterdir():
            if left.name != "lock":
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield data
        if not keep:
            for left in data.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()
    if keep:
        Console(stderr=True).print(f"Kept: zhuanhu up --data {path}")


def _write(path: Path, figures: Figures) -> None:
    text = orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n"
    if str(path) == "-":
        sys.stdout.buffer.write(text)
    else:
        path.write_bytes(text)
