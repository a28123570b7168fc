"""`zhuanhu parked`: messages that could not be read, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC
from typing import Annotated

import typer

from adapters.commanding import Outcome
from adapters.parked import Parked, ParkedMessage
from services.cli.command_files import read_command_line
from services.cli.failure import EXIT_REFUSED, bad_input
from services.cli.opening import Place, database, find, seal_of
from services.cli.options import AsJson, By, Data, Platform, Reason
from services.cli.publish import publishing, show_receipts
from services.cli.showing import plain, show_json, show_record, show_table

app = typer.Typer()
parked_app = typer.Typer(help="Messages that could not be read as a command.")
app.add_typer(parked_app, name="parked")

Id = Annotated[int, typer.Argument(metavar="ID", help="As zhuanhu parked list gives it.")]


@parked_app.command("list")
def list_command(
    data: Data = None,
    platform: Platform = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that were decided about.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What waits for a decision, with where it came from and why it could not be read.

    Example: zhuanhu parked list --json
    """
    with _parked(find(data, platform)) as parked:
        found = parked.list(ended=everything)
    if as_json:
        show_json({"parked": found})
    else:
        show_table("parked", [_row(each, everything) for each in found])


@parked_app.command("show")
def show_command(
    parked_id: Id, data: Data = None, platform: Platform = None, as_json: AsJson = False
) -> None:
    """One message with its bytes. They may hold personal data: mind who reads along.

    Example: zhuanhu parked show 1 --json
    """
    with _parked(find(data, platform)) as parked:
        found, message = parked.get(parked_id), parked.message(parked_id)
    shown = plain(found) | {"message": message.decode(errors="backslashreplace")}
    if as_json:
        show_json(shown)
    else:
        show_record(f"parked {parked_id}", shown)


@parked_app.command("retry")
def retry_command(
    parked_id: Id,
    by: By,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Read it again, as this version reads commands, and have it decided. What still cannot be read
    stays parked (exit 2). Exit 1 where the command was refused.

    Example: zhuanhu parked retry 1 --by ops
    """
    place = find(data, platform)
    with _parked(place) as parked:
        _waiting(parked.get(parked_id))
        command = read_command_line(parked.message(parked_id))
        with publishing(place) as writer:
            [receipt] = writer.submit([command])
        parked.end(parked_id, "retried", by, receipt.command_id)
    show_receipts([receipt], as_json)
    if receipt.outcome is Outcome.REFUSED:
        raise typer.Exit(EXIT_REFUSED)


@parked_app.command("discard")
def discard_command(
    parked_id: Id,
    by: By,
    reason: Reason,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Decide that nothing will come of it. The message is kept, with who decided and why.

    Example: zhuanhu parked discard 1 --by ops --reason "sent by a test"
    """
    with _parked(find(data, platform)) as parked:
        _waiting(parked.get(parked_id))
        parked.end(parked_id, "discarded", by, reason)
        found = parked.get(parked_id)
    if as_json:
        show_json(found)
    else:
        show_record("discarded", plain(found))


def _row(message: ParkedMessage, everything: bool) -> dict[str, object]:
    """For people; what became of it where there are those that somebody decided about."""
    row: dict[str, object] = {
        "id": message.id,
        "from": f"{message.source}:{message.place}",
        "at": f"{message.parked_at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}",
        "reason": message.reason,
    }
    if everything:
        row |= {"state": message.state, "by": message.ended_by, "note": message.note}
    return row


def _waiting(message: ParkedMessage) -> None:
    if message.state != "parked":
        raise bad_input("id", f"{message.id} was {message.state} by {message.ended_by}")


@contextmanager
def _parked(place: Place) -> Iterator[Parked]:
    with (
        database(place) as url,
        closing(Parked(url, place.platform, seal_of(place, url))) as parked,
    ):
        yield parked
