"""What every implementation of `domain.ports.Custodian` must do, whatever protocol it speaks.

A test module derives `TestX(CustodianContract)` and gives it a `bench`: the custodian, and handles
to the world around it. Each test makes members of its own, so that one bank serves them all.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

import pytest

from domain.accounts import INCOME_ACCOUNT, OUTSIDE, RESERVE_ACCOUNT
from domain.authorisation import Kind as Authorised
from domain.ports import (
    Authorise,
    BankAnswer,
    BankBalance,
    BankOutcome,
    BankRequest,
    BindCard,
    ChangePhone,
    ChangeProject,
    CheckPassword,
    Custodian,
    CustodianUntrusted,
    EndAuthorisation,
    EndOffer,
    EstablishProject,
    Execute,
    ExecuteBatch,
    Freeze,
    FreezeFunds,
    Leg,
    LineKind,
    Offered,
    OfferShare,
    OpenAccount,
    ProjectStage,
    Recharge,
    Release,
    ResetPassword,
    StatementLine,
    StatementNotReady,
    StopWithdrawal,
    UnbindCard,
    UnfreezeFunds,
    Withdraw,
)
from domain.purposes import Purpose


class Fault(StrEnum):
    """What the bank is told to do with the next sending of a request."""

    SILENT_BEFORE = "silent_before"  # Nothing is done, and no answer comes.
    BROKEN_BEFORE = "broken_before"  # Nothing is done; an error that no one signed.
    SILENT_AFTER = "silent_after"  # It is done, and no answer comes.
    FORGED_AFTER = "forged_after"  # It is done; the answer's signature is wrong.
    CUT_AFTER = "cut_after"  # It is done; the connection breaks within the answer.


BEFORE = (Fault.SILENT_BEFORE, Fault.BROKEN_BEFORE)
AFTER = (Fault.SILENT_AFTER, Fault.FORGED_AFTER, Fault.CUT_AFTER)


class Bench(Protocol):
    """The custodian and its world. Cards by what becomes of money sent to them."""

    good_card: str
    mismatching_card: str  # The four elements do not belong together.
    returning_card: str  # A withdrawal succeeds and comes back a day later.
    executes_later: bool  # `Execute` is answered PENDING, and ends by notice or query.
    executes_whole: bool  # Else an `Execute` may be PARTIAL.
    stops_withdrawals: bool  # Else it says that it cannot.
    moves_cash_alone: bool  # Recharges and withdraws without the member, as authorised; else not.
    asks_passwords: bool  # Has a page that asks for the member's password and no more.

    @property
    def custodian(self) -> Custodian: ...

    def today(self) -> date:
        """The bank's date."""

    def next_day(self) -> None:
        """Lets the bank's day end."""

    def arrange(self, fault: Fault, request: BankRequest) -> None: ...

    def notice_naming(self, request_no: str) -> Mapping[str, str]:
        """Waits for the callback that tells the end of this request."""

    def notice_of_return(self, withdrawal: Withdraw) -> Mapping[str, str]:
        """Waits for the callback that the withdrawal's money is back."""

    def settled(self, request: BankRequest) -> BankAnswer:
        """Asks until the request has come to its end."""


_numbers = itertools.count(1)


