"""The real writer, the real stand-in bank, and custody between them: both sides hold the same."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
import urllib3

from domain import commands as c
from domain.accounts import Role
from domain.authorisation import Kind as Authorised
from domain.refusals import Code
from infra.clock import SHANGHAI
from infra.postgres import EmbeddedPostgres
from infra.settings import BankFamily
from services.custody.gate import SILENT_MAX
from services.custody.requests import Kind
from tests.services.custody.town import DAY, Town, join, lend, open_books, opened_town, publish
from tests.services.sandbox_bank.bank_process import NOON
from tests.services.sandbox_bank.browser import Browser


@pytest.fixture
def town(postgres: EmbeddedPostgres, database: str, tmp_path: Path) -> Iterator[Town]:
    with opened_town(postgres, database, tmp_path, BankFamily.SERVICE) as town:
        yield town


def work_off(town: Town) -> None:
    """What there is to do now; the clock stands, so that nothing is asked after."""
    while town.custody.step():
        pass


def test_a_loan_lent_and_repaid_while_the_bank_fails_now_and_then(town: Town) -> None:
    open_books(town)
    join(town, "ann", Role.INVESTOR, "1111", 60_000)
    join(town, "bea", Role.INVESTOR, "2222", 60_000)
    join(town, "bob", Role.BORROWER, "3333", 5_000)
    town.bank.control(
        "fault", service="USER_AUTO_PRE_TRANSACTION", requestNo="T-t1.1", kind="http_500", times=1
    )
    town.bank.control(
        "fault", service="SYNC_TRANSACTION", requestNo="D-L1-1", kind="bad_signature", times=1
    )
    lend(town)
    assert town.states("T-t1.1") == ["planned", "sent", "unknown", "sent", "settled"]
    assert town.states("D-L1-1") == ["planned", "sent", "unknown", "settled"]
    assert town.book() == {
        "ann:investor": (10_000, 0),
        "bea:investor": (10_000, 0),
        "bob:borrower": (103_000, 0),
        "platform:income": (1_000, 0),
        "platform:reserve": (1_000, 0),
    }
    town.check_bank()
    town.do(c.RepayLoan, payment_id="p1", loan_id="L1", amount_fen=102_000, in_full=True)
    town.settle()
    assert town.states("L-L1.finished")[-1] == "settled"
    assert town.book()["bob:borrower"][1] == 0
    town.check_bank()


def test_money_withdrawn_leaves_with_the_banks_day_and_may_come_back(town: Town) -> None:
    open_books(town)
    join(town, "ann", Role.INVESTOR, "0003", 60_000)  # Money sent to this card comes back.
    town.do(
        c.RequestWithdrawal,
        withdrawal_id="w1",
        member_id="ann",
        role=Role.INVESTOR,
        binding_id="card-ann",
        amount_fen=20_000,
    )
    town.settle(Kind.WITHDRAW)
    assert town.book()["ann:investor"] == (40_000, 20_000)
    town.check_bank()
    town.next_day()
    town.settle()
    assert town.book()["ann:investor"] == (40_000, 0)
    town.check_bank()
    town.next_day()
    town.settle_once_told_of("BACKROLL_RECHARGE")
    assert town.book()["ann:investor"] == (60_000, 0)
    town.check_bank()


@pytest.mark.parametrize("notified", [False, True], ids=["alone", "after the notice"])
def test_a_callback_by_the_members_browser_is_taken_as_a_notice_is(
    town: Town, notified: bool
) -> None:
    open_books(town)
    join(town, "ann", Role.INVESTOR, "1111", 0)
    if not notified:
        town.bank.control("fault", kind="notice_missing", requestNo="C-r1.1")
    town.do(
        c.RequestRecharge,
        recharge_id="r1",
        member_id="ann",
        role=Role.INVESTOR,
        amount_fen=60_000,
    )
    work_off(town)
    if notified:
        while town.posts.get(timeout=60) != "RECHARGE":
            pass
        work_off(town)
    assert town.states("C-r1.1") == ["planned", "sent", "pending", *(["settled"] * notified)]
    page = Browser(town.bank).go("RECHARGE", requestNo="C-r1.1", redirectUrl=town.bank.notify_url)
    assert page.inputs["responseType"] == "CALLBACK"
    for _ in range(2):
        answer = urllib3.request("POST", page.action, body=urlencode(page.inputs))
        assert (answer.status, answer.data) == (200, b"SUCCESS")
    work_off(town)
    assert town.states("C-r1.1") == ["planned", "sent", "pending", "settled"]
    assert town.book()["ann:investor"] == (60_000, 0)
    assert town.troubles() == set()
    town.check_bank()


def test_a_clock_that_is_off_turns_nothing_into_a_refusal(town: Town) -> None:
    open_books(town)
    join(town, "ann", Role.INVESTOR, "1111", 60_000)
    join(town, "bob", Role.BORROWER, "3333", 0)
    publish(town)
    town.clock.advance(timedelta(minutes=11))
    offer = {"loan_id": "L1", "investor_id": "ann", "amount_fen": 50_000}
    town.do(c.PlaceTender, tender_id="t1", **offer)
    work_off(town)
    assert town.states("T-t1.1") == ["planned", "sent", "unknown"]
    assert town.book()["ann:investor"] == (10_000, 50_000)
    town.bank.control("clock", now=town.clock.now().astimezone(SHANGHAI).isoformat())
    town.settle()
    assert town.states("T-t1.1") == ["planned", "sent", "unknown", "sent", "settled"]
    town.check_bank()


def test_bank_and_book_both_keep_to_what_was_authorised(
    postgres: EmbeddedPostgres, database: str, tmp_path: Path
) -> None:
    demanding = ["--authorisations", "required"]
    with opened_town(postgres, database, tmp_path, BankFamily.SERVICE, demanding) as town:
        open_books(town)
        join(town, "ann", Role.INVESTOR, "1111", 60_000)
        join(town, "bob", Role.BORROWER, "3333", 0)
        publish(town)
        offer = {"loan_id": "L1", "investor_id": "ann"}
        town.do(c.PlaceTender, tender_id="t1", amount_fen=50_000, **offer)
        town.settle()  # The book presumes an authorisation, and the bank does not.
        assert town.states("T-t1.1")[-1] == "refused"
        authorised = {"kind": Authorised.TENDER, "ends_on": DAY, "limit_fen": 50_000}
        town.do(c.RequestAuthorisation, member_id="ann", **authorised)
        town.settle()
        assert town.states("G-ann-1")[-1] == "settled"
        above = town.ask(c.PlaceTender, tender_id="t2", amount_fen=50_001, **offer)
        assert above.code == Code.AUTHORISATION_EXCEEDED
        town.do(c.PlaceTender, tender_id="t2", amount_fen=50_000, **offer)
        town.settle()
        assert town.states("T-t2.1")[-1] == "settled"
        town.check_bank()


def test_what_a_member_ends_at_the_bank_himself_is_ended_in_the_book(town: Town) -> None:
    """Told by both kinds of callback, the later act first."""
    open_books(town)
    join(town, "ann", Role.INVESTOR, "1111", 60_000)
    join(town, "bob", Role.BORROWER, "3333", 0)
    publish(town)
    at_bank = {"platformUserNo": "ann_INVESTOR", "authList": "TENDER"}
    terms = {"failTime": "20181231", "amount": "500.00"}
    town.bank.control("authorise", **at_bank, **terms)
    town.settle_once_told_of("USER_AUTHORIZATION")
    offer = {"loan_id": "L1", "investor_id": "ann"}
    assert town.ask(c.PlaceTender, tender_id="t1", amount_fen=50_001, **offer).code == (
        Code.AUTHORISATION_EXCEEDED
    )
    town.bank.control("authorise", **at_bank)
    town.settle_once_told_of("CANCEL_USER_AUTHORIZATION")
    for form in reversed(town.forms):
        town.custody.receive({**form, "responseType": "CALLBACK"})
    town.settle()
    assert town.ask(c.PlaceTender, tender_id="t1", amount_fen=1, **offer).code == (
        Code.AUTHORISATION_MISSING
    )
    assert town.troubles() == set()


def test_a_bank_that_is_away_gets_the_rest_when_it_is_back(town: Town) -> None:
    open_books(town)
    town.settle()
    town.bank.stop(signal.SIGKILL)
    members = [f"m{number:02}" for number in range(30)]
    for number, member_id in enumerate(members):
        town.do(
            c.RegisterMember,
            member_id=member_id,
            kind="person",
            roles=(Role.INVESTOR,),
            name="某人",
            id_no=f"11010119900101{number:04}",
            phone="13800000000",
        )
    while town.custody.step():
        pass
    before = {each: town.states(f"A-{each}-investor") for each in members}
    unknown = {each for each, states in before.items() if states[-1] == "unknown"}
    assert SILENT_MAX <= len(unknown) < len(members)
    assert {before[each][-1] for each in before.keys() - unknown} == {"planned"}
    town.bank.start()
    town.bank.control("clock", now=NOON)
    for _ in range(20):
        town.clock.advance(timedelta(seconds=2))
        while town.custody.step():
            pass
    town.settle()
    for each in members:
        assert town.states(f"A-{each}-investor") == [*before[each], "sent", "pending", "settled"]
    assert town.custodian.balances([f"{each}:investor" for each in members]).keys() == {
        f"{each}:investor" for each in members
    }
