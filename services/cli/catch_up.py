"""`zhuanhu catch-up`: after a restore from a backup, the bank is ahead; it is asked before anything
is sent. docs/restore.md is the drill.

    hold     nothing is sent; the record of it stands in the database
    give     commands again, one by one, each only when the bank has told of what the last one asked
    ask      after every request that is not done with, by the number that it had before the loss
    match    the bank's days since the backup, line by line: what nothing explains is a break
    compare  every account with the bank, now
    release  where nothing differs, or under the name of somebody who bears what does
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer

from adapters.event_log import LogReader
from domain.commands import Command
from domain.ports import CustodianUntrusted
from infra.clock import SHANGHAI
from infra.kafka import client_options
from infra.postgres import DataFolder
from services.cli.command_files import read_commands
from services.cli.failure import EXIT_REFUSED, CliError
from services.cli.kafka import kafka_settings
from services.cli.looking import show
from services.cli.opening import Place, find
from services.cli.options import AsJson, Data, Platform
from services.cli.showing import plain
from services.cli.stack import Stack, running
from services.cli.stack_work import reconcile_up_to
from services.custody.hold import Hold
from services.reconciliation.breaks import Difference
from services.reconciliation.results import Break, Verdict
from services.settlement.intake import Intake
from services.settlement.kafka_intake import KafkaIntake

TOLD_MAX = 1_000  # Of each list; all are counted.
TOPIC_WAIT_MS = 10_000  # For a record that the topic is known to have.

Progress = Callable[[str, int, int | None], None]

app = typer.Typer()


@app.command("catch-up")
def catch_up_command(
    restored: Annotated[
        bool, typer.Option("--restored", help="The database was restored: hold what would be sent.")
    ] = False,
    commands: Annotated[
        str | None,
        typer.Option(
            "--commands", metavar="FILE", help="Give these again, JSON lines (- standard input)."
        ),
    ] = None,
    kafka: Annotated[
        bool, typer.Option("--kafka", help="Take the topic of commands from where the backup was.")
    ] = False,
    accept_by: Annotated[
        str | None,
        typer.Option("--accept-by", metavar="WHO", help="Send again although something differs."),
    ] = None,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Bring book and bank together after a restore, before anything is sent. Exit 1 if not.

    While it holds, the bank is only asked, and zhuanhu up and writer do not start. It may be run
    again, with more commands and day ends in between. PostgreSQL tells by itself that it was
    started from a base backup; after any other restore, say --restored first.

    Example: zhuanhu catch-up --restored --commands since-the-backup.jsonl --json
    """
    again = read_commands(commands) if commands is not None else []
    place = find(data, platform)
    progress = _progress if sys.stderr.isatty() and not as_json else _silence
    with (
        DataFolder(place.data).acquire(),
        running(place) as stack,
        _topic(place, stack, kafka) as t,
    ):
        if restored:
            stack.custody.hold()
        hold = stack.custody.held
        if hold is None:
            raise CliError(
                "not_held",
                "sending is not held: this database is not known to come from a backup",
                hint="zhuanhu catch-up --restored holds it",
                exit_code=EXIT_REFUSED,
            )
        found = _catch_up(stack, hold, again, t, progress)
        released = found.clean or accept_by is not None
        answer = found.as_json(hold) | {"released": released}
        if released:
            stack.custody.release(None if found.clean else accept_by, answer)
    show(f"catching up, {place.platform}", answer, as_json)
    if not as_json:
        _say_what_next(found, released=released)
    if not released:
        raise typer.Exit(EXIT_REFUSED)


@dataclass(slots=True)
class _Found:
    """What stands between book and bank."""

    commands: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    days: list[dict[str, Any]] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    accounts: int = 0
    differences: list[Difference] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        days = all(Verdict(each["verdict"]).clean for each in self.days)
        return days and not self.differences

    def as_json(self, hold: Hold) -> dict[str, Any]:
        return {
            "held": plain(hold),
            "commands": {
                name: self.commands[name]
                for name in ("taken", "accepted", "refused", "decided_before")
            },
            "refused": self.refused[:TOLD_MAX],
            "days": self.days,
            "breaks": [
                {
                    "break_id": each.break_id,
                    "class": each.kind.value,
                    "reference": each.reference,
                    "owner": each.owner,
                    "book_fen": each.book_fen,
                    "bank_fen": each.bank_fen,
                }
                for each in self.breaks[:TOLD_MAX]
            ],
            "accounts": self.accounts,
            "differences_count": len(self.differences),
            "differences": [
                {
                    "account": each.reference,
                    "what": each.detail,
                    "book_fen": each.book_fen,
                    "bank_fen": each.bank_fen,
                }
                for each in self.differences[:TOLD_MAX]
            ],
            "to_send_count": len(self.unsent),
            "to_send": self.unsent[:TOLD_MAX],
        }


