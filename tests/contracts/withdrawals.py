"""Withdrawals: to the bound card alone, a day under way, stopped or returned."""

from __future__ import annotations

from domain.bank_requests import StopWithdrawal, Withdraw
from domain.bank_statement import BankBalance, LineKind
from domain.ports import BankOutcome
from tests.contracts.bench import Bench
from tests.contracts.stage import Stage


class WithdrawalsContract:
    def test_a_withdrawal_leaves_to_the_bound_card(self, bench: Bench, stage: Stage) -> None:
        investor = stage.member(fen=1_000)
        stage.do(stage.binding(investor, bench.good_card))
        withdrawal = Withdraw(stage.number(), investor, 700, bench.good_card)
        assert bench.custodian.send(withdrawal).outcome is BankOutcome.PENDING
        assert bench.custodian.query(withdrawal).outcome is BankOutcome.PENDING
        assert stage.holds(investor) == BankBalance(300, 700)
        bench.next_day()
        assert bench.settled(withdrawal).outcome is BankOutcome.SUCCEEDED
        assert stage.holds(investor) == BankBalance(300, 0)

    def test_a_withdrawal_is_stopped_in_time(self, bench: Bench, stage: Stage) -> None:
        investor = stage.member(fen=1_000)
        stage.do(stage.binding(investor, bench.good_card))
        withdrawal = Withdraw(stage.number(), investor, 700, bench.good_card)
        assert bench.custodian.send(withdrawal).outcome is BankOutcome.PENDING
        stop = StopWithdrawal(stage.number(), withdrawal.request_no)
        if not bench.stops_withdrawals:
            refused = bench.custodian.send(stop)
            assert (refused.outcome, refused.code) == (BankOutcome.REFUSED, "not_carried")
            assert bench.custodian.query(withdrawal).outcome is BankOutcome.PENDING
            return
        stage.do(stop)
        assert bench.custodian.query(stop).outcome is BankOutcome.SUCCEEDED
        assert bench.custodian.query(withdrawal).outcome is BankOutcome.REFUSED
        told = bench.custodian.read_notice(bench.notice_naming(withdrawal.request_no))
        assert told.answer.outcome is BankOutcome.REFUSED
        assert stage.holds(investor) == BankBalance(1_000, 0)
        again = StopWithdrawal(stage.number(), withdrawal.request_no)
        assert bench.custodian.send(again).outcome is BankOutcome.REFUSED

    def test_a_withdrawal_that_is_paid_is_stopped_too_late(
        self, bench: Bench, stage: Stage
    ) -> None:
        investor = stage.member(fen=1_000)
        stage.do(stage.binding(investor, bench.good_card))
        withdrawal = Withdraw(stage.number(), investor, 700, bench.good_card)
        bench.custodian.send(withdrawal)
        bench.next_day()
        assert bench.settled(withdrawal).outcome is BankOutcome.SUCCEEDED
        stop = StopWithdrawal(stage.number(), withdrawal.request_no)
        assert bench.custodian.send(stop).outcome is BankOutcome.REFUSED
        assert bench.custodian.query(withdrawal).outcome is BankOutcome.SUCCEEDED
        assert stage.holds(investor) == BankBalance(300, 0)

    def test_a_withdrawal_to_any_other_card_is_refused(self, bench: Bench, stage: Stage) -> None:
        investor = stage.member(fen=1_000)
        withdrawal = Withdraw(stage.number(), investor, 700, bench.good_card)
        assert bench.custodian.send(withdrawal).outcome is BankOutcome.REFUSED
        stage.do(stage.binding(investor, bench.good_card))
        other = Withdraw(stage.number(), investor, 700, bench.returning_card)
        assert bench.custodian.send(other).outcome is BankOutcome.REFUSED
        assert bench.custodian.query(other).outcome is BankOutcome.NOT_FOUND
        assert stage.holds(investor) == BankBalance(1_000, 0)

    def test_a_returned_withdrawal_is_a_new_credit(self, bench: Bench, stage: Stage) -> None:
        investor = stage.member(fen=1_000)
        stage.do(stage.binding(investor, bench.returning_card))
        withdrawal = Withdraw(stage.number(), investor, 700, bench.returning_card)
        bench.custodian.send(withdrawal)
        bench.next_day()
        assert bench.settled(withdrawal).outcome is BankOutcome.SUCCEEDED
        bench.next_day()
        assert bench.custodian.query(withdrawal).outcome is BankOutcome.SUCCEEDED
        assert stage.holds(investor) == BankBalance(1_000, 0)
        form = bench.notice_of_return(withdrawal)
        notice = bench.custodian.read_notice(form)
        assert notice.returned is not None
        assert notice.returned.withdrawal_request_no == withdrawal.request_no
        assert (notice.returned.account, notice.returned.amount_fen) == (investor, 700)
        returned_on = bench.today()
        bench.next_day()
        (line,) = (
            each
            for each in bench.custodian.statement(returned_on).lines
            if each.origin == withdrawal.request_no
        )
        assert (line.kind, line.amount_fen) == (LineKind.RETURNED_WITHDRAWAL, 700)
        assert (line.reference, line.payee) == (notice.returned.bank_request_no, investor)
