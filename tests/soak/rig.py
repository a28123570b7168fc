"""A stack whose custody service and bank are processes that get killed; the rest is in this one.

`Town.stack` is a `Stack`, so that the demo's actors play on it, wait for it and reckon with it as
they do with any other.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import orjson

from infra.clock import ManualClock, RunningClock
from infra.postgres import EmbeddedPostgres, connect
from services.cli.bank_process import BankControl, bank_command
from services.cli.custodians import LOCAL, Connection
from services.cli.failure import CliError
from services.cli.installation import BANK_DATABASE, Installation, Keys
from services.cli.opening import Place, database
from services.cli.stack import Stack, tune_memory
from services.custody.contradictions import TakenBack
from services.custody.custody import Custody
from services.custody.lease import prepare_journal
from services.custody.planning import TOPICS
from services.custody.requests import Kind
from services.day_end.day_end import DayEnd
from services.projections.projector import Projector
from services.reconciliation.reconciler import Reconciler
from services.settlement.intake import Intake
from services.settlement.writer import Writer
from tests.ports import free_ports
from tests.soak.bank import PATIENT_MS, bank_at

PLATFORM, PLATFORM_NO = "soak", "P20001"
STARTS_AT = "2018-01-02T00:01:00+08:00"
LOOK_S = 0.004
BETWEEN_KILLS = (60, 240)
"""Steps of the journal in a run of a few hundred movements; in one of 5,000 twice as many, as most
of its time goes by while something starts anew."""

# All at one instant: what is planned is no longer behind, and what is reported may be again.
LEFT = """
SELECT count(*) FILTER (WHERE kind <> ALL(%(besides)s)),
    count(*) FILTER (WHERE state = 'sent'),
    count(*) FILTER (WHERE state IN ('planned', 'sent', 'unknown')),
    EXISTS (SELECT FROM shard_soak.stored_events, custody_soak.follower
        WHERE notification_id > position AND topic = ANY(%(topics)s))
