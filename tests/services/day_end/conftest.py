"""A whole platform whose nights are run by the real day end, over a bank that answers at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta

import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.commanding import Receipt
from domain.accounts import Role
from domain.commands import Command, RollBusinessDate
from domain.payout_plan import BucketPeriod
from domain.schedule import Method
from infra.clock import SHANGHAI
from infra.postgres import EmbeddedPostgres, connect
from services.day_end.day_end import DayEnd, DayEndResult
from services.projections.projector import Projector
from services.proof.event_digest import event_digest
from tests.house import House

_copies = itertools.count(1)


class Killed(Exception):
    """The process ends here."""


class Counted:
    """The writer, with a note of what it was asked, a bank that at once settles everything but what
    it refuses, and a kill after so many submissions."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.sent: list[Command] = []
        self.refuses: set[str] = set()  # Entries.
        self.left: int | None = None

    def submit(self, commands: Sequence[Command]) -> list[Receipt]:
        if self.left == 0:
            raise Killed
        if self.left is not None:
            self.left -= 1
        self.sent += commands
        receipts = self._house.writer.submit(commands)
        for command, receipt in zip(commands, receipts, strict=True):
            if isinstance(command, RollBusinessDate) and not receipt.code:
                self._house.today = command.business_date
        if self.refuses:
            self._house.reject(*self.refuses.intersection(self._house.at_bank()))
        self._house.settle_all()
        return receipts


class Nights:
    """The day end of a house."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.commands = Counted(house)
        self.projector = Projector(house.url, house.platform)
        self.day_end = DayEnd(house.url, house.platform, self.commands, self.projector.catch_up)

    def close(self) -> None:
        self.day_end.close()
        self.projector.close()
        self.house.close()

    def roll(self) -> DayEndResult:
        """One night."""
        running = self.day_end.business_date()
        self.house.clock.set(datetime.combine(running + timedelta(days=1), time(0, 30), SHANGHAI))
        return self.day_end.roll()

    def roll_to(self, day: date) -> DayEndResult:
        result = self.roll()
        while result.business_date < day:
            result = self.roll()
        return result

    def asked(self, kind: type[Command]) -> list[str]:
        """The ids of such commands so far."""
        return [command.id for command in self.commands.sent if isinstance(command, kind)]

    @property
    def digest(self) -> str:
        return event_digest(self.house.url, self.house.platform)

    def written(self) -> tuple[int, int]:
        """How much there is: events, receipts."""
        [(receipts,)] = self.house.query("SELECT count(*) FROM {}.receipt")
        return self.house.log.head(), receipts


def _town(house: House) -> House:
    """bob's loan is due on 28 February, kim's has only half of its money, until 7 February."""
    house.open(policy={"bucket": BucketPeriod.DAY, "penalty_bands": "1-:0"})
    for borrower in ("bob", "kim"):
        house.member(borrower, Role.BORROWER)
    for investor in ("lucy", "max"):
        house.member(investor, Role.INVESTOR, 10_000_00)
    house.seed(1_000_00)
    house.lend(
        "L1",
        "bob",
        {"lucy": 600_00, "max": 400_00},
        periods=1,
        method=Method.BULLET,
        annual_rate="0",
    )
    house.published("L2", "kim", 2_000_00)
    house.tender("t2", "L2", "lucy", 1_000_00)
    house.settle("T-t2")
    return house


@pytest.fixture
def nights(database: str) -> Iterator[Nights]:
    house = House(database)
    nights = Nights(_town(house))
    yield nights
    nights.close()


@pytest.fixture
def copied(postgres: EmbeddedPostgres) -> Iterator[Callable[[Nights], Nights]]:
    """The same books once more, in a database of their own; nobody works on the first any more."""
    made: list[tuple[str, Nights]] = []

    def copy(nights: Nights) -> Nights:
        name = f"nights_{next(_copies)}"
        nights.close()
        source = conninfo_to_dict(nights.house.url)["dbname"]
        with connect(postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {source}".encode())
        house = House(postgres.url(name), today=nights.house.today)
        made.append((name, Nights(house)))
        return made[-1][1]

    yield copy
    with connect(postgres.url("postgres"), autocommit=True) as connection:
        for name, nights in made:
            nights.close()
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