def _catch_up(
    stack: Stack,
    hold: Hold,
    commands: Sequence[Command],
    topic: KafkaIntake | None,
    progress: Progress,
) -> _Found:
    found = _Found()
    _ask(stack)
    for intake in (stack.intake, topic):
        found.commands["taken"] += _take(stack, intake, progress) if intake else 0
    _give(stack, commands, found, progress)
    stack.projector.catch_up()
    found.days = _match_days(stack, hold)
    _ask(stack)
    found.breaks = [each for each in stack.reconciler.records.breaks() if found.days]
    try:
        found.accounts, found.differences = stack.reconciler.compare_now(
            lambda done, of: progress("accounts compared", done, of)
        )
    except (ConnectionError, CustodianUntrusted) as error:
        raise _bank_silent(str(error)) from None
    found.unsent = stack.custody.unsent()
    return found


def _ask(stack: Stack) -> None:
    if not stack.custody.drain():
        raise _bank_silent("it has not told what became of everything")


def _take(stack: Stack, intake: Intake | KafkaIntake, progress: Progress) -> int:
    """What waits there, one by one: at once, it would be decided before the bank has answered what
    it was built on, and be refused."""
    taken = 0
    while _one(intake):
        taken += 1
        _ask(stack)
        progress("commands taken", taken, None)
    return taken


def _one(intake: Intake | KafkaIntake) -> int:
    if not isinstance(intake, KafkaIntake):
        return intake.step(limit=1)
    return intake.step(TOPIC_WAIT_MS, limit=1) if intake.waiting() else 0


def _give(stack: Stack, commands: Sequence[Command], found: _Found, progress: Progress) -> None:
    for number, command in enumerate(commands, start=1):
        [receipt] = stack.submit([command])
        found.commands["decided_before" if receipt.replayed else receipt.outcome.value] += 1
        if receipt.code:
            found.refused.append(f"{receipt.command_id}: {receipt.code}")
        if not receipt.replayed:
            _ask(stack)
        progress("commands given again", number, len(commands))


def _match_days(stack: Stack, hold: Hold) -> list[dict[str, Any]]:
    """The bank's days that are over, from that of the last event in the backup."""
    with closing(LogReader(stack.url, stack.platform)) as log:
        if not log.head():
            return []
        last = log.read(max(hold.position, 1) - 1, 1)[0]
    first = datetime.fromisoformat(last.recorded_at).astimezone(SHANGHAI).date()
    yesterday: date = stack.reconciler.records.today - timedelta(days=1)
    return reconcile_up_to(stack, yesterday, max(first, stack.day_end.first_date()))


def _bank_silent(why: str) -> CliError:
    return CliError(
        "bank_silent",
        f"the bank has not answered everything: {why}; sending stays held",
        hint="run zhuanhu catch-up again when it answers",
        exit_code=EXIT_REFUSED,
    )


@contextmanager
def _topic(place: Place, stack: Stack, wanted: bool) -> Iterator[KafkaIntake | None]:
    if not wanted or stack.writer is None:
        yield None
        return
    options = client_options(kafka_settings(place.data))
    with closing(KafkaIntake(options, place.platform, stack.writer)) as topic:
        yield topic


def _say_what_next(found: _Found, *, released: bool) -> None:
    if released:
        print(f"released: zhuanhu up sends again, {len(found.unsent)} requests first")
    else:
        print(
            "held: give again what is missing (--commands), or see docs/restore.md for what nothing"
            " explains"
        )


def _progress(what: str, done: int, of: int | None) -> None:
    """`of` is None where nobody knows how many there are."""
    total, end = ("", "") if of is None else (f" of {of}", "\n" if done == of else "")
    print(f"\r{what}: {done}{total}", end=end, file=sys.stderr, flush=True)


def _silence(_what: str, _done: int, _of: int | None) -> None:
    pass
