"""Repayments to many investors in one entry: what a payment day of the platform is.

Each is three commands, as in production: the borrower's payment, the bank's word that the money is
held, and its word that every line was paid.
"""

from __future__ import annotations

from datetime import timedelta

from adapters.event_log import prepare_shard
from benchmarks.commands import DAY, PLATFORM, Sender, instalment_fen, ordered_ids
from benchmarks.copies import MARK, mark_ids
from benchmarks.writer import all_accepted, append_copies, decide, open_writer
from domain.funding import months_after
from services.settlement.intake import read_command
from services.settlement.pen import Delivery

INVESTORS = 200
AT_ONCE = 25  # Commands of a delivery: 5,000 legs.


class RepaymentBench:
    """`loans` loans of INVESTORS investors each, all their own."""

    def __init__(self, url: str, loans: int) -> None:
        prepare_shard(url, PLATFORM)
        ids = ordered_ids()
        self._sender, self._loans = Sender(ids), loans
        decide(url, self._sender.opening())
        append_copies(url, Sender(mark_ids("lend")).lent(MARK, INVESTORS), range(loans), ids)
        self._writer = open_writer(url)
        self._today, self._months = DAY, 0

    def next_month(self) -> None:
        """To the day from which the next instalment of every loan can be paid, long before it is
        due."""
        opens = months_after(DAY, self._months) + timedelta(days=1)
        self._months += 1
        while self._today < opens:
            self._today += timedelta(days=1)
            all_accepted(self._writer.submit([self._sender.next_day(self._today)]))

    def messages(self) -> list[list[bytes]]:
        """An instalment of every loan: all payments, then all the bank's answers to each step."""
        amount_fen = instalment_fen(INVESTORS)
        repaid = [
            self._sender.repaid(f"L-{number}", amount_fen, in_full=False)
            for number in range(self._loans)
        ]
        return [
            [command.model_dump_json().encode() for command in step]
            for step in zip(*repaid, strict=True)
        ]

    def pay(self, messages: list[list[bytes]]) -> None:
        for step in messages:
            all_accepted(
                self._writer.run(
                    Delivery([read_command(message) for message in step[start : start + AT_ONCE]])
                    for start in range(0, len(step), AT_ONCE)
                )
            )

    @property
    def legs(self) -> int:
        return self._loans * INVESTORS

    def close(self) -> None:
        self._writer.close()
