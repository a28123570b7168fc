"""A loan's money: frozen, lent, repaid; and what the platform itself moves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.accounts import INCOME_ACCOUNT, RESERVE_ACCOUNT
from domain.bank_requests import (
    ChangeProject,
    Execute,
    ExecuteBatch,
    Freeze,
    Leg,
    ProjectStage,
    Recharge,
    Release,
    UnfreezeFunds,
)
from domain.bank_statement import BankBalance
from domain.ports import BankOutcome
from domain.purposes import Purpose
from tests.contracts.bench import Bench
from tests.contracts.stage import Stage


class LendingContract:
    def test_a_stage_that_a_project_has_already_is_not_refused(
        self, bench: Bench, stage: Stage
    ) -> None:
        stage.open_project()
        stage.repay_from_now_on()
        stage.repay_from_now_on()

    def test_a_tender_freezes_and_is_released_in_parts(self, bench: Bench, stage: Stage) -> None:
        stage.open_project()
        investor = stage.member(fen=1_000)
        tender = stage.tender(investor, 900)
        stage.do(tender)
        assert stage.holds(investor) == BankBalance(100, 900)
        stage.do(Release(stage.number(), tender.request_no, 200))
        assert stage.holds(investor) == BankBalance(300, 700)
        too_much = Release(stage.number(), tender.request_no, 701)
        assert bench.custodian.send(too_much).outcome is BankOutcome.REFUSED
        stage.do(Release(stage.number(), tender.request_no, 700))
        assert stage.holds(investor) == BankBalance(1_000, 0)
        assert bench.custodian.query(tender).outcome is BankOutcome.SUCCEEDED

    def test_what_is_held_for_a_loan_is_no_freeze_of_funds(
        self, bench: Bench, stage: Stage
    ) -> None:
        stage.open_project()
        investor = stage.member(fen=1_000)
        tender = stage.tender(investor, 900)
        stage.do(tender)
        wrong = UnfreezeFunds(stage.number(), investor, tender.request_no, 1)
        assert bench.custodian.send(wrong).outcome is BankOutcome.REFUSED
        assert stage.holds(investor) == BankBalance(100, 900)

    def test_more_than_there_is_is_refused_for_good(self, bench: Bench, stage: Stage) -> None:
        stage.open_project()
        investor = stage.member(fen=1_000)
        tender = stage.tender(investor, 1_001)
        sent = bench.custodian.send(tender)
        assert sent.outcome is BankOutcome.REFUSED
        assert sent.code
        assert bench.custodian.query(tender).outcome is BankOutcome.REFUSED
        assert stage.holds(investor) == BankBalance(1_000, 0)

    def test_a_disbursement_moves_all_its_legs(self, bench: Bench, stage: Stage) -> None:
        stage.open_project()
        income, reserve = stage.holds(INCOME_ACCOUNT), stage.holds(RESERVE_ACCOUNT)
        tenders = [stage.tender(stage.member(fen=60_000), fen) for fen in (60_000, 40_000)]
        for tender in tenders:
            stage.do(tender)
        stage.do(stage.disbursement(tenders, fee_fen=1_000, reserve_fen=2_000))
        assert stage.holds(stage.borrower) == BankBalance(97_000, 0)
        assert [stage.holds(tender.account) for tender in tenders] == [
            BankBalance(0, 0),
            BankBalance(20_000, 0),
        ]
        assert stage.holds(INCOME_ACCOUNT).available_fen - income.available_fen == 1_000
        assert stage.holds(RESERVE_ACCOUNT).available_fen - reserve.available_fen == 2_000

    def test_one_bad_leg_moves_nothing(self, bench: Bench, stage: Stage) -> None:
        stage.open_project()
        tender = stage.tender(stage.member(fen=1_000), 1_000)
        stage.do(tender)
        disbursement = stage.disbursement([tender], fee_fen=700, reserve_fen=301)
        answer = bench.custodian.send(disbursement)
        if answer.outcome is BankOutcome.PENDING and bench.executes_later:
            answer = bench.settled(disbursement)
        assert answer.outcome is BankOutcome.REFUSED
        assert stage.holds(tender.account) == BankBalance(0, 1_000)
        assert stage.holds(stage.borrower) == BankBalance(0, 0)

    def test_repayment_fee_recovery_and_payout(self, bench: Bench, stage: Stage) -> None:
        stage.open_project()
        stage.do(Recharge(stage.number(), RESERVE_ACCOUNT, 5_000))
        investor = stage.member(fen=1_000)
        tender = stage.tender(investor, 1_000)
        stage.do(tender)
        stage.do(stage.disbursement([tender], fee_fen=1, reserve_fen=1))
        stage.repay_from_now_on()
        payout = Leg(
            stage.number(), Purpose.RESERVE_PAYOUT, RESERVE_ACCOUNT, investor, 400, interest_fen=40
        )
        stage.do(Execute(stage.number(), Purpose.RESERVE_PAYOUT, stage.project_no, (payout,)))
        hold = Freeze(stage.number(), stage.borrower, Purpose.REPAYMENT_HOLD, 900, stage.project_no)
        stage.do(hold)
        repayment = stage.repayment(hold, investor, 450, 50)
        rest = [
            Leg(
                stage.number(),
                purpose,
                stage.borrower,
                payee,
                fen,
                freeze_request_no=hold.request_no,
            )
            for purpose, payee, fen in (
                (Purpose.SUBROGATED_RECOVERY, RESERVE_ACCOUNT, 400),
                (Purpose.FEE, INCOME_ACCOUNT, 50),
            )
        ]
        stage.do(replace(repayment, legs=(*repayment.legs, *rest)))
        assert stage.holds(investor) == BankBalance(850, 0)
        assert stage.holds(stage.borrower) == BankBalance(98, 0)

    def test_each_trade_of_a_batch_comes_to_its_own_end(self, bench: Bench, stage: Stage) -> None:
        stage.open_project()
        investor = stage.member(fen=1_000)
        tender = stage.tender(investor, 1_000)
        stage.do(tender)
        stage.do(stage.disbursement([tender], fee_fen=1, reserve_fen=1))
        stage.repay_from_now_on()
        hold = Freeze(stage.number(), stage.borrower, Purpose.REPAYMENT_HOLD, 500, stage.project_no)
        stage.do(hold)
        good = stage.repayment(hold, investor, 300, 30)
        too_much = stage.repayment(hold, investor, 201)
        rest = stage.repayment(hold, investor, 200)
        batch = ExecuteBatch(stage.number(), (good, too_much, rest))
        assert bench.custodian.send(batch).outcome is BankOutcome.PENDING
        assert [bench.settled(trade).outcome for trade in batch.trades] == [
            BankOutcome.SUCCEEDED,
            BankOutcome.REFUSED,
            BankOutcome.SUCCEEDED,
        ]
        notices = [
            bench.custodian.read_notice(bench.notice_naming(trade.request_no))
            for trade in batch.trades
        ]
        assert [notice.answer.outcome for notice in notices] == [
            BankOutcome.SUCCEEDED,
            BankOutcome.REFUSED,
            BankOutcome.SUCCEEDED,
        ]
        assert stage.holds(investor) == BankBalance(500, 0)

    def test_a_surplus_goes_from_the_reserve_to_income(self, bench: Bench, stage: Stage) -> None:
        stage.do(Recharge(stage.number(), RESERVE_ACCOUNT, 300))
        before = stage.holds(INCOME_ACCOUNT).available_fen
        surplus = Leg(stage.number(), Purpose.RESERVE_SURPLUS, RESERVE_ACCOUNT, INCOME_ACCOUNT, 300)
        stage.do(Execute(stage.number(), Purpose.RESERVE_SURPLUS, None, (surplus,)))
        assert stage.holds(INCOME_ACCOUNT).available_fen - before == 300

    @pytest.mark.parametrize("purpose", [Purpose.REVERSAL, Purpose.SHORTFALL_COVER])
    def test_the_platform_puts_right_what_went_wrong(
        self, bench: Bench, stage: Stage, purpose: Purpose
    ) -> None:
        """A fee goes back to a borrower; an account that lacks money gets it."""
        stage.do(Recharge(stage.number(), INCOME_ACCOUNT, 300))
        before = stage.holds(INCOME_ACCOUNT).available_fen
        payee = stage.member("borrower")
        leg = Leg(stage.number(), purpose, INCOME_ACCOUNT, payee, 300)
        stage.do(Execute(stage.number(), purpose, None, (leg,)))
        assert stage.holds(payee) == BankBalance(300, 0)
        assert before - stage.holds(INCOME_ACCOUNT).available_fen == 300

    def test_a_loan_that_miscarries_and_one_that_ends(self, bench: Bench, stage: Stage) -> None:
        stage.open_project()
        stage.do(ChangeProject(stage.number(), stage.project_no, ProjectStage.MISCARRIED))
        other = Stage(bench)
        other.open_project()
        other.repay_from_now_on()
        other.do(ChangeProject(other.number(), other.project_no, ProjectStage.FINISHED))
