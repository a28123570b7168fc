"""The restore drill of docs/restore.md: the database is put back to a base backup that was taken
mid-run, while the bank has gone on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import pytest

from domain import commands as c
from domain.accounts import Role
from infra import postgres_programs
from infra.postgres import EmbeddedPostgres, connect
from infra.settings import BankFamily
from services.cli.bank_process import BankControl
from services.cli.command_examples import EXAMPLES
from services.cli.installation import FILE
from services.cli.opening import find
from services.cli.publish import publishing
from services.cli.stack_work import perform
from tests.services.cli.conftest import Answer, Up, bank_elsewhere, zhuanhu_process

LENT = next(at for at, each in enumerate(EXAMPLES) if isinstance(each, c.RequestLoan))
# To stop a withdrawal is another matter afterwards: the bank may have ended it since. And what one
# family has no word for is never sent, so that its bank could not know it.
BEFORE = EXAMPLES[:LENT]
AFTER = [
    each for each in EXAMPLES[LENT:] if not isinstance(each, c.StopWithdrawal | c.CheckPassword)
]
LAST = c.RequestRecharge(
    id="last", platform="demo", actor="web", recharge_id="I1-2", member_id="I1",
    role=Role.INVESTOR, amount_fen=7_000,
)  # fmt: skip
MOVED: LiteralString = (
    "SELECT biz_type, request_no, custom_define, payer, payee, amount_fen FROM sandbox_bank.entry"
    " ORDER BY order_no"
)


@dataclass(frozen=True)
class Elsewhere:
    """The bank, and the database that it keeps its own books in."""

    control: BankControl
    url: str

    def moved(self) -> list[tuple[Any, ...]]:
        """Everything that it has ever moved."""
        with connect(self.url) as connection:
            return connection.execute(MOVED).fetchall()


@pytest.fixture(params=BankFamily)
def bank(
    request: pytest.FixtureRequest,
    postgres: EmbeddedPostgres,
    make_folder: Callable[[], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Elsewhere]:
    monkeypatch.setenv("ZHUANHU_BANK_FAMILY", request.param.value)
    with bank_elsewhere(postgres, make_folder(), monkeypatch) as elsewhere:
        yield Elsewhere(*elsewhere)


def give(data: Path, commands: Sequence[c.Command]) -> None:
    """Each when the bank has answered what the last one asked."""
    for command in commands:
        with publishing(find(data, None)) as writer:
            [receipt] = writer.submit([command])
        assert not receipt.code, receipt
        perform(find(data, None), "bank-total", {})


def base_backup(data: Path, backup: Path) -> None:
    """Of the server that runs on `data`."""
    postgres_programs.let_through(backup)
    postgres_programs.make_folder(backup)
    took = postgres_programs.run(
        "pg_basebackup", "-h", str(data / "pg"), "-U", "postgres", "-D", str(backup), "-c", "fast",
        folder=backup, log=backup.parent / "backup.log",
    )  # fmt: skip
    assert took, (backup.parent / "backup.log").read_text()


def restore(data: Path, backup: Path, fresh: Path) -> None:
    """What the drill puts into a new data folder: the backup, and what is kept apart from it."""
    fresh.mkdir(mode=0o700)
    shutil.copytree(data / "keys", fresh / "keys")
    shutil.copy(data / FILE, fresh / FILE)
    backup.rename(fresh / "pg")


def catch_up(data: Path, *words: str) -> Answer:
    return zhuanhu_process("catch-up", "--data", str(data), "--json", *words)


def test_restored_from_a_base_backup_book_and_bank_come_together_and_nothing_is_done_twice(
    bank: Elsewhere,
    make_folder: Callable[[], Path],
    make_up: Callable[..., Up],
    tmp_path: Path,
) -> None:
    data, fresh, backup = make_folder(), make_folder(), make_folder()
    up = make_up(data)
    give(data, BEFORE)
    base_backup(data, backup)
    give(data, AFTER)
    assert up.stop() == 0
    moved, total_fen = bank.moved(), bank.control.total_fen()
    assert len(moved) > len(BEFORE)
    restore(data, backup, fresh)

    refused = zhuanhu_process("up", "--data", str(fresh), "--json")
    assert (refused.code, refused.error["code"]) == (1, "catch_up_first")
    alone = catch_up(fresh)
    assert (alone.code, alone.json["released"]) == (1, False)
    assert alone.json["held"]["reason"] == "base_backup"
    apart = {each["account"] for each in alone.json["differences"]}
    assert {"B1:borrower", "platform:income"} <= apart

    lost = tmp_path / "since.jsonl"
    lines = [command.model_dump_json() for command in (*BEFORE[-2:], *AFTER, LAST)]
    lost.write_text("\n".join(lines))
    told = catch_up(fresh, "--commands", str(lost))
    assert (told.code, told.json["released"]) == (0, True), told
    assert told.json["differences"] == []
    given = {"taken": 0, "accepted": len(AFTER) + 1, "refused": 0, "decided_before": 2}
    assert told.json["commands"] == given
    assert told.json["to_send"] == ["C-I1-2.1"]
    assert bank.moved() == moved  # Nothing was sent, neither again nor anew.
    assert catch_up(fresh).error["code"] == "not_held"

    up = make_up(fresh)
    perform(find(fresh, None), "bank-total", {})
    assert bank.moved()[: len(moved)] == moved
    assert [each[1] for each in bank.moved()[len(moved) :]] == ["C-I1-2.1"]
    assert bank.control.total_fen() == total_fen + LAST.amount_fen
    assert zhuanhu_process("verify", "--data", str(fresh), "--json").code == 0
    mirror = zhuanhu_process("mirror", "--data", str(fresh), "--json")
    assert (mirror.code, json.loads(mirror.out)["unknown"]) == (0, [])
    assert up.stop() == 0