@dataclass
class Stage:
    """A borrower with a project that collects, and what a test does there."""

    bench: Bench
    mark: str = field(default_factory=lambda: f"t{next(_numbers)}")

    @property
    def borrower(self) -> str:
        return f"{self.mark}-b:borrower"

    @property
    def project_no(self) -> str:
        return f"{self.mark}-p"

    def number(self) -> str:
        return f"{self.mark}-{next(_numbers)}"

    def do(self, request: BankRequest) -> None:
        """Send what must succeed, at once or later."""
        answer = self.bench.custodian.send(request)
        if answer.outcome is BankOutcome.PENDING:
            answer = self.bench.settled(request)
        assert answer.outcome is BankOutcome.SUCCEEDED, answer

    def member(self, role: str = "investor", *, fen: int = 0) -> str:
        account = f"{self.mark}-{next(_numbers)}:{role}"
        self.do(self.opening(account))
        if fen:
            self.do(Recharge(self.number(), account, fen))
        return account

    def opening(self, account: str) -> OpenAccount:
        return OpenAccount(
            self.number(), account, False, "张三", "110101199001011237", "13800000000"
        )

    def binding(self, account: str, card_no: str) -> BindCard:
        return BindCard(self.number(), account, card_no, "ICBC", "13800000000")

    def open_project(self) -> None:
        self.do(self.opening(self.borrower))
        self.do(
            EstablishProject(
                self.number(),
                self.project_no,
                self.borrower,
                100_000,
                "loan",
                "12",
                "equal-instalment",
                12,
            )
        )

    def repay_from_now_on(self) -> None:
        self.do(ChangeProject(self.number(), self.project_no, ProjectStage.REPAYING))

    def tender(self, account: str, fen: int) -> Freeze:
        return Freeze(self.number(), account, Purpose.TENDER, fen, self.project_no)

    def disbursement(self, tenders: list[Freeze], fee_fen: int, reserve_fen: int) -> Execute:
        legs = [
            Leg(
                self.number(),
                Purpose.DISBURSEMENT,
                tender.account,
                self.borrower,
                tender.amount_fen,
                freeze_request_no=tender.request_no,
            )
            for tender in tenders
        ]
        fee = Leg(self.number(), Purpose.FEE, self.borrower, INCOME_ACCOUNT, fee_fen)
        reserve = Leg(
            self.number(),
            Purpose.RESERVE_CONTRIBUTION,
            self.borrower,
            RESERVE_ACCOUNT,
            reserve_fen,
        )
        return Execute(self.number(), Purpose.DISBURSEMENT, self.project_no, (*legs, fee, reserve))

    def repayment(self, hold: Freeze, investor: str, fen: int, interest_fen: int = 0) -> Execute:
        leg = Leg(
            self.number(),
            Purpose.REPAYMENT,
            hold.account,
            investor,
            fen,
            interest_fen,
            hold.request_no,
        )
        return Execute(self.number(), Purpose.REPAYMENT, self.project_no, (leg,))

    def owes(self, investors: list[str], fen: int) -> None:
        """Each has lent the borrower so much, who has it all in a hold of his: nothing is free."""
        self.open_project()
        tenders = [self.tender(investor, fen) for investor in investors]
        for tender in tenders:
            self.do(tender)
        self.do(self.disbursement(tenders, fee_fen=1, reserve_fen=1))
        self.repay_from_now_on()
        self.do(self.hold(self.borrower, Purpose.REPAYMENT_HOLD, fen * len(investors) - 2))

    def hold(self, account: str, purpose: Purpose, fen: int) -> Freeze:
        return Freeze(self.number(), account, purpose, fen, self.project_no)

    def advance(self, hold: Freeze, borrower: str, parts: Mapping[str, int]) -> Execute:
        """间接代偿, in full of the interest: guarantor -> borrower -> each investor his part."""
        legs = []
        for investor, fen in parts.items():
            advanced = Leg(
                self.number(),
                Purpose.GUARANTEE_ADVANCE,
                hold.account,
                borrower,
                fen,
                interest_fen=10,
                freeze_request_no=hold.request_no,
            )
            passed_on = replace(
                advanced,
                movement_id=self.number(),
                purpose=Purpose.ADVANCE_PASSED_ON,
                payer=borrower,
                payee=investor,
                freeze_request_no=None,
            )
            legs += [advanced, passed_on]
        return Execute(self.number(), Purpose.GUARANTEE_ADVANCE, self.project_no, tuple(legs))

    def on_sale(self, seller: str, share_fen: int) -> Offered:
        offer = OfferShare(self.number(), seller, self.project_no, share_fen)
        self.do(offer)
        return Offered(offer.request_no, share_fen)

    def purchase(self, hold: Freeze, seller: str, earned_fen: int, fee_fen: int) -> Execute:
        """债权转让: buyer -> seller, who pays a fee out of it."""
        paid = Leg(
            self.number(),
            Purpose.ASSIGNMENT,
            hold.account,
            seller,
            hold.amount_fen,
            earned_fen,
            hold.request_no,
        )
        fee = Leg(self.number(), Purpose.ASSIGNMENT_FEE, seller, INCOME_ACCOUNT, fee_fen)
        legs = (paid, fee) if fee_fen else (paid,)
        return Execute(self.number(), Purpose.ASSIGNMENT, self.project_no, legs, hold.offered)

    def is_refused(self, request: BankRequest) -> None:
        """At once or later, and for good."""
        answer = self.bench.custodian.send(request)
        if answer.outcome is BankOutcome.PENDING:
            answer = self.bench.settled(request)
        assert answer.outcome is BankOutcome.REFUSED, answer
        assert self.bench.custodian.query(request).outcome is BankOutcome.REFUSED

    def is_not_carried(self, request: BankRequest) -> None:
        """The bank has no word for it, and it was not sent."""
        answer = self.bench.custodian.send(request)
        assert (answer.outcome, answer.code) == (BankOutcome.REFUSED, "not_carried")

    def authorise(self, account: str, kind: Authorised, fen: int) -> Authorise:
        return Authorise(self.number(), account, kind, self.bench.today(), fen)

    def holds(self, account: str) -> BankBalance:
        return self.bench.custodian.balances([account])[account]


