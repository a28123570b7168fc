"""`zhuanhu up`: the whole product on one machine, until it is told to stop."""

from __future__ import annotations

import os
import re
import socket
from contextlib import closing
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated

import typer

from adapters.inbox import NoReceipt
from infra import logs
from infra.clock import SHANGHAI
from infra.postgres import DataFolder
from infra.settings import load_settings
from services.cli.errands import Errands
from services.cli.failure import EXIT_REFUSED, CliError, bad_input
from services.cli.installation import FILE, Installation
from services.cli.looking import day
from services.cli.opening import Place, data_folder, find, released
from services.cli.options import AsJson, Data, Platform
from services.cli.showing import show_json
from services.cli.stack import Stack, running
from services.cli.stack_work import serve
from services.cli.stopping import told_to_stop
from services.cli.watching import Watching, watched

PLATFORM = "demo"
PLATFORM_NO = "P10001"
PLATFORM_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
IDLE_S = 0.05
LIVE_S = 900.0  # A day end is one round of the loop.
HOST = "127.0.0.1"
MORNING = time(9)  # When the time of a trial book begins.

app = typer.Typer()

Port = Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="0 takes a free one.")]


@app.command("up")
def up_command(
    data: Data = None,
    platform: Platform = None,
    bank_port: Port = 0,
    callback_port: Port = 0,
    no_writer: Annotated[
        bool, typer.Option("--no-writer", help="A zhuanhu writer decides, in another process.")
    ] = False,
    starts_on: Annotated[
        str | None,
        typer.Option(
            "--starts-on",
            metavar="DATE",
            help="Make a trial book whose time begins on that day and moves with zhuanhu day-end.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run it: PostgreSQL, the stand-in bank, and all parts, until Ctrl-C or SIGTERM.

    With DATABASE_URL and ZHUANHU_BANK_URL on another PostgreSQL, with another bank. A new
    folder is made into an installation; one that is there is gone on with, also after a kill.
    Once it is ready it says so in one line. A trial book (--starts-on) keeps to the embedded
    PostgreSQL and the stand-in bank, which stand still at 09:00, then at 00:30 of each day.

    Example: zhuanhu up --data .data --platform demo --json
    """
    begins = None if starts_on is None else day(starts_on, "starts_on")
    settings = load_settings()
    logs.configure(settings.log_level, settings.log_format)
    for port, option in ((bank_port, "bank_port"), (callback_port, "callback_port")):
        _check_free(port, option)

    def patient() -> bool:
        """Asked in each round, and while a writer of another process says nothing."""
        watching.round({place.platform})
        return not stop.is_set()

    with told_to_stop() as stop, DataFolder(data_folder(data)).acquire() as folder:
        place = _installed(folder, platform, begins)
        with (
            released(place),
            watched(settings, {place.platform: place}, LIVE_S) as watching,
            running(
                place,
                bank_port=bank_port,
                callback_port=callback_port,
                writes=not no_writer,
                patient=patient,
                watch=watching.metrics.writer(place.platform),
                bank_watch=watching.metrics.custody(place.platform),
            ) as stack,
            closing(Errands(stack.url, stack.platform)) as errands,
            watching.looking({stack.platform: stack.url}, None),
        ):
            errands.forget()
            _say_ready(stack, watching, as_json)
            try:
                while patient():
                    done = _round(stack) + serve(errands, stack, place.installation)
                    if not done:
                        stop.wait(IDLE_S)
            except NoReceipt:
                if not stop.is_set():
                    raise  # Else the next one reports again what waits in the inbox.
            stack.projector.catch_up()


def _round(stack: Stack) -> int:
    if stack.control is not None and stack.control.has_ended():
        raise CliError(
            "bank_silent",
            "the stand-in bank has ended",
            hint="start zhuanhu up again: it starts the bank too, and goes on",
            exit_code=EXIT_REFUSED,
        )
    return stack.step()


def _installed(folder: Path, platform: str | None, begins: date | None) -> Place:
    if not (folder / FILE).exists():
        settings = load_settings()
        name = platform if platform is not None else settings.platform or PLATFORM
        number = settings.platform_no or PLATFORM_NO
        starts = None if begins is None else datetime.combine(begins, MORNING, SHANGHAI).isoformat()
        Installation(platform_name(name), number, starts).save(folder)
    elif begins is not None:
        raise bad_input("starts_on", f"{folder} holds a book already, with a time of its own")
    return find(folder, platform)


def platform_name(name: str) -> str:
    if not PLATFORM_NAME.fullmatch(name):
        raise bad_input("platform", "must be 1 to 32 of a-z, 0-9 and -, beginning with a letter")
    return name


def _check_free(port: int, option: str) -> None:
    if port == 0:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            flag = "--" + option.replace("_", "-")
            raise CliError(
                "port_taken",
                f"{option}: port {port} cannot be used: {error.strerror}",
                option,
                f"stop what listens there, or name another with {flag} (0 takes a free one)",
            ) from None


def _say_ready(stack: Stack, watching: Watching, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "ready": True,
                "pid": os.getpid(),
                "platform": stack.platform,
                "data": str(stack.data),
                "bank_url": stack.bank_url,
                "bank_pid": stack.control.pid if stack.control else None,
                "metrics_url": watching.address,
            }
        )
    else:
        figures = f", figures at {watching.address}/metrics" if watching.address else ""
        print(
            f"ready: platform {stack.platform} in {stack.data}, bank at {stack.bank_url},"
            f" pid {os.getpid()}{figures}; Ctrl-C stops it",
            flush=True,
        )
