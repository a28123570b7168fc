"""Several deliveries in the air: each is decided upon those before it, before they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import psycopg
import pytest

from adapters.event_log import AppendUnknown, Batch
from domain import commands as c
from domain.accounts import Role
from services.settlement.pen import Delivery
from services.settlement.press import Press
from services.settlement.shelf import UNSTORED_MAX, Recent
from services.settlement.watch import Unwatched
from services.settlement.writer import Writer
from tests.exemplars import command
from tests.house import SEAL, House
from tests.services.settlement.whole import assert_whole

FIRST, SECOND, THIRD = range(1, 4)


class Tower(Unwatched):
    """Nothing is stored before so many are decided. What was to be stored is in `asked`, by how
    many receipts there were before. The storing of that number fails, and the deciding of another.
    """

    def __init__(self, decided: int, *, fails: int | None = None, stumbles: int = 0) -> None:
        self._wanted, self._fails, self._stumbles = decided, fails, stumbles
        self._decided = 0
        self._free = Event()
        self.asked: list[int] = []

    @contextmanager
    def deciding(self) -> Iterator[None]:
        self._decided += 1
        if self._decided == self._stumbles:
            raise psycopg.OperationalError("the session was ended")
        yield
        if self._decided == self._wanted:
            self._free.set()

    def press(self, url: str, platform: str) -> _Held:
        return _Held(url, platform, self)

    def clear(self, batch: Batch) -> None:
        assert self._free.wait(60)
        self.asked.append(batch.before.receipts)
        if len(self.asked) == self._fails:
            raise AppendUnknown("the answer was lost")


class _Held(Press):
    def __init__(self, url: str, platform: str, tower: Tower) -> None:
        super().__init__(url, platform)
        self._tower = tower

    def store(self, batch: Batch, prev: bytes) -> bytes:
        self._tower.clear(batch)
        return super().store(batch, prev)


@pytest.fixture
def lucy(house: House) -> Iterator[House]:
    """She has 100.00 yuan and a bound card."""
    house.open()
    house.member("lucy", Role.INVESTOR, 100_00)
    house.bind("lucy", Role.INVESTOR, "b1")
    yield house
    assert_whole(house)


def held_by(tower: Tower, house: House) -> Writer:
    house.writer.close()
    house.writer = Writer(house.url, house.platform, SEAL, house.clock, tower, press=tower.press)
    return house.writer


def withdrawal(number: int, fen: int) -> c.RequestWithdrawal:
    return command(
        c.RequestWithdrawal,
        withdrawal_id=f"w{number}",
        member_id="lucy",
        role=Role.INVESTOR,
        binding_id="b1",
        amount_fen=fen,
    )


def test_a_command_again_while_as_many_as_may_be_are_in_the_air(lucy: House) -> None:
    """The database is asked about its second coming before the first is stored."""
    first = withdrawal(FIRST, 60_00)
    writer = held_by(Tower(decided=THIRD), lucy)
    coming = [first, withdrawal(SECOND, 60_00), withdrawal(THIRD, 30_00), first]
    receipts = writer.run([Delivery([each]) for each in coming])
    assert [(r.code, r.replayed) for r in receipts] == [
        ("", False),
        ("insufficient_balance", False),
        ("", False),
        ("", True),
    ]
    assert lucy.balances()["lucy:investor"] == (10_00, 90_00)


@pytest.mark.parametrize("fails", [FIRST, SECOND, THIRD])
@pytest.mark.parametrize("stumbles", [0, 4, 5])
def test_where_one_is_not_stored_nothing_upon_it_is(lucy: House, fails: int, stumbles: int) -> None:
    """Those in the air are decided again, also where that has to be begun anew."""
    [[before]] = lucy.query("SELECT receipts FROM {}.shard")
    tower = Tower(THIRD, fails=fails, stumbles=stumbles)
    coming = [withdrawal(FIRST, 60_00), withdrawal(SECOND, 60_00), withdrawal(THIRD, 30_00)]
    receipts = held_by(tower, lucy).run([Delivery([each]) for each in coming])
    assert [r.command_id for r in receipts] == [each.id for each in coming]
    assert [r.code for r in receipts] == ["", "insufficient_balance", ""]
    again = sorted((*range(before, before + THIRD), before + fails - 1))
    assert tower.asked == again
    assert lucy.balances()["lucy:investor"] == (10_00, 90_00)


def test_the_shelf_keeps_what_may_not_be_stored_yet() -> None:
    """However many names a batch uses."""
    shelf: Recent[int] = Recent()
    for batch in range(20):
        shelf.tidy(limit=4)
        for number in range(10):
            shelf[f"{batch}-{number}"] = batch
        used = range(max(0, batch - UNSTORED_MAX), batch + 1)
        kept = shelf.keys() | shelf.old.keys()
        assert kept >= {f"{each}-{number}" for each in used for number in range(10)}
    assert len(shelf) + len(shelf.old) <= 10 * 2 * UNSTORED_MAX