@pytest.fixture
def stage(bench: Bench) -> Stage:
    return Stage(bench)


class CustodianContract:
    def test_an_account_is_opened_and_a_card_bound(self, bench: Bench, stage: Stage) -> None:
        account = f"{stage.mark}:investor"
        assert bench.custodian.balances([account]) == {}
        stage.do(stage.opening(account))
        assert stage.holds(account) == BankBalance(0, 0)
        binding = stage.binding(account, bench.good_card)
        stage.do(binding)
        assert bench.custodian.query(binding).bank_date == bench.today()
        stage.do(UnbindCard(stage.number(), account, bench.good_card))
        stage.do(stage.binding(account, bench.good_card))

    def test_a_company_is_opened_too(self, bench: Bench, stage: Stage) -> None:
        account = f"{stage.mark}:guarantor"
        stage.do(replace(stage.opening(account), company=True, id_no="91110000600007156W"))
        stage.do(replace(stage.binding(account, bench.good_card), company=True))

    def test_a_card_of_another_is_refused_in_the_end(self, bench: Bench, stage: Stage) -> None:
        binding = stage.binding(stage.member(), bench.mismatching_card)
        bench.custodian.send(binding)
        assert bench.settled(binding).outcome is BankOutcome.REFUSED

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

    def test_a_phone_and_a_password_are_changed_at_the_banks_page(
        self, bench: Bench, stage: Stage
    ) -> None:
        investor = stage.member()
        stage.do(ChangePhone(stage.number(), investor, "13900000000"))
        reset = ResetPassword(stage.number(), investor)
        stage.do(reset)
        told = bench.custodian.read_notice(bench.notice_naming(reset.request_no))
        assert told.answer.outcome is BankOutcome.SUCCEEDED
        check = CheckPassword(stage.number(), investor)
        if bench.asks_passwords:
            stage.do(check)
        else:
            stage.is_not_carried(check)

    @pytest.mark.parametrize("role", ["investor", "borrower", "guarantor"])
    def test_funds_stand_still_and_are_given_back_in_parts(
        self, bench: Bench, stage: Stage, role: str
    ) -> None:
        account = stage.member(role, fen=1_000)
        freeze = FreezeFunds(stage.number(), account, 900)
        stage.do(freeze)
        assert stage.holds(account) == BankBalance(100, 900)
        stage.is_refused(FreezeFunds(stage.number(), account, 101))

        def release(fen: int) -> UnfreezeFunds:
            return UnfreezeFunds(stage.number(), account, freeze.request_no, fen)

        stage.do(release(200))
        stage.is_refused(release(701))
        assert stage.holds(account) == BankBalance(300, 700)
        stage.do(release(700))
        assert stage.holds(account) == BankBalance(1_000, 0)
        assert bench.custodian.query(freeze).outcome is BankOutcome.SUCCEEDED

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

    def test_a_stage_that_a_project_has_already_is_not_refused(
        self, bench: Bench, stage: Stage
    ) -> None:
        stage.open_project()
        stage.repay_from_now_on()
        stage.repay_from_now_on()

    def test_a_recharge_arrives_and_is_called_back(self, bench: Bench, stage: Stage) -> None:
        account = stage.member()
        recharge = Recharge(stage.number(), account, 12_345)
        stage.do(recharge)
        assert stage.holds(account) == BankBalance(12_345, 0)
        form = bench.notice_naming(recharge.request_no)
        notice = bench.custodian.read_notice(form)
        assert notice.request_no == recharge.request_no
        assert notice.answer.outcome is BankOutcome.SUCCEEDED
        assert notice.answer.bank_date == bench.today()
        assert notice.returned is None

    def test_a_changed_callback_is_not_believed(self, bench: Bench, stage: Stage) -> None:
        recharge = Recharge(stage.number(), stage.member(), 1)
        stage.do(recharge)
        form = bench.notice_naming(recharge.request_no)
        changed = {
            name: value.replace(recharge.request_no, "other") for name, value in form.items()
        }
        with pytest.raises(CustodianUntrusted):
            bench.custodian.read_notice(changed)

    def test_the_reserve_is_seeded(self, bench: Bench, stage: Stage) -> None:
        before = stage.holds(RESERVE_ACCOUNT)
        stage.do(Recharge(stage.number(), RESERVE_ACCOUNT, 50_000))
        after = stage.holds(RESERVE_ACCOUNT)
        assert after.available_fen - before.available_fen == 50_000

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

    def test_an_indirect_advance_passes_through_the_borrower(
        self, bench: Bench, stage: Stage
    ) -> None:
        ann, bea = stage.member(fen=1_000), stage.member(fen=1_000)
        guarantor = stage.member("guarantor", fen=900)
        bench.next_day()
        day = bench.today()
        stage.owes([ann, bea], 1_000)
        hold = stage.hold(guarantor, Purpose.GUARANTEE_HOLD, 800)
        stage.do(hold)
        assert stage.holds(guarantor) == BankBalance(100, 800)
        advance = stage.advance(hold, stage.borrower, {ann: 300, bea: 400})
        stage.do(advance)
        told = bench.custodian.read_notice(bench.notice_naming(advance.request_no))
        assert (told.request_no, told.answer.outcome) == (advance.request_no, BankOutcome.SUCCEEDED)

        again = bench.custodian.send(advance)
        assert again.outcome in (BankOutcome.UNKNOWN, BankOutcome.SUCCEEDED)
        found = bench.custodian.query(advance)
        assert (found.outcome, found.bank_date) == (BankOutcome.SUCCEEDED, day)
        after = {
            guarantor: BankBalance(100, 100),
            stage.borrower: BankBalance(0, 1_998),
            ann: BankBalance(300, 0),
            bea: BankBalance(400, 0),
        }
        assert bench.custodian.balances(list(after)) == after

        bench.next_day()
        statement = bench.custodian.statement(day)
        assert {account: statement.balances[account] for account in after} == after
        ids = {leg.movement_id for leg in advance.legs}
        lines = [line for line in statement.lines if line.reference in ids]
        assert len(lines) == len(advance.legs)
        assert {replace(line, bank_ref="") for line in lines} == {
            StatementLine(LineKind.TRANSFER, leg.movement_id, leg.amount_fen, leg.payer, leg.payee)
            for leg in advance.legs
        }
        stage.do(Release(stage.number(), hold.request_no, 100))
        assert stage.holds(guarantor) == BankBalance(200, 0)

    def test_an_advance_beyond_the_guarantors_money_moves_nothing(
        self, bench: Bench, stage: Stage
    ) -> None:
        ann, bea = stage.member(fen=1_000), stage.member(fen=1_000)
        guarantor = stage.member("guarantor", fen=250)
        stage.owes([ann, bea], 1_000)
        stage.is_refused(stage.hold(guarantor, Purpose.GUARANTEE_HOLD, 251))
        hold = stage.hold(guarantor, Purpose.GUARANTEE_HOLD, 200)
        stage.do(hold)
        stage.is_refused(stage.advance(hold, stage.borrower, {ann: 201, bea: 202}))
        assert stage.holds(guarantor) == BankBalance(50, 200)
        assert stage.holds(stage.borrower) == BankBalance(0, 1_998)
        assert stage.holds(ann) == stage.holds(bea) == BankBalance(0, 0)

    def test_an_advance_for_which_the_hold_is_too_small_never_stops_at_the_borrower(
        self, bench: Bench, stage: Stage
    ) -> None:
        """None of it is done, or, where the bank works line by line, one investor's part whole."""
        ann, bea = stage.member(fen=1_000), stage.member(fen=1_000)
        guarantor = stage.member("guarantor", fen=500)
        stage.owes([ann, bea], 1_000)
        hold = stage.hold(guarantor, Purpose.GUARANTEE_HOLD, 200)
        stage.do(hold)
        advance = stage.advance(hold, stage.borrower, {ann: 150, bea: 51})
        bench.custodian.send(advance)
        expected = BankOutcome.REFUSED if bench.executes_whole else BankOutcome.PARTIAL
        assert bench.settled(advance).outcome is expected
        done_fen = 0 if bench.executes_whole else 150
        assert stage.holds(ann) == BankBalance(done_fen, 0)
        assert stage.holds(bea) == BankBalance(0, 0)
        assert stage.holds(stage.borrower) == BankBalance(0, 1_998)
        assert stage.holds(guarantor) == BankBalance(300, 200 - done_fen)

    def test_an_advance_is_its_own_guarantors_to_its_own_borrower(
        self, bench: Bench, stage: Stage
    ) -> None:
        investor, guarantor = stage.member(fen=1_000), stage.member("guarantor", fen=500)
        stage.owes([investor], 1_000)
        hold = stage.hold(guarantor, Purpose.GUARANTEE_HOLD, 500)
        stage.do(hold)
        other_borrower, other_guarantor = stage.member("borrower"), stage.member("guarantor")
        stage.is_refused(stage.advance(hold, other_borrower, {investor: 300}))
        stage.is_refused(
            stage.advance(replace(hold, account=other_guarantor), stage.borrower, {investor: 300})
        )
        rich = stage.member(fen=500)
        stage.is_refused(stage.hold(rich, Purpose.GUARANTEE_HOLD, 300))
        never_opened = stage.hold(f"{stage.mark}-x:guarantor", Purpose.GUARANTEE_HOLD, 300)
        assert bench.custodian.send(never_opened).outcome is not BankOutcome.SUCCEEDED
        assert bench.custodian.query(never_opened).outcome is not BankOutcome.SUCCEEDED
        assert stage.holds(guarantor) == BankBalance(0, 500)
        assert stage.holds(rich) == BankBalance(500, 0)
        assert stage.holds(investor) == stage.holds(other_borrower) == BankBalance(0, 0)

    def test_a_borrower_pays_his_guarantor_back(self, bench: Bench, stage: Stage) -> None:
        investor, guarantor = stage.member(fen=1_000), stage.member("guarantor", fen=500)
        stage.owes([investor], 1_000)
        stage.do(Recharge(stage.number(), stage.borrower, 700))
        hold = stage.hold(stage.borrower, Purpose.REPAYMENT_HOLD, 700)
        stage.do(hold)
        repayment = stage.repayment(hold, investor, 150, 50)
        recovery = replace(
            repayment.legs[0],
            movement_id=stage.number(),
            purpose=Purpose.GUARANTEE_RECOVERY,
            payee=guarantor,
            amount_fen=250,
        )
        stage.do(replace(repayment, legs=(*repayment.legs, recovery)))
        rest = replace(recovery, movement_id=stage.number(), amount_fen=300)
        alone = Execute(stage.number(), Purpose.GUARANTEE_RECOVERY, stage.project_no, (rest,))
        stage.do(alone)
        assert stage.holds(guarantor) == BankBalance(1_050, 0)
        assert stage.holds(investor) == BankBalance(150, 0)
        assert stage.holds(stage.borrower) == BankBalance(0, 998)

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
            replace(line, bank_ref="")
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

    def test_it_is_safe_to_call_from_several_threads(self, bench: Bench, stage: Stage) -> None:
        stage.open_project()
        investor = stage.member(fen=1_000)
        tenders = [stage.tender(investor, 10) for _ in range(48)]
        with ThreadPoolExecutor(8) as threads:
            outcomes = {answer.outcome for answer in threads.map(bench.custodian.send, tenders)}
        assert outcomes == {BankOutcome.SUCCEEDED}
        assert stage.holds(investor) == BankBalance(520, 480)
