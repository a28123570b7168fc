"""How long what comes from the bank's side is fuzzed: set here, for all such tests together.

Usually each has a fixed number of examples, the same in every run. Where ZHUANHU_FUZZ_S is set, the
tests marked `fuzz` share so many seconds among them, and each goes on with new examples as long as
its share lasts. They follow from ZHUANHU_FUZZ_SEED, which the run prints: with it they come again.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import time
from collections.abc import Callable, Iterable
from typing import ParamSpec

import pytest
from hypothesis import seed, settings

BUDGET_S = float(os.environ.get("ZHUANHU_FUZZ_S", "0"))
SEED = int(os.environ.get("ZHUANHU_FUZZ_SEED") or time.time_ns() % 2**32)
os.environ["ZHUANHU_FUZZ_SEED"] = str(SEED)  # For the processes among which the tests are divided.

A_ROUND = 100  # Examples, where there is a budget: no test takes much more than its share.

P = ParamSpec("P")


class Share:
    """Of one test, once it is known how many there are."""

    seconds = 0.0


def pytest_report_header() -> str | None:
    return f"fuzzing: ZHUANHU_FUZZ_S={BUDGET_S:g} ZHUANHU_FUZZ_SEED={SEED}" if BUDGET_S else None


def pytest_collection_finish(session: pytest.Session) -> None:
    Share.seconds = BUDGET_S / max(1, _marked(session.items))


def _marked(items: Iterable[pytest.Item]) -> int:
    return sum(1 for item in items if item.get_closest_marker("fuzz"))


def fuzzed(examples: int) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """For what is `given`: so many examples, or with a budget one round after the other."""
    profile = settings(
        max_examples=min(examples, A_ROUND) if BUDGET_S else examples,
        derandomize=not BUDGET_S,
        database=None,
    )

    def wrap(test: Callable[P, None]) -> Callable[P, None]:
        one_round = profile(test)

        @functools.wraps(one_round)
        def as_long_as_it_may(*args: P.args, **kwargs: P.kwargs) -> None:
            until = time.monotonic() + Share.seconds
            for number in itertools.count():
                try:
                    seed(_seed(number))(one_round)(*args, **kwargs)
                except Exception as found:
                    found.add_note(f"round {number} of ZHUANHU_FUZZ_SEED={SEED}")
                    raise
                if time.monotonic() >= until:
                    return

        return as_long_as_it_may if BUDGET_S else one_round

    return wrap


def _seed(number: int) -> int:
    """Of a round of the test that runs."""
    name = f"{SEED} {os.environ['PYTEST_CURRENT_TEST']} {number}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
