"""Answers that do not come, come late, come twice or are taken back."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest

from domain.accounts import OUTSIDE
from domain.bank_statement import LineKind, StatementLine
from domain.ports import BankAnswer, BankOutcome, CustodianUntrusted
from services.custody.contradictions import TakenBack
from services.reconciliation.bank_facts import to_record
from tests.services.custody import world as w
from tests.services.custody.conftest import House


def test_unknown_is_asked_after_and_settled(house: House) -> None:
    house.bank.answers["C-1.1"] = [w.UNKNOWN]
    house.bank.queries["C-1.1"] = [w.SUCCEEDED]
    house.log.append(w.recharge("1"))
    house.run()
    assert house.bank.numbers == ["C-1.1"]
    assert house.steps_of("C-1.1") == ["planned", "sent", "unknown", "settled"]
    assert house.writer.ids == ["settle:C-1"]


def test_unknown_is_never_sent_again_without_the_banks_word(house: House) -> None:
    house.bank.answers["C-1.1"] = [w.UNKNOWN]
    house.log.append(w.recharge("1"))
    custody = house.run()
    for _ in range(30):
        house.clock.advance(timedelta(hours=1))
        house.run(custody)
    assert house.bank.numbers == ["C-1.1"]
    assert len(house.bank.asked) == 31
    assert house.states() == {"C-1.1": "unknown"}
    assert not house.writer.taken
    assert not custody.idle()


def test_questions_come_ever_later(house: House) -> None:
    house.bank.answers["C-1.1"] = [w.UNKNOWN]
    house.log.append(w.recharge("1"))
    custody = house.run()
    asked_after_s = []
    for second in range(1, 60):
        before = len(house.bank.asked)
        house.clock.advance(timedelta(seconds=1))
        house.run(custody)
        if len(house.bank.asked) > before:
            asked_after_s.append(second)
    assert asked_after_s == [2, 6, 14, 30]


def test_not_found_is_sent_again_as_it_was(house: House) -> None:
    house.bank.answers["C-1.1"] = [w.UNKNOWN, w.SUCCEEDED]
    house.bank.queries["C-1.1"] = [w.NOT_FOUND]
    house.log.append(w.recharge("1"))
    house.run()
    first, second = house.bank.sent
    assert first == second
    assert house.steps_of("C-1.1") == ["planned", "sent", "unknown", "sent", "settled"]
    assert house.writer.ids == ["settle:C-1"]


def test_not_found_on_another_day_of_the_bank_stays_unknown(house: House) -> None:
    house.bank.answers["C-1.1"] = [w.UNKNOWN]
    house.bank.queries["C-1.1"] = [w.UNKNOWN, w.NOT_FOUND, w.NOT_FOUND]
    house.log.append(w.recharge("1"))
    custody = house.run()
    house.clock.advance(timedelta(hours=12))  # From noon on: midnight in Shanghai.
    house.run(custody)
    house.run(house.start())
    assert house.bank.numbers == ["C-1.1"]
    assert house.states() == {"C-1.1": "unknown"}
    assert house.troubles() == [("C-1.1", "not_found_on_a_later_day")]


def test_a_withdrawal_is_not_sent_again_to_a_card_unbound_meanwhile(house: House) -> None:
    house.bank.answers["W-1.1"] = [w.UNKNOWN]
    house.bank.queries["W-1.1"] = [w.UNKNOWN, w.NOT_FOUND]
    house.log.append(*w.member_with_card("ann"), w.withdrawal("1"))
    custody = house.run()
    house.log.append(w.unbinding("ann"))
    house.clock.advance(timedelta(seconds=5))
    house.run(custody)
    assert house.bank.numbers.count("W-1.1") == 1
    assert house.states()["W-1.1"] == "unknown"
    assert house.troubles() == [("W-1.1", "card_not_bound")]


def test_pending_waits_and_is_asked_after_in_time(house: House) -> None:
    house.bank.answers["C-1.1"] = [w.PENDING]
    house.bank.queries["C-1.1"] = [w.PENDING, w.SUCCEEDED]
    house.log.append(w.recharge("1"))
    custody = house.run()
    assert house.bank.asked == []
    house.clock.advance(timedelta(seconds=5))
    house.run(custody)
    assert house.states() == {"C-1.1": "pending"}
    house.clock.advance(timedelta(seconds=5))
    house.run(custody)
    assert house.steps_of("C-1.1") == ["planned", "sent", "pending", "settled"]


def test_what_the_bank_had_and_lost_is_never_sent_again(house: House) -> None:
    house.bank.answers["C-1.1"] = [w.PENDING]
    house.bank.queries["C-1.1"] = [w.NOT_FOUND]
    house.log.append(w.recharge("1"))
    custody = house.run()
    house.clock.advance(timedelta(seconds=5))
    house.run(custody)
    assert house.bank.numbers == ["C-1.1"]
    assert house.troubles() == [("C-1.1", "lost_at_bank")]


class TestNotices:
    @pytest.mark.parametrize("first", [w.PENDING, w.UNKNOWN])
    def test_a_notice_ends_the_waiting(self, house: House, first: BankAnswer) -> None:
        house.bank.answers["C-1.1"] = [first]
        house.log.append(w.recharge("1"))
        custody = house.run()
        custody.receive(w.notice("C-1.1"))
        house.run(custody)
        assert house.writer.ids == ["settle:C-1"]

    def test_one_that_overtakes_the_answer_is_kept(self, house: House) -> None:
        house.bank.answers["C-1.1"] = [w.PENDING]
        house.log.append(w.recharge("1"))
        custody = house.start()
        house.bank.during = lambda _: custody.receive(w.notice("C-1.1"))
        house.run(custody)
        assert house.steps_of("C-1.1") == ["planned", "sent", "pending", "settled"]
        assert house.writer.ids == ["settle:C-1"]

    def test_one_that_overtakes_a_not_found_keeps_it_from_being_sent_again(
        self, house: House
    ) -> None:
        house.bank.answers["C-1.1"] = [w.UNKNOWN]
        house.bank.queries["C-1.1"] = [w.NOT_FOUND]
        house.log.append(w.recharge("1"))
        custody = house.start()
        house.bank.while_asked = lambda _: custody.receive(w.notice("C-1.1"))
        house.run(custody)
        assert house.bank.numbers == ["C-1.1"]
        assert house.states() == {"C-1.1": "settled"}

    def test_one_that_says_wait_puts_the_next_question_off(self, house: House) -> None:
        house.bank.answers["C-1.1"] = [w.UNKNOWN]
        house.log.append(w.recharge("1"))
        custody = house.run()
        house.clock.advance(timedelta(seconds=1))
        custody.receive(w.notice("C-1.1", BankOutcome.PENDING))
        house.run(custody)
        house.clock.advance(timedelta(seconds=1))
        house.run(custody)
        assert len(house.bank.asked) == 1

    def test_the_same_again_before_and_after_the_report_changes_nothing(self, house: House) -> None:
        house.bank.answers["C-1.1"] = [w.PENDING]
        house.log.append(w.recharge("1"))
        custody = house.run()
        for _ in range(3):
            custody.receive(w.notice("C-1.1"))
        house.run(custody)
        for _ in range(3):
            custody.receive(w.notice("C-1.1"))
        house.run(custody)
        assert house.steps_of("C-1.1") == ["planned", "sent", "pending", "settled"]
        assert house.writer.ids == ["settle:C-1"]
        assert house.troubles() == []

    @pytest.mark.parametrize(
        ("first", "then", "state", "command"),
        [
            (BankOutcome.REFUSED, BankOutcome.SUCCEEDED, "refused", "reject:C-1"),
            (BankOutcome.SUCCEEDED, BankOutcome.REFUSED, "settled", "settle:C-1"),
        ],
    )
    @pytest.mark.parametrize("together", [True, False])
    def test_a_final_word_is_not_taken_back(
        self,
        house: House,
        first: BankOutcome,
        then: BankOutcome,
        state: str,
        command: str,
        together: bool,
    ) -> None:
        house.bank.answers["C-1.1"] = [w.PENDING]
        house.log.append(w.recharge("1"))
        custody = house.run()
        custody.receive(w.notice("C-1.1", first))
        if not together:
            house.run(custody)
        custody.receive(w.notice("C-1.1", then))
        house.run(custody)
        assert house.steps_of("C-1.1") == ["planned", "sent", "pending", state, "contradicted"]
        assert house.states() == {"C-1.1": state}
        assert house.writer.ids == [command]
        assert house.troubles() == [("C-1.1", "contradicted")]
        with closing(TakenBack(house.url, house.platform)) as taken_back:
            [told] = taken_back.of(["C-1.1", "C-2.1"])
            assert (told.kind, told.entry_id, told.said) == ("recharge", "C-1", state)
            assert {told.said, told.then} == {"settled", "refused"}
            assert told.said_at <= told.then_at
            assert taken_back.on(told.bank_date) == [told]
            assert taken_back.on(told.bank_date + timedelta(days=1)) == []

    def test_one_of_an_unknown_request_is_kept_for_people(self, house: House) -> None:
        custody = house.start()
        custody.receive(w.notice("C-9.1"))
        house.run(custody)
        assert house.rows("SELECT request_no, handled FROM notice") == [("C-9.1", True)]
        assert house.troubles() == [("C-9.1", "notice_of_unknown_request")]
        assert not house.writer.taken

    def test_a_forged_one_is_not_stored(self, house: House) -> None:
        custody = house.start()
        with pytest.raises(CustodianUntrusted):
            custody.receive({**w.notice("C-1.1"), "sign": "forged"})
        assert house.rows("SELECT * FROM notice") == []

    def test_one_that_came_while_nobody_stepped_is_there_after_a_restart(
        self, house: House
    ) -> None:
        house.bank.answers["C-1.1"] = [w.PENDING]
        house.log.append(w.recharge("1"))
        custody = house.run()
        custody.receive(w.notice("C-1.1"))
        house.run(house.start())
        assert house.writer.ids == ["settle:C-1"]


class TestReturnedWithdrawal:
    @pytest.fixture
    def withdrawn(self, house: House) -> House:
        house.log.append(*w.member_with_card("ann"), w.withdrawal("1"))
        house.run()
        return house

    def come_back(
        self, house: House, withdrawal: str = "W-1.1", no: str = "K7", **more: str
    ) -> None:
        fields = {"withdrawal": withdrawal, "account": "ann:investor", "fen": "300", **more}
        custody = house.start()
        custody.receive({**w.notice(no), **fields})
        house.run(custody)

    def test_is_recorded_once_however_often_it_is_told(self, withdrawn: House) -> None:
        withdrawn.clock.advance(timedelta(days=1))  # The bank's date counts, not ours.
        self.come_back(withdrawn)
        self.come_back(withdrawn)
        recorded = withdrawn.writer.taken["bank:K7"]
        assert recorded.model_dump(exclude_none=True) == {
            "type": "record_bank_movement",
            "id": "bank:K7",
            "platform": withdrawn.platform,
            "actor": "custody",
            "bank_code": "",
            "bank_record": "K7",
            "purpose": "returned_withdrawal",
            "account": "ann:investor",
            "amount_fen": 300,
            "credit": True,
            "bank_date": w.DAY,
            "origin": "W-1.1",
        }
        assert withdrawn.states()["W-1.1"] == "settled"
        assert withdrawn.troubles() == []

    def test_a_notice_that_comes_after_the_days_file_says_the_same(self, withdrawn: House) -> None:
        """Else the writer would take it for another fact under one id."""
        withdrawn.clock.advance(timedelta(days=1))
        self.come_back(withdrawn)
        line = StatementLine(
            LineKind.RETURNED_WITHDRAWAL, "K7", 300, OUTSIDE, "ann:investor", origin="W-1.1"
        )
        of_file = to_record(withdrawn.platform, w.DAY, [line], {"ann:investor"})
        assert [withdrawn.writer.taken["bank:K7"]] == list(of_file)

    @pytest.mark.parametrize(
        ("named", "code"),
        [
            ({"withdrawal": "W-9.1"}, "notice_of_unknown_request"),
            ({"withdrawal": "B-b1"}, "return_of_no_withdrawal"),
            ({"account": "bea:investor"}, "return_of_no_withdrawal"),
            ({"no": "K 7"}, "return_unreadable"),
        ],
    )
    def test_what_does_not_fit_is_left_to_people(
        self, withdrawn: House, named: dict[str, str], code: str
    ) -> None:
        self.come_back(withdrawn, **named)
        assert not [each for each in withdrawn.writer.ids if each.startswith("bank:")]
        assert withdrawn.troubles() == [(named.get("no", "K7"), code)]
