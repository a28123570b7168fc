"""`zhuanhu publish`: commands from a file to the writer, and a receipt for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from adapters.commanding import PARKED, CommandParked, Commands, Outcome, Receipt
from adapters.inbox import Inbox
from adapters.kafka.commands import KafkaCommands, receipt_of
from adapters.kafka.publisher import NoReply
from domain.refusals import meaning_of
from infra.kafka import client_options, unlogged
from services.cli.calendar_in_use import calendar_in_use
from services.cli.command_files import read_commands
from services.cli.failure import EXIT_REFUSED
from services.cli.installation import commands_key
from services.cli.kafka import kafka_settings
from services.cli.opening import (
    Place,
    alone,
    book_clock,
    data_folder,
    database,
    find,
    require_released,
    seal_of,
)
from services.cli.options import AsJson, Data, Platform
from services.cli.showing import show_json
from services.projections.projector import Projector
from services.settlement.intake import Intake
from services.settlement.writer import Writer

AT_ONCE = 1000

app = typer.Typer()


@app.command("publish")
def publish_command(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="JSON lines, or - for standard input.")
    ],
    data: Data = None,
    platform: Platform = None,
    kafka: Annotated[
        bool,
        typer.Option(
            "--kafka", help="Through Kafka: KAFKA_BOOTSTRAP_SERVERS, else the folder's own."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send commands, one JSON object a line; gives one receipt a line, in their order.

    A file with one malformed line sends nothing (exit 2). Exit 1 where a command was refused. The
    same file may be sent again: what was decided keeps its outcome.

    Example: echo '{"type": "open_platform", "id": "open",
    "platform": "demo", "actor": "ops", "business_date": "2024-01-02", "law_table": "cn-p2p"}' |
    zhuanhu publish - --json
    """
    commands = read_commands(file)
    refused = False
    with through_kafka(data, platform) if kafka else publishing(find(data, platform)) as writer:
        for start in range(0, len(commands), AT_ONCE):
            try:
                receipts = writer.submit(commands[start : start + AT_ONCE])
            except NoReply as lost:  # Of the others the outcome is known.
                came = [reply for reply in lost.replies if reply and reply.outcome != PARKED]
                show_receipts([receipt_of(reply) for reply in came], as_json)
                raise
            except CommandParked as parked:
                show_receipts(parked.receipts, as_json)
                raise
            show_receipts(receipts, as_json)
            refused |= any(receipt.outcome is Outcome.REFUSED for receipt in receipts)
    if refused:
        raise typer.Exit(EXIT_REFUSED)


@contextmanager
def publishing(place: Place) -> Iterator[Commands]:
    """The writer of the stack that runs on the folder, else one opened for the moment."""
    with alone(place) as mine, database(place) as url:
        seal = seal_of(place, url)
        if not mine:
            with closing(Inbox(url, place.platform, seal)) as inbox:
                yield inbox
            return
        require_released(place, url)
        clock = book_clock(place, url)
        with (
            closing(Writer(url, place.platform, seal, clock, calendar=calendar_in_use())) as writer,
            closing(Intake(url, place.platform, writer)) as intake,
        ):
            yield writer
            while intake.step():  # Who published meanwhile took us for the one that runs.
                pass
        with Projector(url, place.platform) as projector:
            projector.catch_up()


@contextmanager
def through_kafka(data: Path | None, platform: str | None) -> Iterator[Commands]:
    """The writer that reads the platform's topic, wherever it runs."""
    settings = kafka_settings(data)
    options = client_options(settings)
    name = platform or settings.platform or find(data, None).platform
    servers = options.pop("bootstrap_servers")
    more = {"commands_key": commands_key(settings, data_folder(data)), **options}
    with unlogged(), KafkaCommands(servers, name, "zhuanhu-publish", **more) as commands:
        yield commands


def receipt_json(receipt: Receipt) -> dict[str, object]:
    return receipt._asdict() | {"code": receipt.code or None, "message": _message(receipt) or None}


def _message(receipt: Receipt) -> str:
    return receipt.message or meaning_of(receipt.code)


def show_receipts(receipts: Sequence[Receipt], as_json: bool) -> None:
    for receipt in receipts:
        if as_json:
            show_json(receipt_json(receipt))
        else:
            print(_line(receipt), flush=True)


def _line(receipt: Receipt) -> str:
    words = [receipt.outcome.value, receipt.command_id]
    if receipt.code:
        words.append(": ".join(filter(None, (receipt.code, receipt.field, _message(receipt)))))
    elif receipt.first_position:
        words.append(f"events {receipt.first_position} to {receipt.last_position}")
    if receipt.replayed:
        words.append("(decided before)")
    return "  ".join(words)
