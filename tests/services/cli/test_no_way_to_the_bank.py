"""Replaying, rebuilding and proving reach no bank: tried on a book that waits for its bank, in a
process whose sockets tell of every attempt."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.custody.service_family.channel import Link
from adapters.custody.service_family.client import ServiceFamilyBank
from adapters.custody.wire import Signer
from adapters.read_models.registry import VIEWS
from domain.accounts import Role
from domain.bank_requests import Recharge
from domain.commands import RequestRecharge
from infra.clock import SystemClock
from infra.keys import load_private_key
from infra.postgres import EmbeddedPostgres, connect
from services.cli.command_examples import EXAMPLES
from services.cli.installation import Keys
from services.cli.opening import book_clock, database, find
from services.cli.publish import publishing
from services.cli.stack_work import perform
from services.settlement.writer import Writer
from tests.services.cli.conftest import Up, Zhuanhu, simulated

COMMANDS = [
    ("verify",),
    ("mirror",),
    *(("rebuild", view.NAME) for view in VIEWS),
    ("account", "show", "I1:investor"),
    ("account", "show", "I1:investor", "--as-of", "30"),
    ("loan", "show", "L1", "--as-of", "30"),
    ("reserve", "show"),
    ("days",),
    ("breaks", "list"),
    ("parked", "list"),
    ("top", "--once"),
]


class Reached(AssertionError):
    """Somebody wanted to connect to somewhere."""


@pytest.fixture(scope="module")
def data(make_folder: Callable[[], Path], make_up: Callable[..., Up]) -> Iterator[Path]:
    """The bank has not ended everything, and of the last recharge custody knows nothing yet: who
    read the log as custody does would send it."""
    folder = simulated(make_folder())
    up = make_up(folder)
    place = find(folder, None)
    for example in EXAMPLES:
        with publishing(place) as commands:
            commands.submit([example])
        perform(place, "bank-total", {})
    up.stop()
    with EmbeddedPostgres(folder), database(place) as url:
        seal = place.installation.seal(folder)
        with closing(Writer(url, place.platform, seal, book_clock(place, url))) as writer:
            recharge = RequestRecharge(
                id="late",
                platform=place.platform,
                actor="test",
                recharge_id="late",
                member_id="I1",
                role=Role.INVESTOR,
                amount_fen=100,
            )
            (receipt,) = writer.submit([recharge])
        assert receipt.outcome == "accepted", receipt
        yield folder


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL is spoken to by libpq, over a socket file: Python's own sockets are not needed."""

    def refuse(_self: socket.socket, address: Any) -> None:
        raise Reached(address)

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)


def journal(data: Path) -> list[Any]:
    place = find(data, None)
    with database(place) as url, connect(url) as connection:
        return [
            connection.execute(f"SELECT * FROM custody_demo.{table} ORDER BY 1, 2").fetchall()
            for table in ("request", "instruction", "request_step", "request_state", "follower")
        ]


@pytest.mark.usefixtures("unreachable")
def test_the_guard_sees_who_would_send(data: Path) -> None:
    keys = Keys(data / "keys")
    signer = Signer(load_private_key(keys.platform_private), keys.bank_publics())
    bank = ServiceFamilyBank(Link("http://127.0.0.1:9", "P1"), signer, SystemClock())
    with closing(bank), pytest.raises(Reached):
        bank.send(Recharge("C-late.1", "I1:investor", 100))


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_looking_and_proving_connect_to_nobody(
    zhuanhu: Zhuanhu, data: Path, words: tuple[str, ...]
) -> None:
    before = journal(data)
    told = zhuanhu(*words, "--data", str(data), "--json")
    assert (told.code, told.err) == (0, "")
    assert journal(data) == before


@pytest.mark.usefixtures("unreachable")
def test_the_book_really_waits_for_its_bank(zhuanhu: Zhuanhu, data: Path) -> None:
    told = zhuanhu("mirror", "--data", str(data), "--json").json
    assert told["one_to_one"] is True
    assert told["not_yet_planned"] == 1
    assert told["open"] >= 1
