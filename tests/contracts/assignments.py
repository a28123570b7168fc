"""Claims that change hands (债权转让)."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from domain.accounts import INCOME_ACCOUNT
from domain.bank_requests import EndOffer, Release
from domain.bank_statement import BankBalance, LineKind, StatementLine
from domain.ports import BankOutcome
from domain.purposes import Purpose
from tests.contracts.bench import Bench
from tests.contracts.stage import Stage


class AssignmentsContract:
    def test_a_part_of_a_claim_is_bought(self, bench: Bench, stage: Stage) -> None:
        seller, buyer = stage.member(fen=1_000), stage.member(fen=2_000)
        bench.next_day()
        day = bench.today()
        stage.owes([seller], 1_000)
        offered = stage.on_sale(seller, 600)
        hold = replace(stage.hold(buyer, Purpose.ASSIGNMENT_HOLD, 570), offered=offered)
        stage.do(hold)
        assert stage.holds(buyer) == BankBalance(1_430, 570)
        income = stage.holds(INCOME_ACCOUNT).available_fen
        purchase = stage.purchase(hold, seller, earned_fen=20, fee_fen=7)
        stage.do(purchase)
        again = bench.custodian.send(purchase)
        assert again.outcome in (BankOutcome.UNKNOWN, BankOutcome.SUCCEEDED)
        assert bench.custodian.query(purchase).bank_date == day
        after = {seller: BankBalance(563, 0), buyer: BankBalance(1_430, 0)}
        assert bench.custodian.balances(list(after)) == after
        assert stage.holds(INCOME_ACCOUNT).available_fen - income == 7

        bench.next_day()
        lines = bench.custodian.statement(day).lines
        paid, fee = purchase.legs
        assert [
            msgspec.structs.replace(line, bank_ref="")
            for line in lines
            if seller in (line.payer, line.payee) and line.payee != stage.borrower
        ] == [
            StatementLine(LineKind.TRANSFER, paid.movement_id, 570, buyer, seller),
            StatementLine(LineKind.COMMISSION, purchase.request_no, 7, seller, fee.payee),
        ]

    def test_a_purchase_that_comes_to_nothing_leaves_all_as_it_was(
        self, bench: Bench, stage: Stage
    ) -> None:
        seller, buyer = stage.member(fen=1_000), stage.member(fen=500)
        stage.owes([seller], 1_000)
        offered = stage.on_sale(seller, 600)
        more_than_he_has = stage.hold(buyer, Purpose.ASSIGNMENT_HOLD, 501)
        stage.is_refused(replace(more_than_he_has, offered=offered))
        hold = replace(stage.hold(buyer, Purpose.ASSIGNMENT_HOLD, 500), offered=offered)
        stage.do(hold)
        stage.is_refused(stage.purchase(hold, stage.borrower, earned_fen=0, fee_fen=0))
        too_much = replace(hold, amount_fen=501)
        stage.is_refused(stage.purchase(too_much, seller, earned_fen=0, fee_fen=0))
        stage.do(Release(stage.number(), hold.request_no, 500))
        stage.do(EndOffer(stage.number(), offered.request_no))
        assert stage.holds(buyer) == BankBalance(500, 0)
        assert stage.holds(seller) == BankBalance(0, 0)
