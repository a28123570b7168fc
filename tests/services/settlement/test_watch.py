"""What a writer lets be seen: each batch once, when it is known to be stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from adapters.commanding import Receipt
from domain import commands as c
from domain.accounts import Role
from services.settlement.pen import INBOX, Delivery, Unread
from services.settlement.writer import BATCH_MAX, Writer
from tests.exemplars import command
from tests.house import SEAL, House
from tests.services.settlement import failing


class Notes:
    """Implements Watch."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.batches: list[tuple[list[str], int]] = []

    @contextmanager
    def deciding(self) -> Iterator[None]:
        yield
        self.said.append("decided")

    @contextmanager
    def appending(self) -> Iterator[None]:
        yield
        self.said.append("appended")

    def landed(self, answers: Sequence[Receipt], parked: int) -> None:
        said = ["replayed" if each.replayed else each.code or each.outcome for each in answers]
        self.batches.append((said, parked))


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def writer(house: House, notes: Notes) -> Iterator[Writer]:
    house.open()
    house.member("lucy", Role.INVESTOR)
    writer = Writer(house.url, house.platform, SEAL, house.clock, notes)
    yield writer
    writer.close()


def recharge(number: int, member_id: str = "lucy") -> c.RequestRecharge:
    return command(
        c.RequestRecharge,
        recharge_id=f"r{number}",
        member_id=member_id,
        role=Role.INVESTOR,
        amount_fen=1,
    )


def test_a_batch_is_told_once_with_what_came_of_it(writer: Writer, notes: Notes) -> None:
    first = recharge(1)
    unread = [Unread(INBOX, 9, b"{", "no JSON")]
    writer.run([Delivery([first, recharge(2, "ghost"), first], unread=unread)])
    assert notes.batches == [(["accepted", "member_unknown", "replayed"], 1)]
    assert notes.said == ["decided", "appended"]


def test_every_batch_of_many_is_told(writer: Writer, notes: Notes) -> None:
    writer.submit([recharge(number) for number in range(BATCH_MAX + 1)])
    assert [len(said) for said, _ in notes.batches] == [BATCH_MAX, 1]
    assert sorted(notes.said) == ["appended"] * 2 + ["decided"] * 2


def test_what_may_not_be_stored_is_not_told(
    writer: Writer, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.after(monkeypatch, failing.BEFORE_COMMIT, failing.break_down)
    with pytest.raises(failing.Broken):
        writer.submit([recharge(1)])
    assert notes.batches == []


def test_a_batch_whose_outcome_was_unknown_is_told_once(
    writer: Writer, house: House, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.after(monkeypatch, failing.BEFORE_COMMIT, failing.end_session(house.url))
    writer.submit([recharge(1)])
    assert notes.batches == [(["accepted"], 0)]


def test_who_writes_stands_in_the_list_of_sessions(writer: Writer, house: House) -> None:
    names = house.query("SELECT application_name FROM pg_stat_activity")
    assert sum(name.startswith(f"writer {house.platform} ") for (name,) in names) == 2