FROM custody_soak.request_state JOIN custody_soak.request USING (request_no) WHERE NOT reported
"""
PROGRESS = "SELECT count(*) FROM custody_soak.request_step"


@dataclass(slots=True)
class Killable:
    """A process that says one line once it is ready, and starts again as it was."""

    command: Sequence[str]
    log: Path
    process: subprocess.Popen[str] = field(init=False)
    said: str = ""

    def start(self, *more: str) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command, *more],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        assert self.said, self.log.read_text()[-2000:]

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self, how: int = signal.SIGKILL) -> None:
        self.process.send_signal(how)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.wait(60)


@dataclass(slots=True)
class Killer:
    """Kills custody, the bank or both, at moments that follow from a seed."""

    sender: Killable
    bank: Killable
    rng: random.Random
    now: RunningClock
    movements: int
    killed: list[str] = field(default_factory=list)
    at: int = 0
    active: bool = True

    def __post_init__(self) -> None:
        self.at = self._steps()

    def look(self, progress: int) -> None:
        for each in (self.sender, self.bank):
            assert each.process.poll() is None, each.log.read_text()[-2000:]
        if not self.active or progress < self.at:
            return
        victim = self.rng.choice(("custody", "bank", "both"))
        self.killed.append(victim)
        if victim != "custody":
            self.bank.end()
        if victim != "bank":
            self.sender.end()
        if victim != "custody":
            self.bank.start()
        if victim != "bank":
            self.sender.start(self.now.now().isoformat())
        self.at = progress + self._steps()

    def _steps(self) -> int:
        return self.rng.randrange(*BETWEEN_KILLS) * max(1, self.movements // 2_500)


class FarCustody:
    """What the demo needs of `Custody`, of the process that is killed."""

    def __init__(self, url: str, intake: Intake, killer: Killer) -> None:
        self._connection = connect(url, autocommit=True)
        self._intake = intake
        self._killer = killer

    def close(self) -> None:
        self._connection.close()

    def step(self) -> int:
        self._killer.look(self._number(PROGRESS))
        return self._intake.step()

    def drain(self, patience_ms: int, besides: Collection[Kind] = ()) -> bool:
        """False where nothing has changed for a while and no call is out."""
        quiet_s, before = 0.0, -1
        while quiet_s * 1000 <= patience_ms:
            taken = self.step()
            left, out, untaken, behind = self._left(besides)
            if not (left or untaken or behind or taken):
                return True
            progress = self._number(PROGRESS)
            quiet_s = 0.0 if taken or out or behind or progress != before else quiet_s + LOOK_S
            before = progress
            time.sleep(LOOK_S)
        return False

    def all_taken(self) -> bool:
        _, _, untaken, _ = self._left(())
        return not untaken

    def _left(self, besides: Collection[Kind]) -> Sequence[int]:
        kinds = [kind.value for kind in besides]
        [left] = self._rows(LEFT, {"besides": kinds, "topics": list(TOPICS)})
        return cast("Sequence[int]", left)

    def _number(self, query: str) -> int:
        [[number]] = self._rows(query)
        return int(number)

    def _rows(self, query: str, values: dict[str, Any] | None = None) -> list[Any]:
        return self._connection.execute(query.encode(), values).fetchall()


class Town(Stack):
    """Time is told to the process of custody too."""

    sender: Killable
    bank_process: Killable
    custodian: Connection

    def set_time(self, now: datetime) -> None:
        try:
            super().set_time(now)
        except CliError as error:
            error.add_note(f"{self.bank_process.process.poll()=}")
            error.add_note(self.bank_process.log.read_text()[-2000:])
            raise
        self.sender.tell(now.isoformat())


@contextmanager
def town(family: str, seed: int, movements: int) -> Iterator[tuple[Town, Killer]]:
    tune_memory()
    with ExitStack() as opened:
        # Not pytest's own folder: under root the server runs as another user.
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="zhuanhu-soak-"))
        data = Path(folder)
        installation = Installation(PLATFORM, PLATFORM_NO, STARTS_AT, family)
        installation.save(data)
        keys = Keys(data / "keys")
        keys.seed_vault(seed)
        keys.ensure_pairs()
        place = Place(data, installation)
        server = opened.enter_context(EmbeddedPostgres(data))
        url = opened.enter_context(database(place))
        prepare_journal(url, PLATFORM)
        bank_port, notice_port = free_ports(2)
        notify_url = f"http://{LOCAL}:{notice_port}/"
        bank_url = server.ensure_database(BANK_DATABASE)
        command = bank_command(bank_url, data, PLATFORM_NO, notify_url, bank_port)
        bank = Killable(command, data / "bank.log")
        bank.start()
        opened.callback(bank.end)
        control = BankControl(f"http://{LOCAL}:{bank_port}", orjson.loads(bank.said)["pid"])
        start = datetime.fromisoformat(STARTS_AT)
        control.set_clock(start)
        book_clock, bank_clock = ManualClock(start), RunningClock(start)
        writer = opened.enter_context(
            closing(Writer(url, PLATFORM, installation.seal(data), book_clock))
        )
        intake = opened.enter_context(closing(Intake(url, PLATFORM, writer)))
        command = [sys.executable, "-m", "tests.soak.sender", folder, url, control.url]
        sender = Killable([*command, str(notice_port)], data / "custody.log")
        sender.start(STARTS_AT)
        opened.callback(sender.end)
        killer = Killer(sender, bank, random.Random(seed), bank_clock, movements)
        custody = opened.enter_context(closing(FarCustody(url, intake, killer)))
        projector = opened.enter_context(closing(Projector(url, PLATFORM)))
        taken_back = opened.enter_context(closing(TakenBack(url, PLATFORM)))
        patient = bank_at(place, control.url, notice_port, PATIENT_MS)
        custodian = opened.enter_context(closing(patient.connected(book_clock)))
        stack = Town(
            url=url,
            platform=PLATFORM,
            data=data,
            writer=writer,
            intake=intake,
            custody=cast("Custody", custody),
            projector=projector,
            day_end=opened.enter_context(
                closing(DayEnd(url, PLATFORM, writer, projector.catch_up))
            ),
            reconciler=opened.enter_context(
                closing(
                    Reconciler(
                        url,
                        PLATFORM,
                        custodian,
                        writer,
                        bank_clock,
                        projector.catch_up,
                        taken_back,
                    )
                )
            ),
            bank_url=control.url,
            control=control,
            _book_clock=book_clock,
            _bank_clock=bank_clock,
            _commands=writer,
        )
        stack.sender, stack.bank_process, stack.custodian = sender, bank, custodian
        yield stack, killer
