"""As docker-compose.yml runs it: on a PostgreSQL and with a bank that somebody else has started."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.postgres import EmbeddedPostgres
from infra.settings import BankFamily
from services.cli.bank_process import BankControl
from services.cli.command_examples import EXAMPLES
from services.cli.opening import find
from services.cli.publish import publishing
from services.cli.stack_work import perform
from tests.services.cli.conftest import Up, Zhuanhu, bank_elsewhere


@pytest.fixture
def bank(
    postgres: EmbeddedPostgres,
    database: str,
    make_folder: Callable[[], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[BankControl]:
    """And the settings that lead to it and to `database`."""
    with bank_elsewhere(postgres, make_folder(), monkeypatch) as (control, _):
        monkeypatch.setenv("DATABASE_URL", database)
        yield control


@pytest.mark.parametrize("family", BankFamily)
def test_it_works_on_what_the_settings_name(
    bank: BankControl,
    make_up: Callable[..., Up],
    make_folder: Callable[[], Path],
    zhuanhu: Zhuanhu,
    monkeypatch: pytest.MonkeyPatch,
    family: BankFamily,
) -> None:
    monkeypatch.setenv("ZHUANHU_BANK_FAMILY", family.value)
    data = make_folder()
    up = make_up(data)
    assert (up.ready["bank_url"], up.ready["bank_pid"]) == (bank.url, None)
    with publishing(find(data, None)) as commands:
        commands.submit(EXAMPLES[:6])
    perform(find(data, None), "bank-total", {})  # Until the bank has answered.
    assert bank.total_fen() == 1_000_000
    seeded = zhuanhu("account", "show", "platform:reserve", "--data", str(data), "--json")
    assert seeded.json["available_fen"] == 1_000_000
    proof = zhuanhu("verify", "--data", str(data), "--json")
    assert (proof.code, proof.json["bank_total_fen"]) == (0, None)
    assert up.stop(signal.SIGTERM) == 0
    assert not (data / "pg").exists()
    assert zhuanhu("doctor", "--data", str(data), "--json").code == 0


@pytest.mark.usefixtures("bank")
def test_a_bank_that_must_be_told_where_to_call_needs_it_set(
    make_folder: Callable[[], Path], zhuanhu: Zhuanhu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHUANHU_BANK_FAMILY", "batch")
    monkeypatch.delenv("ZHUANHU_CALLBACK_URL")
    told = zhuanhu("up", "--data", str(make_folder()), "--json")
    assert (told.code, told.error["code"]) == (2, "bad_settings")
    assert "ZHUANHU_CALLBACK_URL" in told.error["message"]


@pytest.mark.usefixtures("bank")
def test_what_such_a_bank_needs_is_named(
    make_folder: Callable[[], Path], zhuanhu: Zhuanhu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZHUANHU_PLATFORM_PRIVATE_KEY")
    told = zhuanhu("up", "--data", str(make_folder()), "--json")
    assert (told.code, told.error["code"]) == (2, "bad_settings")
    assert "ZHUANHU_PLATFORM_PRIVATE_KEY" in told.error["message"]
