"""The bank's day, told whole once it is over, and confirmed."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from domain.accounts import OUTSIDE
from domain.bank_requests import Recharge, Withdraw
from domain.bank_statement import BankBalance, LineKind, StatementLine, StatementNotReady
from domain.ports import BankOutcome
from tests.contracts.bench import Bench
from tests.contracts.stage import Stage


class StatementsContract:
    def test_a_day_is_told_whole_once_it_is_over(self, bench: Bench, stage: Stage) -> None:
        stage.open_project()
        bench.next_day()
        day = bench.today()
        with pytest.raises(StatementNotReady):
            bench.custodian.statement(day)
        investor = stage.member()
        recharge = Recharge(stage.number(), investor, 1_000)
        stage.do(recharge)
        tender = stage.tender(investor, 700)
        stage.do(tender)
        disbursement = stage.disbursement([tender], fee_fen=10, reserve_fen=20)
        stage.do(disbursement)
        bench.next_day()
        stage.do(Recharge(stage.number(), investor, 5))
        statement = bench.custodian.statement(day)
        assert statement.bank_date == day
        lent, fee, reserve = disbursement.legs
        mine = {investor, stage.borrower}
        assert {
            replace(line, bank_ref="")
            for line in statement.lines
            if mine & {line.payer, line.payee}
        } == {
            StatementLine(LineKind.RECHARGE, recharge.request_no, 1_000, OUTSIDE, investor),
            StatementLine(LineKind.TRANSFER, lent.movement_id, 700, investor, stage.borrower),
            StatementLine(
                LineKind.COMMISSION, disbursement.request_no, 10, stage.borrower, fee.payee
            ),
            StatementLine(
                LineKind.COMMISSION, disbursement.request_no, 20, stage.borrower, reserve.payee
            ),
        }
        assert statement.balances[investor] == BankBalance(300, 0)
        assert statement.balances[stage.borrower] == BankBalance(670, 0)
        assert bench.custodian.statement(day) == statement

    def test_a_withdrawal_stands_in_the_day_it_ended(self, bench: Bench, stage: Stage) -> None:
        investor = stage.member(fen=1_000)
        stage.do(stage.binding(investor, bench.good_card))
        withdrawal = Withdraw(stage.number(), investor, 700, bench.good_card)
        bench.custodian.send(withdrawal)
        asked_on = bench.today()
        bench.next_day()
        bench.settled(withdrawal)
        ended_on = bench.today()
        bench.next_day()
        first, second = (bench.custodian.statement(day) for day in (asked_on, ended_on))
        assert not [each for each in first.lines if each.reference == withdrawal.request_no]
        assert first.balances[investor] == BankBalance(300, 700)
        (line,) = (each for each in second.lines if each.reference == withdrawal.request_no)
        assert replace(line, bank_ref="") == StatementLine(
            LineKind.WITHDRAWAL, withdrawal.request_no, 700, investor, OUTSIDE
        )
        assert second.balances[investor] == BankBalance(300, 0)

    def test_a_day_may_be_confirmed_twice(self, bench: Bench, stage: Stage) -> None:
        bench.next_day()
        day = bench.today()
        refused = bench.custodian.confirm_statement(stage.number(), day)
        assert refused.outcome is not BankOutcome.SUCCEEDED
        bench.next_day()
        request_no = stage.number()
        for number in (request_no, request_no, stage.number()):
            confirmed = bench.custodian.confirm_statement(number, day)
            assert confirmed.outcome is BankOutcome.SUCCEEDED
