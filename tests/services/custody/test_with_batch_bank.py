"""A bank that works in batches, which may succeed in part: both sides hold the same in the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import commands as c
from domain.accounts import Role
from infra.postgres import EmbeddedPostgres, connect
from infra.settings import BankFamily
from services.custody.requests import Kind
from tests.services.custody.town import Town, join, lend, open_books, opened_town


@pytest.fixture
def options() -> list[str]:
    return []


@pytest.fixture
def town(
    postgres: EmbeddedPostgres, database: str, tmp_path: Path, options: list[str]
) -> Iterator[Town]:
    with opened_town(postgres, database, tmp_path, BankFamily.BATCH, options) as town:
        yield town


@pytest.fixture
def lent(town: Town) -> Town:
    """With people in it who have money, before anything is lent."""
    open_books(town)
    join(town, "ann", Role.INVESTOR, "1111", 60_000)
    join(town, "bea", Role.INVESTOR, "2222", 60_000)
    join(town, "bob", Role.BORROWER, "3333", 5_000)
    return town


AFTER_LENDING = {
    "ann:investor": (10_000, 0),
    "bea:investor": (10_000, 0),
    "bob:borrower": (103_000, 0),
    "platform:income": (1_000, 0),
    "platform:reserve": (1_000, 0),
}


def test_a_loan_lent_and_repaid_while_the_bank_fails_now_and_then(lent: Town) -> None:
    lent.bank.control("fault", service="bidAutoApply", requestNo="T-t1.1", kind="http_500", times=1)
    lent.bank.control(
        "fault", service="batchLendPay", requestNo="D-L1-1", kind="bad_signature", times=1
    )
    lend(lent)
    assert lent.states("T-t1.1") == ["planned", "sent", "unknown", "sent", "settled"]
    assert lent.states("D-L1-1")[:3] == ["planned", "sent", "unknown"]
    assert lent.states("D-L1-1").count("sent") == 1
    assert lent.book() == AFTER_LENDING
    lent.check_bank()
    lent.do(c.RepayLoan, payment_id="p1", loan_id="L1", amount_fen=102_000, in_full=True)
    lent.settle()
    assert lent.states("L-L1.finished")[-1] == "settled"
    assert lent.book()["bob:borrower"][1] == 0
    lent.check_bank()
    assert not lent.troubles()


def test_a_disbursement_in_part_is_held_until_its_last_line_is_done(lent: Town) -> None:
    lent.bank.control("fault", service="ASYNC_TRADE", requestNo="D-L1-1.1", kind="refuse", times=1)
    lend(lent)
    assert lent.states("D-L1-1").count("sent") == 2
    assert lent.states("D-L1-1")[-1] == "settled"
    assert lent.troubles() == {("D-L1-1", "partly_done")}
    assert lent.book() == AFTER_LENDING
    lent.check_bank()


def test_a_repayment_in_part_is_held_until_its_last_line_is_done(lent: Town) -> None:
    lend(lent)
    for order in ("R-p1.2", "R-p1.2~2"):
        lent.bank.control("fault", service="ASYNC_TRADE", requestNo=order, kind="refuse", times=1)
    lent.do(c.RepayLoan, payment_id="p1", loan_id="L1", amount_fen=102_000, in_full=True)
    lent.settle()
    assert lent.states("R-p1").count("sent") == 3
    assert lent.states("R-p1")[-1] == "settled"
    assert lent.book()["bob:borrower"][1] == 0
    lent.check_bank()


def test_a_batch_of_which_no_line_was_done_is_a_rejection(lent: Town) -> None:
    for number in (1, 2):
        order = f"D-L1-1.{number}"
        lent.bank.control("fault", service="ASYNC_TRADE", requestNo=order, kind="refuse", times=1)
    lend(lent)
    assert lent.states("D-L1-1")[-1] == "refused"
    assert lent.book()["ann:investor"] == (10_000, 50_000)
    lent.check_bank()


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
    town.settle_once_told_of("withdrawReturn")
    assert town.book()["ann:investor"] == (60_000, 0)
    town.check_bank()


@pytest.mark.parametrize("options", [["--calls-per-s", "8"]])
def test_a_bank_that_wants_fewer_calls_hears_everything_in_time(lent: Town) -> None:
    lend(lent)
    assert lent.states("D-L1-1")[-1] == "settled"
    with connect(lent.url) as connection:
        held_back = connection.execute(
            "SELECT count(*) FROM custody_p2p.request_step WHERE code = 'JX900032'"
        ).fetchone()
    assert held_back is not None
    assert held_back[0] > 0
    assert lent.book() == AFTER_LENDING


@pytest.mark.parametrize("options", [["--maintenance", "12:30-13:00"]])
def test_what_is_asked_for_during_maintenance_is_done_after_it(lent: Town) -> None:
    """Turned away by JX900090 it is not done, nor unknown: it goes back, with all that would follow
    it, and nothing of it is sent twice."""
    lent.be_at("2018-01-05T12:30:00+08:00")
    for number in (1, 2):
        lent.do(
            c.RequestRecharge,
            recharge_id=f"late{number}",
            member_id="ann",
            role=Role.INVESTOR,
            amount_fen=1_000,
        )
    for _ in range(5):
        lent.custody.step()
    assert lent.states("C-late1.1")[:3] == ["planned", "sent", "planned"]
    with connect(lent.url) as connection:
        codes = connection.execute(
            "SELECT DISTINCT code FROM custody_p2p.request_step"
            " WHERE request_no LIKE 'C-late%' AND code <> ''"
        ).fetchall()
    assert ("JX900090",) in codes
    assert lent.book()["ann:investor"] == (60_000, 0)

    lent.be_at("2018-01-05T13:00:00+08:00")
    lent.settle()
    for number in (1, 2):
        assert lent.states(f"C-late{number}.1")[-1] == "settled"
        assert "unknown" not in lent.states(f"C-late{number}.1")
    assert lent.book()["ann:investor"] == (62_000, 0)
    lent.check_bank()
    assert not lent.troubles()
