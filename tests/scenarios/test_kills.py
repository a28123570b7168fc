"""Real processes, killed in the middle: `zhuanhu up` goes on, and no fen is lost or moved twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, LiteralString

import psutil
import psycopg
import pytest

from infra.postgres import EmbeddedPostgres, PostgresUnavailable, connect
from services.cli.opening import find
from services.cli.stack_work import perform
from tests.services.cli.conftest import Up, zhuanhu_process

DEMO = ("--loans", "30", "--investors", "40", "--months", "3", "--keep", "--json=-")
PATIENCE_S = 300
POLL_S = 0.02

MIRROR: LiteralString = """
    SELECT m.movement_id, count(i.movement_id), count(DISTINCT i.request_no), min(m.amount_fen),
           min(i.amount_fen)
    FROM views_demo.movement m FULL JOIN custody_demo.instruction i USING (movement_id)
    WHERE m.origin IS NULL
    GROUP BY m.movement_id
    HAVING count(i.movement_id) <> 1 OR min(m.amount_fen) IS DISTINCT FROM min(i.amount_fen)
"""
BOOK_TOTAL: LiteralString = """
    SELECT sum(available_fen + frozen_fen)::bigint FROM shard_demo.account_balance
    WHERE account NOT IN ('outside', 'shortfall')
"""


class Demo:
    """A demo that plays in a process of its own, and the processes that it has started."""

    def __init__(self, folder: Path, bank: str) -> None:
        self.data = folder / "demo"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", "demo", *DEMO, "--bank", bank],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"ZHUANHU_DATA_DIR": str(folder)},
        )

    @property
    def itself(self) -> list[psutil.Process]:
        return [psutil.Process(self.process.pid)]

    @property
    def bank(self) -> list[psutil.Process]:
        [child] = [
            child
            for child in psutil.Process(self.process.pid).children()
            if "services.sandbox_bank" in child.cmdline()
        ]
        return [child]

    @property
    def postmaster(self) -> list[psutil.Process]:
        return [psutil.Process(EmbeddedPostgres(self.data).pid)]

    @property
    def everything(self) -> list[psutil.Process]:
        [postmaster] = self.postmaster
        return [*self.itself, *self.bank, postmaster, *postmaster.children()]

    def await_position(self, wanted: int) -> None:
        """Until its log has come so far."""
        deadline = time.monotonic() + PATIENCE_S
        while self._position() < wanted:
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline
            time.sleep(POLL_S)

    def _position(self) -> int:
        with suppress(PostgresUnavailable, psycopg.Error, IndexError):
            url = EmbeddedPostgres(self.data).url("zhuanhu")
            with connect(url, autocommit=True) as connection:
                rows = connection.execute("SELECT head_position FROM shard_demo.shard").fetchall()
                return int(rows[0][0]) if rows else 0
        return 0

    def end(self) -> tuple[int, str]:
        """Its exit code, and what it said when it could not go on."""
        _, said = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, said


@pytest.fixture
def bank() -> str:
    """The family of protocols that it speaks."""
    return "a"


@pytest.fixture
def demo(bank: str) -> Iterator[Demo]:
    # Not pytest's own folder: under root the server runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="zhuanhu-test-"))
    demo = Demo(folder, bank)
    yield demo
    if demo.process.poll() is None:
        demo.process.kill()
        demo.process.communicate()
    with EmbeddedPostgres(demo.data):
        pass  # Whoever leaves last stops the server, also one that outlived its owner.
    shutil.rmtree(folder)


def kill(victims: list[psutil.Process]) -> None:
    for victim in victims:
        with suppress(psutil.NoSuchProcess):
            victim.kill()


@pytest.mark.parametrize("position", [40, 1300, 2500])
@pytest.mark.parametrize("victims", ["itself", "everything"])
def test_a_demo_that_was_killed(demo: Demo, victims: str, position: int) -> None:
    demo.await_position(position)
    kill(getattr(demo, victims))
    code, _ = demo.end()
    assert code == -9
    goes_on_and_proves(demo.data)


@pytest.mark.parametrize("bank", ["b"])
@pytest.mark.parametrize("position", [700, 2100])
@pytest.mark.parametrize("victims", ["itself", "everything"])
def test_a_demo_that_was_killed_while_the_bank_worked_in_batches(
    demo: Demo, victims: str, position: int
) -> None:
    demo.await_position(position)
    kill(getattr(demo, victims))
    code, _ = demo.end()
    assert code == -9
    goes_on_and_proves(demo.data)


@pytest.mark.parametrize("position", [700, 1700])
@pytest.mark.parametrize("victims", ["bank", "postmaster"])
def test_a_demo_that_lost_what_it_needs_says_so(demo: Demo, victims: str, position: int) -> None:
    demo.await_position(position)
    kill(getattr(demo, victims))
    code, said = demo.end()
    error = json.loads(said)
    assert code in (1, 2)
    assert (
        error["code"]
        in {
            "bank": {"bank_silent"},
            "postmaster": {"database_failed", "postgres_unavailable"},  # In a query, or before one.
        }[victims]
    )
    assert error["hint"]
    goes_on_and_proves(demo.data)


def goes_on_and_proves(data: Path) -> None:
    """A fresh `up` finishes what was begun, closes the day, and ends when told."""
    up = Up(data)
    place = find(data, None)
    try:
        rolled = perform(place, "day-end", {})  # The bank pays withdrawals out with its next day.
        assert {day["verdict"] for day in rolled["reconciled"]} <= {
            "reconciled",
            "reconciled_with_pending",
        }
        bank_total_fen = perform(place, "bank-total", {})["total_fen"]
    finally:
        assert up.stop() == 0
    with EmbeddedPostgres(data) as server:
        proof = zhuanhu_process("verify", "--data", str(data), "--json")
        assert (proof.code, proof.json["ok"]) == (0, True), proof.out
        with connect(server.url("zhuanhu"), autocommit=True) as connection:
            assert (
                rows(connection, "SELECT * FROM views_demo.movement WHERE status = 'requested'")
                == []
            )
            assert rows(connection, MIRROR) == []
            assert rows(connection, BOOK_TOTAL) == [(bank_total_fen,)]


def rows(connection: psycopg.Connection[Any], query: LiteralString) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()
