"""Thousands of movements at a bank with every fault, custody and bank killed again and again; then
the faults end, and book and bank are one, with everything reported that was wrong and nothing else.

ZHUANHU_SOAK_MOVEMENTS: how many in all, 2,000 if unset. `make soak-custody` runs 20,000.
"""

from __future__ import annotations

import os
from contextlib import closing
from typing import Any

import pytest

from domain.bank_statement import BankBalance
from domain.cashbook import UNBOUNDED
from infra.postgres import connect
from services.cli.demo.book import Book, seeded_book
from services.cli.demo.front import Front
from services.cli.demo.hardship import Patience, settle_up
from services.cli.demo.looks import Looks
from services.cli.demo.play import play
from services.cli.demo.reckoning import reckon
from services.proof.mirror import prove_mirror
from services.proof.verify import verify
from tests.soak.rig import PLATFORM, Town, town

MOVEMENTS = int(os.environ.get("ZHUANHU_SOAK_MOVEMENTS", "2000"))
KILLS_MIN = 3
HANG_MS, DELAY_MS = 400, 100  # More than HASTY_MS: it is the caller who gives up.
QUIET_MS = 50

# What must be reported: a cruel bank does each of them.
REPORTABLE = {
    "contradiction",
    "backroll",
    "line_missing",
    "line_doubled",
    "line_changed",
    "line_foreign",
}

STATES = "SELECT status, count(*) FROM views_soak.movement GROUP BY status"
OPEN = "SELECT request_no FROM custody_soak.request_state WHERE NOT reported"
HELD = "SELECT account, available_fen, frozen_fen FROM views_soak.account WHERE account <> ALL(%s)"


def book_of(movements: int, seed: int) -> Book:
    """One that has at least so many."""
    return seeded_book(loans=-(-movements // 18), investors=12, months=2, seed=seed)


@pytest.mark.parametrize("profile", ["realistic", "cruel"])
@pytest.mark.parametrize("family", ["service", "batch"])
def test_soak(family: str, profile: str) -> None:
    seed = len(family) * 100 + len(profile)
    movements = MOVEMENTS // 4
    book = book_of(movements, seed)
    with town(family, seed, movements) as (stack, killer):
        with closing(Looks(stack.url, PLATFORM, stack.projector.catch_up)) as looks:
            front = Front(stack, looks, Patience(stack, QUIET_MS).drain)
            stack.bank.plan_faults(profile, seed, hangMs=HANG_MS, delayMs=DELAY_MS)
            for _ in play(front, book, seed):
                pass
        killer.active = False
        settle_up(front)

        assert rows(stack, OPEN) == []
        states = dict(rows(stack, STATES))
        assert states.get("requested", 0) == 0
        assert sum(states.values()) >= movements
        assert book_balances(stack) == bank_balances(stack)
        assert prove_mirror(stack.url, PLATFORM, stack.now()).one_to_one
        proof = verify(
            stack.url,
            PLATFORM,
            bank_total_fen=stack.bank.total_fen(),
            compare_views=stack.projector.compare,
        )
        assert proof.ok, [each for each in proof.findings if not each.ok]
        reckoning = reckon(stack)
        assert (reckoning.incomplete_days, reckoning.missing, reckoning.unexplained) == (0, [], [])
        assert profile != "cruel" or reckoning.injected.keys() >= REPORTABLE
        assert len(killer.killed) >= KILLS_MIN


def rows(stack: Town, query: str, *values: object) -> list[tuple[Any, ...]]:
    with connect(stack.url, autocommit=True) as connection:
        return connection.execute(query.encode(), values).fetchall()


def book_balances(stack: Town) -> dict[str, BankBalance]:
    """Of every account that the bank holds for us."""
    return {
        account: BankBalance(available_fen, frozen_fen)
        for account, available_fen, frozen_fen in rows(stack, HELD, list(UNBOUNDED))
    }


def bank_balances(stack: Town) -> dict[str, BankBalance]:
    """Asked one by one, as a platform may."""
    return dict(stack.custodian.balances([*book_balances(stack)]))
