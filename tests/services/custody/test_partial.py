"""A transfer that the bank did in part: the rest is sent again, as it was, until all is done."""

from __future__ import annotations

from datetime import timedelta

from domain.ports import BankAnswer, BankOutcome
from tests.services.custody import world as w
from tests.services.custody.conftest import House

PARTIAL = BankAnswer(BankOutcome.PARTIAL, "CA100014")


def lending(house: House) -> None:
    house.log.append(*w.loan("L1"), w.tender("1"), w.tender("2"), w.disbursement())


def test_the_rest_is_sent_again_and_then_it_is_settled(house: House) -> None:
    house.bank.answers["D-L1-1"] = [w.PENDING, w.PENDING]
    house.bank.queries["D-L1-1"] = [PARTIAL, w.SUCCEEDED]
    lending(house)
    custody = house.run()
    house.clock.advance(w.FIVE_SECONDS)
    house.run(custody)
    assert "settle:D-L1-1" not in house.writer.ids
    house.clock.advance(w.FIVE_SECONDS)
    house.run(custody)
    first, second = (each for each in house.bank.sent if each.request_no == "D-L1-1")
    assert first == second
    assert house.steps_of("D-L1-1") == ["planned", "sent", "pending", "sent", "pending", "settled"]
    assert house.writer.ids[-1] == "settle:D-L1-1"
    assert house.troubles() == [("D-L1-1", "partly_done")]


def test_the_rest_is_sent_ever_later(house: House) -> None:
    house.bank.answers["D-L1-1"] = [w.PENDING] * 20
    house.bank.queries["D-L1-1"] = [PARTIAL] * 20
    lending(house)
    custody = house.run()
    sent_after_s = []
    for second in range(1, 40):
        before = house.bank.times_sent["D-L1-1"]
        house.clock.advance(timedelta(seconds=1))
        house.run(custody)
        if house.bank.times_sent["D-L1-1"] > before:
            sent_after_s.append(second)
    assert sent_after_s == [2, 6, 14, 30]


def test_a_notice_that_decides_nothing_has_the_bank_asked_at_once(house: House) -> None:
    house.bank.answers["D-L1-1"] = [w.PENDING]
    house.bank.queries["D-L1-1"] = [w.SUCCEEDED]
    lending(house)
    custody = house.run()
    custody.receive(w.notice("D-L1-1", BankOutcome.UNKNOWN))
    house.run(custody)
    assert house.bank.asked == ["D-L1-1"]
    assert house.states()["D-L1-1"] == "settled"


def test_of_what_has_ended_a_notice_that_decides_nothing_asks_nothing(house: House) -> None:
    lending(house)
    custody = house.run()
    custody.receive(w.notice("D-L1-1", BankOutcome.UNKNOWN))
    house.run(custody)
    assert house.bank.asked == []


def test_the_rest_may_follow_on_another_day_for_nothing_is_under_way(house: House) -> None:
    house.bank.answers["D-L1-1"] = [w.PENDING, w.PENDING]
    house.bank.queries["D-L1-1"] = [PARTIAL]
    lending(house)
    custody = house.run()
    house.clock.advance(timedelta(hours=12))  # From noon on: midnight in Shanghai.
    house.run(custody)
    assert house.bank.times_sent["D-L1-1"] == 2


def test_but_not_where_the_last_sending_may_still_be_under_way(house: House) -> None:
    house.bank.answers["D-L1-1"] = [w.UNKNOWN]
    house.bank.queries["D-L1-1"] = [w.UNKNOWN, PARTIAL]
    lending(house)
    custody = house.run()
    for later in (timedelta(hours=12), w.FIVE_SECONDS):
        house.clock.advance(later)
        house.run(custody)
    assert house.bank.times_sent["D-L1-1"] == 1
    assert ("D-L1-1", "not_found_on_a_later_day") in house.troubles()


def test_killed_while_the_rest_was_sent_it_goes_on_by_asking(house: House) -> None:
    house.bank.answers["D-L1-1"] = [w.PENDING, w.UNKNOWN]
    house.bank.queries["D-L1-1"] = [PARTIAL, w.SUCCEEDED]
    lending(house)
    custody = house.run()
    house.clock.advance(w.FIVE_SECONDS)
    house.run(custody)
    house.change("UPDATE request_state SET state = 'sent', code = '' WHERE request_no = 'D-L1-1'")
    house.run(house.start())
    assert house.bank.times_sent["D-L1-1"] == 2
    assert house.states()["D-L1-1"] == "settled"


def test_what_is_to_be_sent_again_is_not_asked_after_in_the_same_wave(house: House) -> None:
    """Its steps are numbered: of two in one go neither could be written."""
    house.bank.answers["D-L1-1"] = [w.PENDING] * 3
    house.bank.queries["D-L1-1"] = [PARTIAL, PARTIAL, w.SUCCEEDED]
    lending(house)
    custody = house.run()
    for _ in range(2):
        house.clock.advance(w.FIVE_SECONDS)
        house.run(custody)
    custody.receive(w.notice("D-L1-1", BankOutcome.UNKNOWN))  # Ask at once; and the rest is due.
    house.clock.advance(w.FIVE_SECONDS)
    house.run(custody)
    assert house.bank.times_sent["D-L1-1"] == 3
    house.clock.advance(w.FIVE_SECONDS)
    house.run(custody)
    assert house.states()["D-L1-1"] == "settled"
