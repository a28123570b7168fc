"""Requests that come twice, never, or without an answer that can be trusted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.bank_requests import Recharge
from domain.bank_statement import BankBalance
from domain.ports import BankOutcome
from tests.contracts.bench import AFTER, BEFORE, Bench, Fault
from tests.contracts.stage import Stage


class DeliveryContract:
    def test_the_same_request_twice_moves_once(self, bench: Bench, stage: Stage) -> None:
        stage.open_project()
        investor = stage.member(fen=1_000)
        tender = stage.tender(investor, 400)
        stage.do(tender)
        again = bench.custodian.send(tender)
        assert again.outcome in (BankOutcome.UNKNOWN, BankOutcome.SUCCEEDED)
        assert bench.custodian.query(tender).outcome is BankOutcome.SUCCEEDED
        assert stage.holds(investor) == BankBalance(600, 400)

    def test_a_refused_request_sent_again_stays_refused(self, bench: Bench, stage: Stage) -> None:
        stage.open_project()
        investor = stage.member(fen=1)
        tender = stage.tender(investor, 2)
        bench.custodian.send(tender)
        stage.do(Recharge(stage.number(), investor, 10))
        assert bench.custodian.send(tender).outcome is not BankOutcome.SUCCEEDED
        assert bench.custodian.query(tender).outcome is BankOutcome.REFUSED
        assert stage.holds(investor) == BankBalance(11, 0)

    @pytest.mark.parametrize("fault", BEFORE)
    def test_what_never_arrived_is_unknown_then_not_found_then_sent_again(
        self, bench: Bench, stage: Stage, fault: Fault
    ) -> None:
        stage.open_project()
        investor = stage.member(fen=1_000)
        tender = stage.tender(investor, 400)
        bench.arrange(fault, tender)
        assert bench.custodian.send(tender).outcome is BankOutcome.UNKNOWN
        assert bench.custodian.query(tender).outcome is BankOutcome.NOT_FOUND
        assert stage.holds(investor) == BankBalance(1_000, 0)
        stage.do(tender)
        assert stage.holds(investor) == BankBalance(600, 400)

    @pytest.mark.parametrize("fault", AFTER)
    def test_what_was_done_without_a_trustworthy_answer_is_found_by_asking(
        self, bench: Bench, stage: Stage, fault: Fault
    ) -> None:
        stage.open_project()
        investor = stage.member(fen=1_000)
        tender = stage.tender(investor, 400)
        bench.arrange(fault, tender)
        assert bench.custodian.send(tender).outcome is BankOutcome.UNKNOWN
        queried = bench.custodian.query(tender)
        assert (queried.outcome, queried.bank_date) == (BankOutcome.SUCCEEDED, bench.today())
        assert stage.holds(investor) == BankBalance(600, 400)

    def test_it_is_safe_to_call_from_several_threads(self, bench: Bench, stage: Stage) -> None:
        stage.open_project()
        investor = stage.member(fen=1_000)
        tenders = [stage.tender(investor, 10) for _ in range(48)]
        with ThreadPoolExecutor(8) as threads:
            outcomes = {answer.outcome for answer in threads.map(bench.custodian.send, tenders)}
        assert outcomes == {BankOutcome.SUCCEEDED}
        assert stage.holds(investor) == BankBalance(520, 480)
