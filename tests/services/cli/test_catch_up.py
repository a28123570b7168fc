"""Catching up over days of the bank: what its files list and nothing of ours explains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaProducer

from adapters.kafka.topics import Topic, ensure_topics, topic_name
from domain import commands as c
from infra.kafka import administration, client_options
from infra.postgres import EmbeddedPostgres, connect
from infra.settings import Settings
from services.cli.command_examples import EXAMPLES
from services.cli.installation import DATABASE, Installation
from services.cli.opening import find
from services.cli.stack import Stack, running
from services.cli.stack_work import perform
from tests.services.cli.conftest import Answer, simulated, zhuanhu_process

FIRST = next(at for at, each in enumerate(EXAMPLES) if isinstance(each, c.RequestRecharge))
OPENED, LATER = EXAMPLES[:FIRST], EXAMPLES[FIRST : FIRST + 2]
SAVED = "saved"


def give(stack: Stack, commands: Sequence[c.Command]) -> None:
    for command in commands:
        [receipt] = stack.submit([command])
        assert not receipt.code, receipt
        stack.drain()


def change(data: Path, *statements: str) -> None:
    with (
        EmbeddedPostgres(data) as server,
        connect(server.url("postgres"), autocommit=True) as connection,
    ):
        for statement in statements:
            connection.execute(statement.encode())


@pytest.fixture
def restored(make_folder: Callable[[], Path]) -> Path:
    """Put back to its second day, when the bank's third has begun: a recharge of each of two
    members, and interest of the bank's own, are lost."""
    data = simulated(make_folder())
    with running(find(data, None)) as stack:
        give(stack, OPENED)
    perform(find(data, None), "day-end", {})
    change(data, f"CREATE DATABASE {SAVED} TEMPLATE {DATABASE}")
    with running(find(data, None)) as stack:
        give(stack, LATER)
        stack.bank.interest("SYS_GENERATE_001", "3.21")
    perform(find(data, None), "day-end", {})
    change(data, f"DROP DATABASE {DATABASE}", f"ALTER DATABASE {SAVED} RENAME TO {DATABASE}")
    return data


def test_the_topic_is_taken_from_where_the_backup_was_each_when_its_turn_has_come(
    make_folder: Callable[[], Path],
    kafka: Settings,
    kafka_platform: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", str(kafka.kafka_bootstrap_servers))
    data, options = make_folder(), client_options(kafka)
    data.mkdir(mode=0o700)
    Installation(kafka_platform, "P10001", "2024-01-02T10:00:00+08:00").save(data)
    with administration(options) as client:
        ensure_topics(client, kafka_platform, kafka)
    story = [
        EXAMPLES[at].model_copy(update={"platform": kafka_platform}) for at in (0, 1, 4, FIRST)
    ]
    with closing(KafkaProducer(**options, acks="all")) as producer:
        for command in story:
            message = command.model_dump_json().encode()
            producer.send(topic_name(kafka_platform, Topic.COMMANDS), message, partition=0)
    with running(find(data, None)):
        pass
    change(data, f"CREATE DATABASE {SAVED} TEMPLATE {DATABASE}")
    with running(find(data, None)) as stack:
        give(stack, story)
    change(data, f"DROP DATABASE {DATABASE}", f"ALTER DATABASE {SAVED} RENAME TO {DATABASE}")
    told = catch_up(data, "--restored", "--kafka")
    assert (told.code, told.json["released"]) == (0, True), told
    assert told.json["commands"]["taken"] == len(story)
    account = zhuanhu_process("account", "show", "I1:investor", "--data", str(data), "--json")
    assert account.json["available_fen"] == 200_000  # Not refused for want of an account.


def catch_up(data: Path, *words: str) -> Answer:
    return zhuanhu_process("catch-up", "--data", str(data), "--json", *words)


def lines_of(folder: Path, commands: Sequence[c.Command]) -> str:
    file = folder / "commands.jsonl"
    file.write_text("".join(f"{command.model_dump_json()}\n" for command in commands))
    return str(file)


def test_what_no_command_explains_is_a_break_with_an_owner_until_the_command_comes(
    restored: Path, tmp_path: Path
) -> None:
    assert catch_up(restored).error["code"] == "not_held"
    told = catch_up(restored, "--restored", "--commands", lines_of(tmp_path, LATER[:1]))
    assert (told.code, told.json["released"], told.json["held"]["reason"]) == (1, False, "declared")
    assert told.json["days"] == [{"bank_date": "2024-01-03", "verdict": "breaks"}]
    named = {(each["class"], each["reference"], each["owner"]) for each in told.json["breaks"]}
    assert named == {
        ("missing_in_book", "C-B1-1.1", "finance"),
        ("balance", "B1:borrower", "finance"),
    }
    assert [each["account"] for each in told.json["differences"]] == ["B1:borrower"]

    told = catch_up(restored, "--commands", lines_of(tmp_path, LATER))
    assert (told.code, told.json["released"]) == (0, True), told
    assert (told.json["breaks"], told.json["differences"]) == ([], [])
    assert told.json["commands"]["decided_before"] == 1
    interest = zhuanhu_process(
        "account", "show", "platform:reserve", "--data", str(restored), "--json"
    )
    assert interest.json["available_fen"] == 1_000_321


def test_somebody_may_bear_what_nobody_can_explain_under_his_name(restored: Path) -> None:
    told = catch_up(restored, "--restored", "--accept-by", "cfo-1")
    assert (told.code, told.json["released"]) == (0, True)
    assert told.json["differences_count"] == 2
    with (
        EmbeddedPostgres(restored) as server,
        connect(server.url(DATABASE), autocommit=True) as connection,
    ):
        rows = connection.execute(
            "SELECT what, by, (result->>'differences_count')::int FROM custody_demo.hold"
            " ORDER BY number"
        ).fetchall()
    assert rows == [("held", None, None), ("released", "cfo-1", 2)]


def test_while_it_is_held_nothing_else_starts_and_a_day_ends_without_sending(
    restored: Path,
) -> None:
    assert catch_up(restored, "--restored").code == 1
    for words in (["up"], ["publish", "-"]):
        refused = zhuanhu_process(*words, "--data", str(restored), "--json")
        assert refused.code != 0
    before = perform(find(restored, None), "bank-total", {})
    assert perform(find(restored, None), "day-end", {})["closed"] == "2024-01-03"
    assert perform(find(restored, None), "bank-total", {})["total_fen"] == before["total_fen"]
