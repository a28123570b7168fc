"""`zhuanhu up`: it goes on after a kill, ends when told, and says what is in its way."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from infra.postgres import connect
from services.cli.command_examples import EXAMPLES
from services.cli.installation import Installation
from services.cli.opening import database, find
from services.cli.publish import publishing
from services.cli.stack_work import perform
from tests.services.cli.conftest import START_TIMEOUT_S, Up, Zhuanhu, zhuanhu_process

MakeUp = Callable[..., Up]
MakeFolder = Callable[[], Path]


def test_it_goes_on_after_a_kill_and_ends_when_told(
    make_up: MakeUp, make_folder: MakeFolder, zhuanhu: Zhuanhu
) -> None:
    data = make_folder()
    killed = make_up(data, "--platform", "demo")
    bank = psutil.Process(killed.ready["bank_pid"])
    with publishing(find(data, None)) as commands:
        commands.submit(EXAMPLES[:6])  # Accounts and a recharge are on their way to the bank.
    assert killed.stop(signal.SIGKILL) == -signal.SIGKILL
    bank.wait(timeout=60)  # It never outlives whom it was started by.

    again = make_up(data)
    assert again.ready["platform"] == "demo"
    place = find(data, None)
    perform(place, "bank-total", {})  # Until the bank has answered.
    told = zhuanhu("member", "show", "B1", "--data", str(data), "--json")
    assert told.json["member"]["open_roles"] == "borrower"
    seeded = zhuanhu("account", "show", "platform:reserve", "--data", str(data), "--json")
    assert seeded.json["available_fen"] == 1_000_000  # Once.
    proof = zhuanhu("verify", "--data", str(data), "--json")
    assert proof.code == 0
    assert proof.json["bank_total_fen"] == 1_000_000
    assert again.stop(signal.SIGTERM) == 0

    _works_while_nothing_runs(data, zhuanhu)


def test_a_trial_book_has_a_time_of_its_own(
    make_up: MakeUp, make_folder: MakeFolder, zhuanhu: Zhuanhu
) -> None:
    data = make_folder()
    up = make_up(data, "--platform", "demo", "--starts-on", "2019-11-30")
    at = ("--data", str(data), "--json")
    opened = {"type": "open_platform", "id": "o", "platform": "demo", "actor": "me"}
    opened |= {"business_date": "2019-11-30", "law_table": "cn-p2p"}
    assert zhuanhu("publish", "-", *at, stdin=json.dumps(opened)).code == 0
    assert _last_recorded(zhuanhu, data) == "2019-11-30T01:00:00+00:00"
    assert zhuanhu("day-end", *at).json["closed"] == "2019-11-30"
    assert _last_recorded(zhuanhu, data) == "2019-11-30T16:30:00+00:00"  # 00:30 in Shanghai.
    days = zhuanhu("day-end", "--until", "2019-12-03", *at).lines
    assert [each["closed"] for each in days] == ["2019-12-01", "2019-12-02"]
    told = zhuanhu("day-end", "--until", "2019-12-03", *at)
    assert (told.code, told.out, told.error["field"]) == (2, "", "until")
    assert up.stop(signal.SIGTERM) == 0
    again = zhuanhu("up", *at, "--starts-on", "2020-01-01")
    assert (again.code, again.error["code"]) == (2, "bad_input")
    assert again.error["field"] == "starts_on"


def _last_recorded(zhuanhu: Zhuanhu, data: Path) -> str:
    told = zhuanhu("reserve", "show", "--data", str(data), "--json").json
    at: str = told["view"]["recorded_at"]
    return at


def test_it_ends_when_its_bank_has_ended(make_up: MakeUp, make_folder: MakeFolder) -> None:
    up = make_up(make_folder())
    psutil.Process(up.ready["bank_pid"]).kill()
    _, said = up.process.communicate(timeout=60)
    assert up.process.returncode == 1
    assert json.loads(said.splitlines()[-1])["code"] == "bank_silent"


def test_it_waits_for_the_next_writer_until_it_is_told_to_stop(
    make_up: MakeUp, make_folder: MakeFolder, zhuanhu: Zhuanhu
) -> None:
    data = make_folder()
    data.mkdir()
    Installation("demo", "P10001").save(data)
    place = find(data, None)
    with publishing(place) as commands:
        commands.submit(EXAMPLES[:6])
    up = make_up(data, "--no-writer")
    with database(place) as url, connect(url, autocommit=True) as connection:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not connection.execute("SELECT FROM shard_demo.inbox").fetchall():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert up.stop(signal.SIGTERM) == 0
    perform(place, "bank-total", {})  # With a writer: what waited is decided, and once.
    told = zhuanhu("member", "show", "B1", "--data", str(data), "--json")
    assert told.json["member"]["open_roles"] == "borrower"


def _works_while_nothing_runs(data: Path, zhuanhu: Zhuanhu) -> None:
    ahead = zhuanhu("day-end", "--until", "2024-01-09", "--data", str(data), "--json")
    assert ahead.error["code"] == "clock_is_real"
    policy = EXAMPLES[1].model_dump_json()
    rate = '{"type": "rate_loan", "id": "r", "platform": "demo", "actor": "me", "grade": "A",'
    lines = f'{policy}\n{rate} "loan_id": "L9"}}\n'
    told = zhuanhu("publish", "-", "--data", str(data), "--json", stdin=lines)
    assert told.code == 1
    assert [each["replayed"] for each in told.lines] == [True, False]
    assert zhuanhu("command", "show", "r", "--data", str(data), "--json").code == 0
    proof = zhuanhu("verify", "--data", str(data), "--json")
    assert (proof.code, proof.json["bank_total_fen"]) == (0, None)
    rolled = zhuanhu_process("day-end", "--data", str(data), "--json")
    assert (rolled.code, rolled.err) == (0, "")
    assert rolled.json["closed"] == "2024-01-02"


@pytest.mark.parametrize("option", ["--bank-port", "--callback-port"])
def test_a_taken_port_is_named(make_folder: MakeFolder, zhuanhu: Zhuanhu, option: str) -> None:
    data = make_folder()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        told = zhuanhu("up", "--data", str(data), option, port, "--json")
    assert (told.code, told.out) == (2, "")
    assert told.error["code"] == "port_taken"
    assert port in told.error["message"]
    assert option in told.error["hint"]
    assert not data.exists()


@pytest.mark.parametrize("name", ["Demo", "", "1st", "a b", "x" * 33, "é"])
def test_a_platform_is_named_in_plain_letters(
    make_folder: MakeFolder, zhuanhu: Zhuanhu, name: str
) -> None:
    told = zhuanhu("up", "--data", str(make_folder()), "--platform", name, "--json")
    assert told.code == 2
    assert told.error["field"] == "platform"


def test_a_full_disk_is_named(
    make_folder: MakeFolder, zhuanhu: Zhuanhu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "infra.data_folder.shutil.disk_usage", lambda _: type("Usage", (), {"free": 1 << 20})
    )
    told = zhuanhu("up", "--data", str(make_folder()), "--json")
    assert told.code == 2
    assert told.error["code"] == "no_space_left"
    assert told.error["hint"]


def test_a_folder_of_another_platform_is_not_taken_over(
    make_folder: MakeFolder, zhuanhu: Zhuanhu
) -> None:
    data = make_folder()
    data.mkdir()
    Installation("one", "P1").save(data)
    told = zhuanhu("up", "--data", str(data), "--platform", "two", "--json")
    assert (told.code, told.error["code"]) == (2, "platform_not_here")


def test_a_wrong_setting_is_named(make_folder: MakeFolder) -> None:
    told = zhuanhu_process("up", "--data", str(make_folder()), "--json", ZHUANHU_LOG_LEVEL="loudly")
    assert (told.code, told.out) == (2, "")
    assert told.error["code"] == "bad_settings"
    assert "ZHUANHU_LOG_LEVEL" in told.error["message"]


@pytest.mark.parametrize(
    "words",
    [
        ("publish", "-"),
        ("account", "show", "a:investor"),
        ("verify",),
        ("rebuild", "loans"),
        ("reconcile", "2024-01-02"),
    ],
)
def test_an_empty_folder_is_named(
    make_folder: MakeFolder, zhuanhu: Zhuanhu, words: tuple[str, ...]
) -> None:
    data = make_folder()
    told = zhuanhu(*words, "--data", str(data), "--json", stdin=EXAMPLES[0].model_dump_json())
    assert (told.code, told.out) == (2, "")
    assert told.error["code"] == "no_installation"
    assert not data.exists()
