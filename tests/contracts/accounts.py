"""Accounts and cards, money that arrives, and what a member does at the bank's page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.accounts import RESERVE_ACCOUNT
from domain.bank_requests import (
    ChangePhone,
    CheckPassword,
    FreezeFunds,
    Recharge,
    ResetPassword,
    UnbindCard,
    UnfreezeFunds,
)
from domain.bank_statement import BankBalance
from domain.ports import BankOutcome, CustodianUntrusted
from tests.contracts.bench import Bench
from tests.contracts.stage import Stage


class AccountsContract:
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
