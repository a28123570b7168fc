"""The last line of defence: what the database refuses, and what a decider with a bug leaves."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError

from adapters.commanding import Outcome
from domain import commands as c
from domain.cashbook import UNBOUNDED
from domain.commands import Command
from domain.model import InvariantBroken, Refused
from domain.refusals import Code
from services.settlement import on_members, on_withdrawals
from services.settlement.desk import Desk
from services.settlement.handlers import HANDLERS, Handler
from services.settlement.shelf import Balance
from tests.exemplars import NAME
from tests.house import House
from tests.services.settlement.lucy import everything, recharge, withdrawal
from tests.services.settlement.whole import assert_whole


@pytest.mark.parametrize("table", ["stored_events", "receipt"])
def test_what_is_on_record_is_never_changed_or_deleted(lucy: House, table: str) -> None:
    before = everything(lucy)
    for change in (f"DELETE FROM shard_p1.{table}", f"TRUNCATE shard_p1.{table}"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            lucy.connection.execute(change.encode())
    assert everything(lucy) == before


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk that forgot to look whether the money is there."""

    def careless_move(self: Desk, legs: Any, *, refusable: bool) -> None:
        for account, available_fen, frozen_fen in legs:
            if account in UNBOUNDED:
                continue
            before = self.balance(account)
            self._balances[account] = Balance(
                before.available_fen + available_fen, before.frozen_fen + frozen_fen
            )

    monkeypatch.setattr(Desk, "_move", careless_move)


@pytest.mark.usefixtures("careless")
def test_even_a_broken_desk_cannot_overdraw(lucy: House) -> None:
    before = everything(lucy)
    with pytest.raises(IntegrityError, match="available_fen"):
        lucy.writer.submit([withdrawal(1, 100_01)])
    assert everything(lucy) == before


# -- deciders with bugs --------------------------------------------------------------------


def test_a_bug_in_a_decider_stops_the_batch_and_stores_nothing(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def buggy(desk: Desk, command: c.RequestRecharge) -> None:
        on_members.request_recharge(desk, command)
        raise InvariantBroken("a bug")

    kind: type[Command] = c.RequestRecharge
    monkeypatch.setitem(HANDLERS, kind, Handler(buggy, HANDLERS[kind].touches))
    before = everything(lucy)
    with pytest.raises(InvariantBroken):
        lucy.writer.submit([withdrawal(1, 60_00), recharge(1)])
    assert everything(lucy) == before
    [receipt] = lucy.writer.submit([withdrawal(1, 60_00)])
    assert (receipt.outcome, receipt.replayed) == (Outcome.ACCEPTED, False)
    assert_whole(lucy)


def test_a_refusal_late_in_a_decider_sweeps_the_desk_clean(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(desk: Desk, command: c.RequestWithdrawal) -> None:
        on_withdrawals.request_withdrawal(desk, command)
        desk.put_away("late", {"name": NAME})
        raise Refused(Code.LOAN_UNKNOWN)

    first, refused, last = withdrawal(1, 60_00), withdrawal(2, 30_00), withdrawal(3, 40_00)
    kind: type[Command] = c.RequestWithdrawal
    real = HANDLERS[kind]
    decide = {first.id: real.decide, refused.id: late, last.id: real.decide}
    chosen = Handler(lambda desk, command: decide[command.id](desk, command), real.touches)
    monkeypatch.setitem(HANDLERS, kind, chosen)
    codes = [receipt.code for receipt in lucy.writer.submit([first, refused, last])]
    assert codes == ["", "loan_unknown", ""]
    assert lucy.balances()["lucy:investor"] == (0, 100_00)
    assert lucy.query("SELECT ref FROM {}.vault WHERE ref = 'late'") == []
    assert_whole(lucy)
