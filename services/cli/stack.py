"""The composition root: every part of ours in one process, the bank in its own.

with running(place) as stack:
    stack.submit(...)
    stack.drain()
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.commanding import Commands, Receipt
from adapters.inbox import Inbox
from adapters.shard_schema import shard_schema
from adapters.vault import Vault
from domain.commands import Command
from infra.clock import Clock, ManualClock, RunningClock, SystemClock
from services.cli.bank_process import BankControl
from services.cli.calendar_in_use import calendar_in_use
from services.cli.custodians import bank_of
from services.cli.errors import CliError
from services.cli.installation import Installation
from services.cli.opening import Place, database, seal_of
from services.cli.through_kafka import ThroughKafka
from services.custody.contradictions import TakenBack
from services.custody.custody import Custody
from services.custody.notices import NotReady
from services.custody.requests import Kind
from services.custody.watch import UNWATCHED as BANK_UNWATCHED
from services.custody.watch import Watch as BankWatch
from services.day_end.day_end import DayEnd
from services.projections.projector import Projector
from services.reconciliation.reconciler import Reconciler
from services.settlement.intake import Intake
from services.settlement.press import PressProcess
from services.settlement.watch import UNWATCHED, Watch
from services.settlement.writer import Writer


@dataclass(slots=True)
class Stack:
    """All parts of one platform, driven by whoever holds it."""

    url: str
    platform: str
    data: Path
    writer: Writer | None  # None where it is another process.
    intake: Intake | None  # The same.
    custody: Custody
    projector: Projector
    day_end: DayEnd
    reconciler: Reconciler
    bank_url: str
    control: BankControl | None
    _book_clock: Clock
    _bank_clock: Clock
    _commands: Commands

    @property
    def bank(self) -> BankControl:
        """The controls of a stand-in bank. Raises CliError where the bank is somebody's."""
        if self.control is None:
            raise CliError("bank_is_real", f"the bank at {self.bank_url} takes no orders from here")
        return self.control

    def submit(self, commands: Sequence[Command]) -> list[Receipt]:
        return self._commands.submit(commands)

    def step(self) -> int:
        """One round of everything; 0 when nothing was to be done."""
        if self.intake is None:  # Other processes decide, and feed the views.
            return self.custody.step()
        return self.intake.step() + self.custody.step() + self.projector.step()

    def drain(self, besides: Collection[Kind] = ()) -> None:
        """Until the bank has answered everything `besides` these. The views do not follow by
        themselves."""
        if not self.custody.drain(besides=besides):
            raise CliError(
                "bank_silent",
                "the bank has not answered everything in time",
                hint="zhuanhu up goes on asking; see bank.log in the data folder",
                exit_code=1,
            )

    def now(self) -> datetime:
        return self._book_clock.now()

    def pass_time(self, step: timedelta) -> None:
        """In a simulated stack, where nothing happens but with time."""
        self.set_time(self.now() + step)

    def set_time(self, now: datetime) -> None:
        """A simulated stack's time, at the bank and here."""
        if not isinstance(self._book_clock, ManualClock) or not isinstance(
            self._bank_clock, RunningClock
        ):
            raise CliError("clock_is_real", "the time of this installation is the machine's")
        self.bank.set_clock(now)
        self._book_clock.set(now)
        self._bank_clock.set(now)


@contextmanager
def running(
    place: Place,
    *,
    bank_port: int = 0,
    callback_port: int = 0,
    kafka: Mapping[str, Any] | None = None,
    writes: bool = True,
    patient: Callable[[], bool] | None = None,
    watch: Watch = UNWATCHED,
    bank_watch: BankWatch = BANK_UNWATCHED,
) -> Iterator[Stack]:
    """The whole stack while the block lasts. The ports are those of a stand-in bank.

    With `kafka`, the options of a client, commands come and views are fed by way of its topics.
    Where it does not `write`, another process decides, and what custody and day end ask for goes
    into the inbox; custody waits for an answer while somebody is `patient`. `watch` is told of what
    is written, `bank_watch` of the calls to the bank.
    """
    tune_memory()
    platform = place.platform
    with ExitStack() as opened:
        url = opened.enter_context(database(place))
        seal = seal_of(place, url)
        receiver = _Receiver()
        bank = opened.enter_context(
            bank_of(place, receiver.receive, bank_port=bank_port, callback_port=callback_port)
        )
        book_clock, bank_clock = _clocks(place.installation, bank.control)
        custodian = opened.enter_context(closing(bank.connected(book_clock)))
        commands: Commands
        custodys: Commands
        writer, intake, log = None, None, None
        if not writes:
            commands = opened.enter_context(closing(Inbox(url, platform, seal)))
            patiently = Inbox(url, platform, seal, patient=patient)
            custodys = opened.enter_context(closing(patiently))
        else:
            commands = custodys = writer = opened.enter_context(
                closing(
                    Writer(url, platform, seal, book_clock, watch, PressProcess, calendar_in_use())
                )
            )
            intake = opened.enter_context(closing(Intake(url, platform, writer)))
            if kafka is not None:
                log = ThroughKafka(url, writer, platform, kafka)  # The projector closes it.
        vault = opened.enter_context(closing(Vault(url, shard_schema(platform), seal)))
        custody = opened.enter_context(
            closing(
                Custody(
                    url,
                    platform,
                    custodian,
                    custodys,
                    bank_clock,
                    vault,
                    limits=bank.limits,
                    watch=bank_watch,
                )
            )
        )
        receiver.custody = custody
        opened.callback(receiver.stop)
        projector = opened.enter_context(closing(Projector(url, platform, log=log)))
        taken_back = opened.enter_context(closing(TakenBack(url, platform)))
        yield Stack(
            url=url,
            platform=platform,
            data=place.data,
            writer=writer,
            intake=intake,
            custody=custody,
            projector=projector,
            day_end=opened.enter_context(
                closing(DayEnd(url, platform, commands, projector.catch_up, calendar_in_use()))
            ),
            reconciler=opened.enter_context(
                closing(
                    Reconciler(
                        url,
                        platform,
                        custodian,
                        commands,
                        bank_clock,
                        projector.catch_up,
                        taken_back,
                    )
                )
            ),
            bank_url=bank.url,
            control=bank.control,
            _book_clock=book_clock,
            _bank_clock=bank_clock,
            _commands=log or commands,
        )


def tune_memory() -> None:
    """The writer keeps many small immutable objects that are never garbage: look less often."""
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


class _Receiver:
    """The bank may call before custody is there, or when it has gone: it is told to come again."""

    custody: Custody | None = None

    def receive(self, form: Mapping[str, str]) -> None:
        if self.custody is None:
            raise NotReady
        self.custody.receive(form)

    def stop(self) -> None:
        self.custody = None


def _clocks(installation: Installation, bank: BankControl | None) -> tuple[Clock, Clock]:
    """The book's and custody's. In a simulation the book's stands still between steps, as the
    bank's does, so that a seed gives the same events and no call is out of the bank's time; the
    other runs on, so that waiting has an end."""
    if installation.starts_at is None or bank is None:
        return SystemClock(), SystemClock()
    now = bank.clock()
    if now is None:
        now = datetime.fromisoformat(installation.starts_at)
        bank.set_clock(now)
    return ManualClock(now), RunningClock(now)
