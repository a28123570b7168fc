"""A demo against a bank that misbehaves: how it is waited for, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from services.cli.demo.front import Front
from services.cli.demo.play import close
from services.cli.failure import CliError
from services.cli.stack import Stack
from services.custody.requests import Kind

STEP = timedelta(minutes=2)
STEPS_MAX = 250  # More would pass midnight.
OWED_S = 120
POLL_S = 0.05
LAST_DAYS = 5  # The longest that a paid withdrawal takes to come back, and the day of its notice.


@dataclass(frozen=True, slots=True)
class Patience:
    """Lets simulated time pass where custody waits before it asks again: once nothing has changed
    for `quiet_ms`."""

    stack: Stack
    quiet_ms: int = 150

    def drain(self, besides: Collection[Kind] = ()) -> None:
        """Nothing is left that the bank has not taken, of whatever kind: what it never got may be
        sent again on the same day only."""
        for _ in range(STEPS_MAX):
            if self.stack.custody.drain(self.quiet_ms, besides) and self.stack.custody.all_taken():
                return
            self.stack.pass_time(STEP)
        raise CliError(
            "bank_silent",
            "the bank has not answered everything in time",
            hint="zhuanhu up goes on asking; see bank.log in the data folder",
            exit_code=1,
        )


def settle_up(front: Front) -> None:
    """The faults are over: what is owed arrives, also in the days to come, and every day is
    reconciled once more."""
    stack = front.stack
    stack.bank.end_faults()
    deadline = time.monotonic() + OWED_S
    while stack.bank.notices_owed() and time.monotonic() < deadline:
        stack.custody.step()
        time.sleep(POLL_S)
    front.drain(())
    for _ in range(LAST_DAYS):
        close(front, stack.day_end.business_date())
    for day in stack.reconciler.records.days():
        front.reconcile(day.bank_date)
    stack.projector.catch_up()
