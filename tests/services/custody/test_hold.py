"""After a restore: the bank is asked, and told nothing, until somebody releases."""

from __future__ import annotations

from datetime import timedelta

from domain.ports import BankAnswer, BankOutcome
from services.custody.hold import Reason, is_held
from tests.services.custody import world as w
from tests.services.custody.conftest import House
from tests.services.custody.doubles import Watch

PARTIAL = BankAnswer(BankOutcome.PARTIAL, "E1")


def test_what_the_bank_has_done_is_learnt_and_what_it_has_not_waits(house: House) -> None:
    custody = house.start()
    custody.hold()
    house.bank.queries |= {"C-1.1": [w.SUCCEEDED], "C-2.1": [w.REFUSED], "C-3.1": [w.NOT_FOUND]}
    house.log.append(*(w.recharge(number, number) for number in "123"))
    assert custody.drain()
    assert house.bank.numbers == []
    assert house.states() == {"C-1.1": "settled", "C-2.1": "refused", "C-3.1": "planned"}
    assert house.writer.ids == ["settle:C-1", "reject:C-2"]
    assert custody.unsent() == ["C-3.1"]
    assert not house.troubles()
    custody.release(None, {})
    house.run(custody)
    assert house.bank.numbers == ["C-3.1"]


def test_another_process_holds_too_until_it_is_released(house: House) -> None:
    house.start().hold()
    house.log.append(w.recharge("1"))
    house.bank.queries["C-1.1"] = [w.NOT_FOUND, w.NOT_FOUND]
    custody = house.run()
    assert is_held(house.url, house.platform)
    assert custody.held is not None
    assert custody.held.reason is Reason.DECLARED
    custody.release("cfo", {"differences_count": 1})
    assert not is_held(house.url, house.platform)
    house.run()
    assert house.bank.numbers == ["C-1.1"]
    rows = house.rows("SELECT what, reason, position, by, result FROM hold ORDER BY number")
    assert rows == [
        ("held", "declared", 0, None, {}),
        ("released", None, 1, "cfo", {"differences_count": 1}),
    ]


def test_since_when_it_holds_is_seen(house: House) -> None:
    house.watch = watch = Watch()
    since = house.clock.now()
    house.start().hold()
    house.clock.advance(timedelta(minutes=5))
    custody = house.start()
    custody.release("cfo", {})
    assert watch.holds == [None, since, since, None]


def test_a_silent_bank_is_asked_again_and_nothing_is_taken_for_an_answer(house: House) -> None:
    custody = house.start()
    custody.hold()
    house.bank.queries["C-1.1"] = [w.UNKNOWN, w.SUCCEEDED]
    house.log.append(w.recharge("1"))
    house.run(custody)
    assert not custody.idle()
    house.clock.advance(timedelta(seconds=2))
    house.run(custody)
    assert custody.idle()
    assert house.bank.asked == ["C-1.1", "C-1.1"]
    assert house.steps_of("C-1.1") == ["planned", "settled"]


def test_what_was_under_way_in_the_backup_is_asked_after_at_once(house: House) -> None:
    house.bank.answers |= {"C-1.1": [w.PENDING], "C-2.1": [w.UNKNOWN]}
    house.log.append(w.recharge("1", "ann"), w.recharge("2", "bob"))
    house.run()
    custody = house.start()
    custody.hold()
    house.bank.queries |= {"C-1.1": [w.SUCCEEDED], "C-2.1": [w.NOT_FOUND]}
    house.run(custody)
    assert custody.idle()
    assert house.states() == {"C-1.1": "settled", "C-2.1": "unknown"}
    assert sorted(house.bank.numbers) == ["C-1.1", "C-2.1"]


def test_a_later_request_of_a_loan_is_found_though_an_earlier_one_never_went_out(
    house: House,
) -> None:
    """In the life that was lost the bank did them in another order than we decide them now."""
    custody = house.start()
    custody.hold()
    house.log.append(*w.loan("L1"), w.hold("1"), w.disbursement("L1"))
    house.bank.queries |= {
        "L-L1": [w.SUCCEEDED], "H-1.1": [w.NOT_FOUND], "D-L1-1": [w.SUCCEEDED],
    }  # fmt: skip
    house.run(custody)
    assert house.states() == {"L-L1": "settled", "H-1.1": "planned", "D-L1-1": "settled"}


def test_a_batch_done_in_part_is_sent_again_after_the_release(house: House) -> None:
    custody = house.start()
    custody.hold()
    house.log.append(*w.loan("L1"), w.disbursement("L1"))
    house.bank.queries |= {"L-L1": [w.SUCCEEDED], "D-L1-1": [PARTIAL]}
    house.run(custody)
    assert custody.idle()
    assert custody.unsent() == ["D-L1-1"]
    custody.release(None, {})
    house.run(custody)
    assert house.bank.numbers == ["D-L1-1"]


def test_notices_wait_for_the_commands_that_make_their_requests_known_again(house: House) -> None:
    custody = house.start()
    custody.hold()
    custody.receive(w.notice("C-1.1"))
    house.run(custody)
    house.log.append(w.recharge("1"))
    house.bank.queries["C-1.1"] = [w.PENDING]
    house.run(custody)
    assert not house.troubles()
    custody.release(None, {})
    house.run(custody)
    assert house.states() == {"C-1.1": "settled"}
