"""A bank that is down is left in peace, and finds everything in its order when it is back; one that
bears so many calls gets no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from domain.bank_requests import BankRequest
from domain.ports import BankOutcome
from services.custody.custody import Custody
from services.custody.gate import SILENT_MAX, Limits
from tests.services.custody import world as w
from tests.services.custody.conftest import House
from tests.services.custody.doubles import FaithfulBank, Watch

SECOND = timedelta(seconds=1)


@pytest.fixture
def bank(house: House) -> FaithfulBank:
    house.bank = bank = FaithfulBank()
    return bank


def recharges(house: House, count: int, prefix: str = "m") -> list[str]:
    """Of a member each, so that none waits for another. Gives their numbers, in order."""
    names = [f"{prefix}{number:03}" for number in range(count)]
    house.log.append(*(w.recharge(name, name) for name in names))
    return [f"C-{name}.1" for name in names]


def seconds(house: House, custody: Custody, count: int) -> Iterator[int]:
    """Each of the following seconds, once everything was done that it brings."""
    for second in range(1, count + 1):
        house.clock.advance(SECOND)
        house.run(custody)
        yield second


class TestDown:
    def test_a_few_requests_find_out_and_the_rest_stays_planned(
        self, house: House, bank: FaithfulBank
    ) -> None:
        bank.down = True
        numbers = recharges(house, 100)
        house.run()
        assert SILENT_MAX <= len(bank.sent) < SILENT_MAX + house.workers
        assert bank.asked == []
        states = house.states()
        assert {no for no in numbers if states[no] == "unknown"} == set(bank.numbers)
        assert {no for no in numbers if states[no] == "planned"} == set(numbers) - set(bank.numbers)
        # Those of the wave that the gate cut short say so: they were never called.
        assert house.steps_of(numbers[-1]) == ["planned", "sent", "planned"]

    def test_then_one_call_goes_out_ever_more_seldom_a_new_request_every_other_time(
        self, house: House, bank: FaithfulBank
    ) -> None:
        bank.down = True
        recharges(house, 100)
        custody = house.run()
        sent, asked = len(bank.sent), len(bank.asked)
        probes = []
        for second in seconds(house, custody, 100):
            if len(bank.sent) + len(bank.asked) > sent + asked:
                assert len(bank.sent) + len(bank.asked) == sent + asked + 1
                probes.append((second, "sent" if len(bank.sent) > sent else "asked"))
                sent, asked = len(bank.sent), len(bank.asked)
        assert probes == [
            (1, "asked"),
            (3, "sent"),
            (7, "asked"),
            (15, "sent"),
            (31, "asked"),
            (61, "sent"),
            (91, "asked"),
        ]

    def test_the_next_time_it_is_tried_as_soon_as_the_first(
        self, house: House, bank: FaithfulBank
    ) -> None:
        bank.down = True
        recharges(house, 20)
        custody = house.run()
        for _ in seconds(house, custody, 10):
            pass
        bank.down = False
        for _ in seconds(house, custody, 60):
            pass
        bank.down = True
        recharges(house, 20, "n")
        house.run(custody)
        asked = len(bank.asked)
        house.clock.advance(SECOND)
        house.run(custody)
        assert len(bank.asked) == asked + 1

    def test_with_the_first_answer_all_goes_out_in_order_and_nothing_twice(
        self, house: House, bank: FaithfulBank
    ) -> None:
        house.workers = 1  # Several would come to the bank in any order.
        bank.down = True
        house.log.append(*w.loan("L1"), w.tender("1"), w.tender("2"), w.disbursement())
        numbers = recharges(house, 300)
        custody = house.run()
        for _ in seconds(house, custody, 40):
            pass
        unknown = {no for no, state in house.states().items() if state == "unknown"}
        before = len(bank.sent)
        bank.down = False
        for _ in seconds(house, custody, 60):
            pass
        assert set(house.states().values()) == {"settled"}
        assert bank.done.keys() == {"L-L1", "T-1.1", "T-2.1", "D-L1-1", *numbers}
        assert len(house.writer.ids) == len(bank.done)
        new = [no for no in bank.numbers[before:] if no in numbers and no not in unknown]
        assert new == [no for no in numbers if no not in unknown]  # Oldest first.
        loans = [no for no in bank.done if not no.startswith("C-")]
        assert loans[0] == "L-L1"
        assert loans[-1] == "D-L1-1"

    def test_an_answer_to_a_new_request_will_do_where_questions_have_none(
        self, house: House
    ) -> None:
        house.workers = 1  # Several could ask ten questions in a row, and shut it before the end.
        house.bank.always = w.UNKNOWN
        numbers = recharges(house, 100)
        custody = house.run()
        house.bank.always = w.SUCCEEDED  # And every question stays without an answer.
        for _ in seconds(house, custody, 3):
            pass
        assert Counter(house.states()[no] for no in numbers)["planned"] == 0

    def test_a_few_without_an_answer_hold_nobody_back(self, house: House) -> None:
        stuck = recharges(house, SILENT_MAX - 1, "stuck")
        house.bank.answers = {no: [w.UNKNOWN] for no in stuck}
        custody = house.run()
        for _ in seconds(house, custody, 60):
            pass
        assert len(house.bank.asked) > 3 * SILENT_MAX
        (new,) = recharges(house, 1, "new")
        house.run(custody)
        assert house.states()[new] == "settled"

    def test_a_bank_that_says_it_is_closed_is_believed_at_once(
        self, house: House, bank: FaithfulBank
    ) -> None:
        bank.closed = True
        numbers = recharges(house, 100)
        custody = house.run()
        assert 1 <= len(bank.sent) <= house.workers
        assert set(house.states().values()) == {"planned"}
        assert house.steps_of(bank.numbers[0]) == ["planned", "sent", "planned"]
        house.clock.advance(timedelta(hours=12))  # Over midnight, which nothing unknown may cross.
        house.run(custody)
        assert set(house.states().values()) == {"planned"}
        bank.closed = False
        house.clock.advance(timedelta(hours=1))
        house.run(custody)
        assert bank.done.keys() == set(numbers)
        assert set(house.states().values()) == {"settled"}
        assert house.troubles() == []

    def test_what_was_to_be_sent_again_stays_unknown(self, house: House) -> None:
        """It was sent once: that it may only go on the same day must not be forgotten."""
        numbers = recharges(house, 30)
        for number, no in enumerate(numbers):
            if number % 3:
                house.bank.answers[no] = [w.UNKNOWN, w.UNKNOWN]
                house.bank.queries[no] = [w.NOT_FOUND]
        house.run()
        sent = house.bank.times_sent
        again = [no for number, no in enumerate(numbers) if number % 3]
        held = [no for no in again if sent[no] == 1]
        assert held
        assert SILENT_MAX <= len(again) - len(held) < SILENT_MAX + house.workers
        for no in held:
            assert house.steps_of(no)[-2:] == ["sent", "unknown"]

    def test_a_new_process_finds_out_by_itself_and_keeps_the_order(
        self, house: House, bank: FaithfulBank
    ) -> None:
        bank.down = True
        numbers = recharges(house, 40)
        house.run()
        bank.down = False
        house.run(house.start())
        assert set(house.states().values()) == {"settled"}
        assert bank.done.keys() == set(numbers)

    def test_it_is_said_once_and_seen_all_the_time(self, house: House, bank: FaithfulBank) -> None:
        house.watch = watch = Watch()
        bank.down = True
        recharges(house, 40)
        since = house.clock.now()
        with capture_logs() as logs:
            custody = house.run()
            for _ in seconds(house, custody, 20):
                pass
            planned = Counter(house.states().values())["planned"]
            last_told = watch.told[-1]
            bank.down = False
            for _ in seconds(house, custody, 40):
                pass
        assert last_told == (since, planned)
        assert 0 < planned < 40
        assert watch.told[-1] == (None, 0)
        assert watch.outcomes[BankOutcome.SUCCEEDED] == 40
        assert [each["event"] for each in logs] == ["bank_down", "bank_back"]


class TestLimits:
    def test_no_second_has_more_calls_than_the_bank_bears(self, house: House) -> None:
        house.limits = Limits(calls_per_s=5)
        numbers = recharges(house, 23)
        for no in numbers[::4]:
            house.bank.answers[no] = [w.UNKNOWN]
            house.bank.queries[no] = [w.SUCCEEDED]
        at: list[datetime] = []

        def note(_: BankRequest) -> None:
            at.append(house.clock.now())

        house.bank.during = house.bank.while_asked = note
        custody = house.start()
        for _ in range(100):
            custody.step()
            house.clock.advance(timedelta(milliseconds=70))
        assert len(at) == 23 + 6
        for moment in at:
            assert sum(moment - SECOND < other <= moment for other in at) <= 5
        assert (max(at) - min(at)).total_seconds() < 6.5  # And what it bears it gets.
        assert set(house.states().values()) == {"settled"}

    def test_questions_leave_room_for_what_is_new(self, house: House) -> None:
        house.limits = Limits(calls_per_s=4)
        pending = recharges(house, 4, "old")
        house.bank.answers = {no: [w.PENDING] for no in pending}
        custody = house.run()
        recharges(house, 6, "new")
        house.bank.queries = {no: [w.PENDING] * 9 for no in pending}
        house.clock.advance(timedelta(seconds=5))  # All four are due.
        house.run(custody)
        assert len(house.bank.asked) == 2
        assert len(house.bank.sent) == 4 + 2

    def test_a_call_of_too_many_legs_stays_planned_and_a_person_is_told(self, house: House) -> None:
        house.limits = Limits(legs_per_call=2)
        house.log.append(*w.loan("L1"), w.tender("1"), w.tender("2"), w.disbursement())
        house.log.append(w.disbursed("L1"), w.recharge("1"))
        house.run()
        assert house.states()["D-L1-1"] == "planned"
        assert "C-1.1" in house.bank.numbers
        assert "L-L1.repaying" not in house.bank.numbers  # It comes after the disbursement.
        assert house.troubles() == [("D-L1-1", "too_many_legs")]
        house.limits = Limits(legs_per_call=3)
        house.run(house.start())
        assert house.states()["D-L1-1"] == house.states()["L-L1.repaying"] == "settled"
