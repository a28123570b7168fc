"""Within an account and within a loan things reach the bank in their order; nothing else waits."""

from __future__ import annotations

import pytest

from tests.services.custody import world as w
from tests.services.custody.conftest import House


def test_freezes_wait_for_the_project(house: House) -> None:
    house.bank.answers["L-L1"] = [w.PENDING]
    house.log.append(*w.loan("L1"), w.tender("1"), w.tender("2"))
    custody = house.run()
    assert house.bank.numbers == ["L-L1"]
    custody.receive(w.notice("L-L1"))
    house.run(custody)
    assert sorted(house.bank.numbers[1:]) == ["T-1.1", "T-2.1"]


def test_a_loan_does_not_wait_for_another(house: House) -> None:
    house.bank.answers["L-L1"] = [w.UNKNOWN]
    house.log.append(*w.loan("L1"), *w.loan("L2"), w.tender("1", "L1"), w.tender("2", "L2"))
    house.run()
    assert "T-2.1" in house.bank.numbers
    assert "T-1.1" not in house.bank.numbers


def test_freezes_of_a_loan_do_not_wait_for_one_another(house: House) -> None:
    house.bank.answers["T-1.1"] = [w.UNKNOWN]
    house.log.append(*w.loan("L1"), w.tender("1"), w.tender("2"))
    house.run()
    assert house.states()["T-2.1"] == "settled"


def test_a_transfer_waits_for_all_that_came_before_it(house: House) -> None:
    house.bank.answers["T-1.1"] = [w.PENDING]
    house.log.append(*w.loan("L1"), w.tender("1"), w.tender("2"), w.disbursement())
    custody = house.run()
    assert "D-L1-1" not in house.bank.numbers
    custody.receive(w.notice("T-1.1"))
    house.run(custody)
    assert house.bank.numbers[-1] == "D-L1-1"


def test_a_hold_waits_until_the_bank_knows_that_repayment_began(house: House) -> None:
    house.bank.answers["L-L1.repaying"] = [w.UNKNOWN]
    house.bank.queries["L-L1.repaying"] = [w.UNKNOWN, w.SUCCEEDED]
    house.log.append(*w.loan("L1"), w.disbursed("L1"), w.hold("1"))
    custody = house.run()
    assert house.bank.numbers == ["L-L1", "L-L1.repaying"]
    house.clock.advance(w.FIVE_SECONDS)
    house.run(custody)
    assert house.bank.numbers[-1] == "H-1.1"


def test_an_account_s_affairs_go_one_after_the_other_until_the_bank_has_them(house: House) -> None:
    house.bank.answers["C-1.1"] = [w.UNKNOWN]
    house.bank.queries["C-1.1"] = [w.UNKNOWN, w.PENDING]
    house.log.append(w.recharge("1"), w.recharge("2"), w.recharge("3", "bea"))
    custody = house.run()
    assert sorted(house.bank.numbers) == ["C-1.1", "C-3.1"]
    house.clock.advance(w.FIVE_SECONDS)
    house.run(custody)
    assert house.bank.numbers[-1] == "C-2.1"
    assert house.states()["C-1.1"] == "pending"


class TestMiscarriage:
    def test_comes_after_the_releases_though_it_was_decided_before(self, house: House) -> None:
        house.bank.answers["X-1.1"] = [w.PENDING]
        house.log.append(*w.loan("L1"), w.tender("1"))
        custody = house.run()
        house.log.append(w.miscarried("L1"), w.release("1"))
        house.run(custody)
        assert house.bank.numbers[-1] == "X-1.1"
        custody.receive(w.notice("X-1.1"))
        house.run(custody)
        assert house.bank.numbers[-1] == "L-L1.miscarried"

    def test_waits_for_the_release_of_a_late_freeze(self, house: House) -> None:
        house.bank.answers["T-1.1"] = [w.PENDING]
        house.log.append(*w.loan("L1"), w.tender("1"), w.miscarried("L1"))
        custody = house.run()
        # The writer answers the late freeze with its release, in one go.
        house.writer.on_command = lambda command: (
            house.log.append(w.release("1")) if command.id == "settle:T-1" else None
        )
        custody.receive(w.notice("T-1.1"))
        house.run(custody)
        assert house.bank.numbers[-2:] == ["X-1.1", "L-L1.miscarried"]

    def test_waits_until_the_log_is_read_to_its_end(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house.log.append(*w.loan("L1"))
        custody = house.run()
        monkeypatch.setattr("services.custody.custody.EVENTS_MAX", 1)
        house.log.append(w.miscarried("L1"), w.release("1"))
        house.run(custody)
        assert house.bank.numbers == ["L-L1", "X-1.1", "L-L1.miscarried"]

    def test_is_not_told_of_a_project_that_the_bank_refused(self, house: House) -> None:
        house.bank.answers["L-L1"] = [w.REFUSED]
        house.log.append(*w.loan("L1"), w.miscarried("L1"))
        custody = house.run()
        assert house.bank.numbers == ["L-L1"]
        assert custody.idle()
        assert house.troubles() == []
