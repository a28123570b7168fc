"""From a withdrawal to the bound card, as it is bound by then."""

from __future__ import annotations

import pytest

from domain.bank_requests import Withdraw
from domain.commands import RejectEntry
from domain.member import BankAccountUnbound, UnbindingRefused
from services.custody.requests import Kind
from tests.services.custody import world as w
from tests.services.custody.conftest import House


class TestWithdrawal:
    def test_goes_to_the_bound_card(self, house: House) -> None:
        house.log.append(*w.member_with_card("ann"), w.withdrawal("1"))
        house.run()
        sent = house.bank.sent[-1]
        assert isinstance(sent, Withdraw)
        assert (sent.account, sent.amount_fen) == ("ann:investor", 300)
        assert sent.card_no == house.vault.open("card-ann-b1")["card_no"]

    def test_is_not_sent_once_the_card_is_being_unbound(self, house: House) -> None:
        house.log.append(*w.member_with_card("ann"), w.withdrawal("1"))
        house.log.append(w.unbinding("ann"))
        house.run()
        assert "W-1.1" not in house.bank.numbers
        assert house.steps_of("W-1.1") == ["planned", "refused"]
        rejected = house.writer.taken["reject:W-1"]
        assert isinstance(rejected, RejectEntry)
        assert rejected.bank_code == "card_not_bound"

    @pytest.mark.parametrize(
        ("last", "sent"),
        [
            (UnbindingRefused(member_id="ann", binding_id="b1", bank_code="x"), True),
            (BankAccountUnbound(member_id="ann", binding_id="b1"), False),
        ],
    )
    def test_looks_at_the_binding_as_it_is_by_now(
        self, house: House, last: UnbindingRefused | BankAccountUnbound, sent: bool
    ) -> None:
        house.log.append(*w.member_with_card("ann"), w.withdrawal("1"))
        house.log.append(w.unbinding("ann"), last)
        house.run()
        assert ("W-1.1" in house.bank.numbers) is sent

    def test_waits_until_the_log_is_read_to_its_end(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house.log.append(*w.member_with_card("ann"))
        custody = house.run()
        monkeypatch.setattr("services.custody.custody.EVENTS_MAX", 1)
        house.log.append(w.withdrawal("1"), w.unbinding("ann"))
        house.run(custody)
        assert "W-1.1" not in house.bank.numbers

    def test_another_member_with_the_same_word_for_his_card_changes_nothing(
        self, house: House
    ) -> None:
        house.log.append(*w.member_with_card("ann"), *w.member_with_card("bea"))
        house.log.append(w.withdrawal("1"), w.unbinding("bea"))
        house.run()
        assert "W-1.1" in house.bank.numbers


def test_pending_withdrawals_do_not_keep_a_drain_from_its_end(house: House) -> None:
    house.bank.answers["W-1.1"] = [w.PENDING]
    house.log.append(*w.member_with_card("ann"), w.withdrawal("1"), w.recharge("1"))
    custody = house.start()
    assert not custody.drain(patience_ms=0)
    assert custody.drain(patience_ms=0, besides={Kind.WITHDRAW})
    assert not custody.idle()
