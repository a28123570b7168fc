"""A platform's log, and custody on it as often as a test starts one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

import pytest

from infra.clock import ManualClock
from infra.postgres import connect
from services.custody.custody import Custody
from services.custody.gate import UNLIMITED, Limits
from services.custody.lease import enter
from services.custody.schema import custody_schema
from services.custody.watch import UNWATCHED, Watch
from tests.services.custody.doubles import Bank, LogWriter, Vault, Writer
from tests.services.custody.world import NOON, PLATFORM


@dataclass
class House:
    url: str
    log: LogWriter
    platform: str = PLATFORM
    bank: Bank = field(default_factory=Bank)
    writer: Writer = field(default_factory=Writer)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOON))
    vault: Vault = field(default_factory=Vault)
    limits: Limits = UNLIMITED
    watch: Watch = UNWATCHED
    workers: int = 4
    started: list[Custody] = field(default_factory=list)

    def start(self) -> Custody:
        """A new process, as far as the journal can tell; the one before it is gone."""
        self.stop()
        custody = Custody(
            self.url,
            self.platform,
            self.bank,
            self.writer,
            self.clock,
            self.vault,
            workers=self.workers,
            limits=self.limits,
            watch=self.watch,
        )
        self.started.append(custody)
        return custody

    def stop(self) -> None:
        while self.started:
            self.started.pop().close()

    def run(self, custody: Custody | None = None, steps: int = 20) -> Custody:
        """Steps until there is nothing to do without time passing or a notice."""
        custody = custody or self.start()
        for _ in range(steps):
            if not custody.step():
                return custody
        raise AssertionError("it does not come to rest")

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        with connect(self.url) as connection:
            enter(connection, custody_schema(self.platform))
            return connection.execute(query, values).fetchall()

    def change(self, query: LiteralString) -> None:
        with connect(self.url) as connection:
            enter(connection, custody_schema(self.platform))
            connection.execute(query)

    def states(self) -> dict[str, str]:
        return dict(self.rows("SELECT request_no, state FROM request_state"))

    def steps_of(self, request_no: str) -> list[str]:
        query: LiteralString = "SELECT state FROM request_step WHERE request_no = %s ORDER BY seq"
        return [state for (state,) in self.rows(query, request_no)]

    def troubles(self) -> Sequence[tuple[str, str]]:
        return self.rows("SELECT request_no, code FROM trouble ORDER BY request_no, code")


MakeHouse = Callable[[], House]


@pytest.fixture
def make_house(database: str) -> Iterator[MakeHouse]:
    """Each is a platform of its own in one database."""
    made: list[House] = []

    def make() -> House:
        platform = f"{PLATFORM}{len(made)}"
        made.append(House(database, LogWriter(database, platform), platform))
        return made[-1]

    yield make
    for house in made:
        house.stop()
        house.log.close()


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    return make_house()
