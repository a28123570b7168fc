"""What a member has authorised (授权), how far it reaches, and what needs the member."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from domain.authorisation import Kind as Authorised
from domain.bank_requests import Authorise, EndAuthorisation, Freeze, Recharge, Release, Withdraw
from domain.bank_statement import BankBalance
from domain.ports import BankOutcome
from domain.purposes import Purpose
from tests.contracts.bench import Bench
from tests.contracts.stage import Stage


class AuthorisationsContract:
    def test_an_authorisation_is_given_used_and_ended(self, bench: Bench, stage: Stage) -> None:
        stage.open_project()
        investor = stage.member(fen=1_000)
        authorised = Authorise(
            stage.number(), investor, Authorised.TENDER, bench.today() + timedelta(days=1), 300
        )
        stage.do(authorised)
        stage.do(stage.tender(investor, 300))
        too_much = bench.custodian.send(stage.tender(investor, 301))
        assert too_much.outcome is BankOutcome.REFUSED
        stage.do(replace(authorised, request_no=stage.number(), limit_fen=400))
        stage.do(stage.tender(investor, 301))
        stage.do(EndAuthorisation(stage.number(), investor, Authorised.TENDER))
        ended = stage.tender(investor, 1)
        assert bench.custodian.send(ended).outcome is BankOutcome.REFUSED
        assert bench.custodian.query(ended).outcome is BankOutcome.REFUSED
        again = EndAuthorisation(stage.number(), investor, Authorised.TENDER)
        assert bench.custodian.send(again).outcome is BankOutcome.REFUSED
        assert stage.holds(investor) == BankBalance(399, 601)

    def test_an_authorisation_ends_with_its_last_day(self, bench: Bench, stage: Stage) -> None:
        stage.open_project()
        tender = stage.tender(stage.member(fen=1_002), 1_002)
        stage.do(tender)
        stage.do(stage.disbursement([tender], fee_fen=1, reserve_fen=1))
        stage.repay_from_now_on()
        stage.do(
            Authorise(stage.number(), stage.borrower, Authorised.REPAYMENT, bench.today(), 900)
        )

        def hold() -> Freeze:
            hold = Purpose.REPAYMENT_HOLD
            return Freeze(stage.number(), stage.borrower, hold, 400, stage.project_no)

        stage.do(hold())
        bench.next_day()
        assert bench.custodian.send(hold()).outcome is BankOutcome.REFUSED
        assert stage.holds(stage.borrower) == BankBalance(600, 400)

    def test_an_advance_keeps_to_what_the_guarantor_authorised(
        self, bench: Bench, stage: Stage
    ) -> None:
        stage.owes([stage.member(fen=1_000)], 1_000)
        guarantor = stage.member("guarantor", fen=1_000)
        stage.do(stage.authorise(guarantor, Authorised.COMPENSATORY, 300))
        stage.do(stage.hold(guarantor, Purpose.GUARANTEE_HOLD, 300))
        stage.is_refused(stage.hold(guarantor, Purpose.GUARANTEE_HOLD, 301))
        stage.do(EndAuthorisation(stage.number(), guarantor, Authorised.COMPENSATORY))
        stage.is_refused(stage.hold(guarantor, Purpose.GUARANTEE_HOLD, 1))
        assert stage.holds(guarantor) == BankBalance(700, 300)

    def test_an_assignment_is_authorised_too(self, bench: Bench, stage: Stage) -> None:
        stage.do(stage.authorise(stage.member(), Authorised.CREDIT_ASSIGNMENT, 300))

    def test_money_comes_and_goes_without_the_member_as_he_has_authorised(
        self, bench: Bench, stage: Stage
    ) -> None:
        investor = stage.member(fen=1_000)
        stage.do(stage.binding(investor, bench.good_card))
        kinds = (Authorised.RECHARGE, Authorised.WITHDRAWAL)

        def into(fen: int) -> Recharge:
            return Recharge(stage.number(), investor, fen, by_member=False)

        def out(fen: int, card_no: str = bench.good_card) -> Withdraw:
            return Withdraw(stage.number(), investor, fen, card_no, by_member=False)

        if not bench.moves_cash_alone:
            for kind in kinds:
                stage.is_not_carried(stage.authorise(investor, kind, 300))
            stage.is_not_carried(into(1))
            stage.is_not_carried(out(1))
            assert stage.holds(investor) == BankBalance(1_000, 0)
            return
        stage.is_refused(into(1))  # Nobody is taken to have allowed it at the counter.
        stage.is_refused(out(1))
        for kind in kinds:
            stage.do(stage.authorise(investor, kind, 300))
        stage.is_refused(into(301))
        stage.is_refused(out(301))
        stage.do(into(300))
        withdrawal = out(300)
        assert bench.custodian.send(withdrawal).outcome is BankOutcome.PENDING
        assert bench.custodian.send(out(1, bench.returning_card)).outcome is BankOutcome.REFUSED
        assert stage.holds(investor) == BankBalance(1_000, 300)
        bench.next_day()
        assert bench.settled(withdrawal).outcome is BankOutcome.SUCCEEDED
        told = bench.custodian.read_notice(bench.notice_naming(withdrawal.request_no))
        assert told.answer.outcome is BankOutcome.SUCCEEDED
        assert stage.holds(investor) == BankBalance(1_000, 0)
        stage.is_refused(into(1))  # The day was the last.

    def test_a_member_tenders_himself_at_the_banks_page(self, bench: Bench, stage: Stage) -> None:
        """Where nothing may be done without him."""
        stage.open_project()
        investor = stage.member(fen=1_000)
        stage.do(stage.authorise(investor, Authorised.TENDER, 1_000))
        stage.do(EndAuthorisation(stage.number(), investor, Authorised.TENDER))
        tender = replace(stage.tender(investor, 900), by_member=True)
        stage.do(tender)
        told = bench.custodian.read_notice(bench.notice_naming(tender.request_no))
        assert told.answer.outcome is BankOutcome.SUCCEEDED
        assert stage.holds(investor) == BankBalance(100, 900)
        stage.do(Release(stage.number(), tender.request_no, 200))
        rest = replace(tender, amount_fen=700)
        stage.do(stage.disbursement([rest], fee_fen=1, reserve_fen=1))
        assert stage.holds(investor) == BankBalance(300, 0)
