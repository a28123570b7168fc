"""A writer under watch: what it answers, and what must hold after each step.

Beside it runs a small ledger that knows nothing of legs.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant

from adapters.commanding import Outcome, Receipt
from adapters.event_log import ShardRecorder, WriterFenced
from domain import commands as c
from domain.cashbook import BankMovementRecorded, EntryRejected, EntryRequested, EntrySettled
from domain.commands import Command
from domain.model import Event
from domain.refusals import Code
from domain.shortfall import Shortfalls
from domain.streams import SHORTFALL
from services.settlement.press import Press
from tests.exemplars import command
from tests.house import House
from tests.oracles.ledger import Ledger, without_zeros
from tests.services.settlement.failing import Broken
from tests.services.settlement.whole import assert_whole


class Watched(RuleBasedStateMachine):
    numbers = itertools.count(1)

    def __init__(self, url: str) -> None:
        super().__init__()
        self.house = House(url, f"p{next(Watched.numbers)}")
        self.ledger = Ledger()
        self.sent: dict[str, Command] = {}
        self.receipts: dict[str, Receipt] = {}
        self.head = 0
        self.checked = 0  # Receipts that were compared with the table.

    def teardown(self) -> None:
        assert_whole(self.house)
        self.house.close()

    # -- sending, and what must come back -------------------------------------------------

    def _command(self, kind: type[Command], /, **fields: Any) -> Command:
        if kind is c.RecordBankMovement:
            fields["bank_date"] = self.house.today
        return command(kind, platform=self.house.platform, **fields)

    def submit(self, batch: Sequence[Command], *, again: bool = False) -> None:
        """`again`: what was answered before may have been stored without our knowing."""
        answers = self.house.writer.submit(batch)
        for sent, answer in zip(batch, answers, strict=True):
            known = self.sent.get(sent.id)
            if known is None:
                self.sent[sent.id] = sent
                self.receipts[sent.id] = answer._replace(replayed=False)
                assert again or not answer.replayed
                self._new(sent, answer)
            elif known == sent:
                assert answer == self.receipts[sent.id]._replace(replayed=True)
            else:
                assert (answer.outcome, answer.code) == (Outcome.REFUSED, Code.COMMAND_ID_REUSED)

    def _new(self, sent: Command, answer: Receipt) -> None:
        if answer.outcome is Outcome.REFUSED:
            assert (answer.first_position, answer.last_position) == (0, 0)
            assert answer.code in set(Code)
            if answer.code == Code.INSUFFICIENT_BALANCE:
                most = "amount_max_fen" if isinstance(sent, c.BuyClaim) else "amount_fen"
                assert self._there(sent) < getattr(sent, most)
            return
        if isinstance(sent, c.RequestWithdrawal | c.PlaceTender):
            assert self._there(sent) >= sent.amount_fen
        if answer.first_position:
            assert answer.first_position == self.head + 1
            events = self.house.log.read(self.head, upto=answer.last_position)
            assert {recorded.cause for recorded in events} == {sent.id}
            self.head += len(events)
            assert self.head == answer.last_position
            for recorded in events:
                self._book(recorded.event)

    def _there(self, sent: Command) -> int:
        match sent:
            case c.RequestWithdrawal():
                return self.ledger.available(f"{sent.member_id}:{sent.role}")
            case c.BuyClaim():
                return self.ledger.available(f"{sent.buyer_id}:investor")
            case c.PlaceTender():
                return self.ledger.available(f"{sent.investor_id}:investor")
            case c.RepayLoan():
                borrower = {"L0": "m0", "L1": "m1", "L2": "m2"}[sent.loan_id]
                return self.ledger.available(f"{borrower}:borrower")
            case c.ReverseMovement() | c.CoverShortfall():
                return self.ledger.available("platform:income")
            case _:
                raise AssertionError(f"{sent.type} needs no balance")

    def _book(self, event: Event) -> None:
        match event:
            case EntryRequested():
                self.ledger.request(event.entry_id, event.movements)
            case EntrySettled():
                self.ledger.settle(event.entry_id)
            case EntryRejected():
                self.ledger.reject(event.entry_id)
            case BankMovementRecorded(movement=m):
                credit = m.payer == "outside"
                self.ledger.bank(m.payee if credit else m.payer, m.amount_fen, credit=credit)

    # -- failures ---------------------------------------------------------------------------

    def _crash(self, batch: Sequence[Command], step: str) -> None:
        """A new process is given the same batch again."""
        self._fail(step, Broken())
        with pytest.raises(Broken):
            self.house.writer.submit(batch)
        self.house.writer.close()
        self.house.writer = self.house.new_writer()
        self.submit(batch, again=True)

    def _take_over(self, batch: Sequence[Command]) -> None:
        old, self.house.writer = self.house.writer, self.house.new_writer()
        with pytest.raises(WriterFenced):
            old.submit(batch)
        old.close()
        assert self.house.log.head() == self.head
        self.submit(batch)

    def _fail(self, step: str, error: Exception) -> None:
        """The next append does this step for real, and then fails."""
        press = self.house.writer._press
        assert isinstance(press, Press)
        recorder = press._recorder
        real = getattr(ShardRecorder, step)

        def failing(*args: Any, **kwargs: Any) -> None:
            delattr(recorder, step)
            real(recorder, *args, **kwargs)
            raise error

        setattr(recorder, step, failing)

    # -- what holds after each ----------------------------------------------------------------

    @invariant()
    def the_balances_are_the_ledgers(self) -> None:
        assert without_zeros(self.house.balances()) == without_zeros(self.ledger.balances())

    @invariant()
    def what_is_lacking_is_claimed(self) -> None:
        shortfalls: Shortfalls = self.house.writer._shelf.state(SHORTFALL).state
        claimed: Counter[str] = Counter()
        for claim in shortfalls.open.values():
            claimed[claim.account] += claim.left_fen
        assert claimed == {account: fen for account, fen in self.ledger.lacking.items() if fen}

    @invariant()
    def the_log_ends_where_the_receipts_say(self) -> None:
        assert self.house.log.head() == self.house.writer.position == self.head

    @invariant()
    def every_id_has_one_receipt(self) -> None:
        rows = self.house.query(
            "SELECT command_id, outcome, code, message, field, first_position, last_position"
            " FROM {}.receipt WHERE number > (%s)",
            self.checked,
        )
        for row in rows:
            assert Receipt(row[0], Outcome(row[1]), *row[2:]) == self.receipts[row[0]]
        self.checked += len(rows)
        assert self.checked == len(self.receipts)
