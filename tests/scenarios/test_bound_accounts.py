"""Bound accounts through the writer: changed, suspended, and within the limits of a day."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

from adapters.shard_schema import shard_schema
from adapters.vault import Vault
from domain import commands as c
from domain.accounts import Role
from domain.card_guard import CardSuspended
from domain.cashbook import EntryRequested
from domain.purposes import Purpose
from domain.refusals import Code
from domain.visit import VisitRequested
from infra.clock import SHANGHAI
from tests.exemplars import CARD, PHONE, TODAY
from tests.house import SEAL, House

NewHouse = Callable[..., House]
NEXT: dict[str, Any] = {
    "member_id": "lucy",
    "role": Role.INVESTOR,
    "card_no": CARD,
    "bank_code": "ICBC",
    "phone": PHONE,
}
FIRST = {"member_id": "lucy", "binding_id": "b1"}


def opened(new_house: NewHouse, **rules: Any) -> House:
    house = new_house()
    house.open()
    house.do(c.SetMemberRules, **rules)
    house.member("lucy", Role.INVESTOR, 10_000)
    house.bind("lucy", Role.INVESTOR, "b1")
    return house


def withdrawal(withdrawal_id: str, fen: int, binding_id: str = "b1") -> dict[str, Any]:
    about = {"withdrawal_id": withdrawal_id, "binding_id": binding_id, "amount_fen": fen}
    return {"member_id": "lucy", "role": Role.INVESTOR, **about}


def factor(house: House, reference: str, minutes_ago: int) -> dict[str, Any]:
    passed_at = (house.clock.now() - timedelta(minutes=minutes_ago)).astimezone(SHANGHAI)
    return {"second_factor": {"method": "sms", "reference": reference, "passed_at": passed_at}}


def came_back(
    house: House, record: str, origin: str | None = "W-w1.1", account: str = "lucy:investor"
) -> None:
    house.do(
        c.RecordBankMovement,
        bank_record=record,
        purpose=Purpose.RETURNED_WITHDRAWAL,
        account=account,
        amount_fen=100,
        bank_date=house.today,
        origin=origin,
    )


def test_a_card_is_changed_by_a_second_factor_and_after_a_cool_off(new_house: NewHouse) -> None:
    house = opened(new_house, second_factor_minutes=10)
    assert house.refused(c.UnbindBankAccount, **FIRST) == Code.SECOND_FACTOR_REQUIRED
    late = factor(house, "f1", minutes_ago=11)
    assert house.refused(c.UnbindBankAccount, **FIRST, **late) == Code.SECOND_FACTOR_EXPIRED
    house.do(c.UnbindBankAccount, **FIRST, **factor(house, "f1", minutes_ago=10))
    house.do(c.ConfirmUnbinding, **FIRST)
    again = {**NEXT, "binding_id": "b2"}
    assert house.refused(c.BindBankAccount, **again) == Code.SECOND_FACTOR_REQUIRED
    used = factor(house, "f1", minutes_ago=0)
    assert house.refused(c.BindBankAccount, **again, **used) == Code.SECOND_FACTOR_USED
    house.do(c.BindBankAccount, **again, **factor(house, "f2", minutes_ago=0))
    house.do(c.ConfirmBinding, member_id="lucy", binding_id="b2")
    early = withdrawal("w1", 1, "b2")
    assert house.refused(c.RequestWithdrawal, **early) == Code.BANK_ACCOUNT_COOLING_OFF
    house.roll_to(TODAY + timedelta(days=3))
    house.do(c.RequestWithdrawal, **early)


def test_a_card_to_which_a_payment_fails_is_suspended_until_it_is_confirmed(
    new_house: NewHouse,
) -> None:
    house = opened(new_house, failed_cards_suspended=True)
    house.do(c.RequestWithdrawal, **withdrawal("w1", 100))
    house.reject("W-w1")
    refused = house.refused(c.RequestWithdrawal, **withdrawal("w2", 100))
    assert refused == Code.BANK_ACCOUNT_SUSPENDED
    house.do(c.ReinstateBankAccount, **FIRST)
    house.do(c.RequestWithdrawal, **withdrawal("w2", 100))
    unbound = {"member_id": "lucy", "binding_id": "b9"}
    assert house.refused(c.ReinstateBankAccount, **unbound) == Code.BANK_ACCOUNT_NOT_OWN


def test_or_until_another_one_is_bound(new_house: NewHouse) -> None:
    house = opened(new_house, failed_cards_suspended=True)
    house.do(c.RequestWithdrawal, **withdrawal("w1", 100))
    house.settle("W-w1")
    came_back(house, "k1")
    refused = house.refused(c.RequestWithdrawal, **withdrawal("w2", 100))
    assert refused == Code.BANK_ACCOUNT_SUSPENDED
    house.do(c.UnbindBankAccount, **FIRST)
    house.do(c.ConfirmUnbinding, **FIRST)
    house.bind("lucy", Role.INVESTOR, "b2")
    house.roll_to(TODAY + timedelta(days=3))
    house.do(c.RequestWithdrawal, **withdrawal("w2", 100, "b2"))
    came_back(house, "k2")  # Of the first card once more, which is unbound by now.
    house.do(c.RequestWithdrawal, **withdrawal("w3", 100, "b2"))


def test_a_card_that_is_unbound_by_then_needs_no_more(new_house: NewHouse) -> None:
    house = opened(new_house, failed_cards_suspended=True)
    house.do(c.RequestWithdrawal, **withdrawal("w1", 100))
    house.do(c.UnbindBankAccount, **FIRST)
    house.reject("W-w1")
    assert house.of(CardSuspended) == []


def test_what_comes_back_of_no_withdrawal_suspends_nothing(new_house: NewHouse) -> None:
    house = opened(new_house, failed_cards_suspended=True)
    house.do(c.RequestWithdrawal, **withdrawal("w1", 100))
    (recharge,) = (each.entry_id for each in house.of(EntryRequested) if each.entry_id[0] == "C")
    for number, origin in enumerate((None, "W-w1", "W-ghost.1", f"{recharge}.1", ".", "x")):
        came_back(house, f"k{number}", origin)
    came_back(house, "another", account="max:investor")
    assert house.of(CardSuspended) == []


def test_what_we_stop_is_no_fault_of_the_card(new_house: NewHouse) -> None:
    house = opened(new_house, failed_cards_suspended=True)
    house.do(c.RequestWithdrawal, **withdrawal("w1", 100))
    house.do(c.StopWithdrawal, withdrawal_id="w1")
    house.reject("W-w1")
    house.do(c.RequestWithdrawal, **withdrawal("w2", 100))


def test_a_suspended_card_is_not_paid_though_the_bank_holds_the_money(new_house: NewHouse) -> None:
    house = opened(new_house, failed_cards_suspended=True)
    for number in (1, 2):
        house.do(c.RequestWithdrawal, **withdrawal(f"w{number}", 100))
    house.reject("W-w1")
    house.do(c.DecideWithdrawal, entry_id="W-w2")
    assert house.recorded()[-1].topic == "cash.withdrawal-stop-requested.v1"


def test_withdrawals_keep_to_the_limits_of_one_and_of_a_day(new_house: NewHouse) -> None:
    limits = {"withdrawal_single_max_fen": 600, "withdrawal_daily_max_fen": 1_000}
    house = opened(new_house, **limits)
    above = house.refused(c.RequestWithdrawal, **withdrawal("w1", 601))
    assert above == Code.WITHDRAWAL_ABOVE_SINGLE
    house.do(c.RequestWithdrawal, **withdrawal("w1", 600))
    too_much = withdrawal("w2", 401)
    assert house.refused(c.RequestWithdrawal, **too_much) == Code.WITHDRAWAL_ABOVE_DAILY
    house.reject("W-w1")
    house.do(c.RequestWithdrawal, **too_much)
    house.writer.close()
    house.writer = house.new_writer()  # It knows only what is stored.
    more = withdrawal("w3", 600)
    assert house.refused(c.RequestWithdrawal, **more) == Code.WITHDRAWAL_ABOVE_DAILY
    house.roll_to(TODAY + timedelta(days=1))
    house.do(c.RequestWithdrawal, **more)
    house.do(c.SetMemberRules)
    house.do(c.RequestWithdrawal, **withdrawal("w4", 5_000))


def test_a_phone_is_changed_by_a_second_factor_once_the_bank_says_so(new_house: NewHouse) -> None:
    house = opened(new_house, second_factor_minutes=10)
    asked = {"member_id": "lucy", "role": Role.INVESTOR, "phone": "13900139000"}
    assert house.refused(c.ChangePhone, **asked) == Code.SECOND_FACTOR_REQUIRED
    house.do(c.ChangePhone, **asked, **factor(house, "f1", minutes_ago=0))
    used = factor(house, "f1", minutes_ago=0)
    assert house.refused(c.ChangePhone, **asked, **used) == Code.SECOND_FACTOR_USED
    (visit,) = house.of(VisitRequested)
    assert visit.phone_ref is not None
    assert asked["phone"] not in repr(house.recorded())
    with closing(Vault(house.url, shard_schema(house.platform), SEAL)) as vault:
        assert vault.open(visit.phone_ref) == {"phone": asked["phone"]}
    house.do(c.ConfirmVisit, member_id="lucy", number=1)
    house.do(c.ResetPassword, member_id="lucy", role=Role.INVESTOR)
    house.do(c.RefuseVisit, member_id="lucy", number=2, bank_code="E1")
    assert house.refused(c.ConfirmVisit, member_id="lucy", number=2) == Code.VISIT_NOT_OPEN
    asks = {"member_id": "lucy", "role": Role.BORROWER}
    assert house.refused(c.CheckPassword, **asks) == Code.ROLE_MISSING
