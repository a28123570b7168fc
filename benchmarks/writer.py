"""The writer's whole production path of a tender: JSON in, events, receipt and balances out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from random import Random

from adapters.commanding import Outcome, Receipt
from adapters.event_log import prepare_shard
from adapters.vault import Seal
from benchmarks.commands import PLATFORM, Sender, Story, in_chunks, ordered_ids
from benchmarks.copies import MARK, Copyist, mark_ids
from domain import commands as c
from domain.accounts import Role
from infra.clock import ManualClock
from services.settlement.intake import read_command
from services.settlement.pen import Delivery
from services.settlement.press import PressProcess
from services.settlement.writer import BATCH_MAX, Writer

LOANS = 2_000
TENDER_FEN = 100_00
HOT = 0
"""The number of the account that every command touches, where one does."""
SETUP_BATCH = 5_000
SEAL = Seal(bytes(32))


class WriterBench:
    """A platform with `accounts` investors who all have money, and loans that never fill."""

    def __init__(self, url: str, accounts: int, sender: Sender) -> None:
        """Over what `prepare_platform` made."""
        self.sender = sender
        self._accounts = accounts
        self._random = Random(1)
        self._writer = open_writer(url)  # It knows nothing at first, and goes on as a live one.

    def tender_all(self, count: int, *, hot: bool = False) -> None:
        """As bytes, accounts at random or all the one."""
        self.submit(self.messages(count, hot=hot))

    def submit(self, messages: Sequence[bytes]) -> None:
        all_accepted(
            self._writer.run(
                Delivery([read_command(m) for m in messages[start : start + BATCH_MAX]])
                for start in range(0, len(messages), BATCH_MAX)
            )
        )

    def messages(self, count: int, *, hot: bool = False) -> list[bytes]:
        return [self.tender(hot=hot).model_dump_json().encode() for _ in range(count)]

    def tender(self, *, hot: bool = False) -> c.PlaceTender:
        loan = self._random.randrange(LOANS)
        investor = HOT if hot else self._random.randrange(self._accounts)
        return self.sender.tender(f"L{loan}", f"I{investor}", TENDER_FEN)

    def latencies_ms(self, seconds: int, rate: int) -> list[float]:
        """At `rate` commands a second, which come whether or not the writer is ready: from when
        each was due to its durable receipt. The writer takes all that have come."""
        messages = self.messages(seconds * rate)
        taken, latencies = 0, []
        began = time.perf_counter()
        while taken < len(messages):
            waiting = int((time.perf_counter() - began) * rate) + 1 - taken
            if waiting <= 0:
                # Until the next one is due.
                time.sleep(max(0.0, began + taken / rate - time.perf_counter()))
                continue
            commands = [read_command(m) for m in messages[taken : taken + waiting]]
            all_accepted(self._writer.submit(commands))
            ended = time.perf_counter() - began
            latencies += [
                (ended - due / rate) * 1000 for due in range(taken, taken + len(commands))
            ]
            taken += len(commands)
        return latencies

    def close(self) -> None:
        self._writer.close()


def open_writer(url: str) -> Writer:
    clock = ManualClock(datetime.now(UTC))
    return Writer(url, PLATFORM, SEAL, clock, press=PressProcess)


def new_bench(url: str, accounts: int) -> WriterBench:
    ids = ordered_ids()
    prepare_platform(url, accounts, ids)
    return WriterBench(url, accounts, Sender(ids))


def prepare_platform(url: str, accounts: int, ids: Iterator[str]) -> None:
    """The writer decides about all loans and the first investor; the others are copies of him."""
    prepare_shard(url, PLATFORM)
    decide(url, _loans(Sender(ids)))
    investor = Sender(mark_ids("invest")).investor(f"I{MARK}", f"9900000000{MARK}")
    append_copies(url, investor, range(accounts), ids)


def append_copies(url: str, story: Story, numbers: Sequence[int], ids: Iterator[str]) -> int:
    """Decides the story and copies it for each number; gives the events appended."""
    copyist = Copyist(url, PLATFORM, SEAL)
    commands = list(story)
    decide(url, commands)
    return copyist.copy(commands, numbers, ids)


def decide(url: str, commands: Iterable[c.Command]) -> None:
    writer = open_writer(url)
    for batch in in_chunks(commands, SETUP_BATCH):
        all_accepted(writer.submit(batch))
    writer.close()


def all_accepted(receipts: Sequence[Receipt]) -> None:
    """Raises RuntimeError for the first that is not."""
    for receipt in receipts:
        if receipt.outcome is not Outcome.ACCEPTED:
            raise RuntimeError(f"{receipt.command_id}: {receipt.code} {receipt.message}")


def _loans(sender: Sender) -> Story:
    yield from sender.opening()
    yield from sender.member("B1", Role.BORROWER, "990000000000")
    for number in range(LOANS):
        yield from sender.loan(f"L{number}", "B1", 10**12)
