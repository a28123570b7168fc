"""A loan from the first tender to the last fen, and what the bank may answer on the way."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain import commands as c
from domain import investment, member
from domain import loan_events as e
from domain.accounts import Role
from domain.cashbook import BankMovementRecorded, EntryRequested
from domain.law import LAW_TABLES
from domain.loan import Status
from domain.purposes import Purpose
from domain.schedule import Method
from infra.postgres import connect
from services.projections.projector import Projector
from services.proof.verify import verify
from tests.exemplars import TODAY, only
from tests.house import House

INVESTOR, BORROWER = Role.INVESTOR, Role.BORROWER
FIRST_DUE = date(2018, 2, 28)


@pytest.fixture
def town(house: House) -> House:
    house.open()
    house.member("bob", BORROWER)
    house.member("lucy", INVESTOR, 6_000_00)
    house.member("max", INVESTOR, 4_000_00)
    return house


@pytest.fixture
def lent(town: House) -> House:
    town.lend("L1", "bob", {"lucy": 6_000_00, "max": 4_000_00})
    return town


def statuses(house: House) -> dict[str, str]:
    """Each tender's status."""
    return {
        stream.removeprefix("investment-"): state.status.value
        for stream, state in house.states().items()
        if stream.startswith("investment-")
    }


# -- funding ------------------------------------------------------------------------------


def test_the_money_goes_straight_from_investors_to_the_borrower(lent: House) -> None:
    assert lent.balances() == {
        "lucy:investor": (0, 0),
        "max:investor": (0, 0),
        "bob:borrower": (9_700_00, 0),
        "platform:income": (200_00, 0),
        "platform:reserve": (100_00, 0),
    }
    entry = next(x for x in lent.of(EntryRequested) if x.entry_id == "D-L1-1")
    assert [(m.id, m.payer, m.payee, m.amount_fen, m.freeze) for m in entry.movements] == [
        ("D-L1-1.1", "lucy:investor", "bob:borrower", 6_000_00, "T-L1-lucy.1"),
        ("D-L1-1.2", "max:investor", "bob:borrower", 4_000_00, "T-L1-max.1"),
        ("D-L1-1.3", "bob:borrower", "platform:income", 200_00, None),
        ("D-L1-1.4", "bob:borrower", "platform:reserve", 100_00, None),
    ]
    assert lent.query("SELECT outstanding_principal_fen FROM {}.shard") == [(10_000_00,)]


def test_nothing_is_the_borrowers_before_the_bank_says_so(town: House) -> None:
    town.published("L1", "bob", 6_000_00)
    town.tender("t1", "L1", "lucy", 6_000_00)
    assert town.balances()["lucy:investor"] == (0, 6_000_00)
    assert town.loan("L1").status is Status.PUBLISHED
    town.settle("T-t1")
    assert town.loan("L1").status is Status.FILLED
    town.do(c.ConcludeLoan, loan_id="L1", contract_hash="0" * 64)
    town.do(c.DisburseLoan, loan_id="L1")
    assert "bob:borrower" not in town.balances()
    town.reject("D-L1-1")
    assert town.balances()["lucy:investor"] == (0, 6_000_00)
    town.do(c.DisburseLoan, loan_id="L1")
    town.settle("D-L1-2")
    assert town.available("bob:borrower") == 5_820_00


def test_a_frozen_tender_cannot_be_spent_again(town: House) -> None:
    """A hold ignored in a balance check: named, because others had it."""
    town.published("L1", "bob", 9_000_00)
    town.bind("lucy", INVESTOR, "b1")
    town.tender("t1", "L1", "lucy", 5_000_00)
    for _ in range(2):  # While the bank has not answered, and after.
        again = {"tender_id": "t2", "loan_id": "L1", "investor_id": "lucy"}
        assert town.refused(c.PlaceTender, amount_fen=1_000_01, **again) == "insufficient_balance"
        if "T-t1" in town.at_bank():
            town.settle("T-t1")
    out: dict[str, Any] = {"member_id": "lucy", "role": INVESTOR, "binding_id": "b1"}
    assert (
        town.refused(c.RequestWithdrawal, withdrawal_id="w", amount_fen=1_000_01, **out)
        == "insufficient_balance"
    )


def test_a_tender_that_the_bank_refused_gives_its_place_to_another(town: House) -> None:
    town.published("L1", "bob", 6_000_00)
    town.tender("t1", "L1", "lucy", 6_000_00)
    town.reject("T-t1")
    assert town.balances()["lucy:investor"] == (6_000_00, 0)
    town.tender("t2", "L1", "max", 4_000_00)
    town.tender("t3", "L1", "lucy", 2_000_00)
    town.settle_all()
    assert town.loan("L1").status is Status.FILLED
    assert statuses(town) == {"t1": "refused", "t2": "frozen", "t3": "frozen"}
    assert town.refused(
        c.PlaceTender, tender_id="t1", loan_id="L1", investor_id="lucy", amount_fen=1
    ) in {"loan_not_open", "id_taken"}


def test_a_miscarried_loan_gives_everything_back_also_what_is_still_on_its_way(
    town: House,
) -> None:
    town.published("L1", "bob", 9_999_99)
    town.tender("t1", "L1", "lucy", 6_000_00)
    town.settle("T-t1")
    town.tender("t2", "L1", "max", 1_000_00)
    town.tender("t3", "L1", "max", 500_00)
    town.roll_to(TODAY + timedelta(days=8))
    town.do(c.MiscarryLoan, loan_id="L1")
    assert town.at_bank() == ["T-t2", "T-t3", "X-t1"]
    town.settle("X-t1")
    town.settle("T-t2")  # A late success is undone by a new movement.
    town.reject("T-t3")
    town.settle("X-t2")
    assert town.balances()["lucy:investor"] == (6_000_00, 0)
    assert town.balances()["max:investor"] == (4_000_00, 0)
    assert statuses(town) == {"t1": "released", "t2": "released", "t3": "refused"}
    assert town.state("member-bob").debts_fen == {}


def test_a_project_that_the_bank_refused_frees_the_borrowers_limit(town: House) -> None:
    town.rated("L1", "bob", 1_00)
    town.do(c.PublishLoan, loan_id="L1", deadline=TODAY)
    assert town.state("member-bob").debts_fen == {"L1": 1_00}
    town.do(c.RefuseProject, loan_id="L1", bank_code="E1")
    assert town.state("member-bob").debts_fen == {}
    town.do(c.PublishLoan, loan_id="L1", deadline=TODAY)


def test_the_legal_limit_counts_all_open_loans(house: House) -> None:
    house.open(law_table="cn-p2p")
    house.member("bob", BORROWER)
    limit_fen = LAW_TABLES["cn-p2p"].on(TODAY).person_on_platform_fen
    assert limit_fen == 200_000_00
    house.published("L1", "bob", 150_000_00)
    house.rated("L2", "bob", 50_000_01)
    deadline = {"deadline": TODAY}
    assert house.refused(c.PublishLoan, loan_id="L2", **deadline) == "legal_limit_exceeded"
    house.rated("L3", "bob", 50_000_00)
    house.do(c.PublishLoan, loan_id="L3", **deadline)


def test_what_is_paid_back_is_not_owed_any_more(house: House) -> None:
    """借款余额: of the loans that are paid out their open principal counts, of the others all."""
    house.open(law_table="cn-p2p", policy={"fee_by_grade": {}, "contribution_by_grade": {}})
    house.member("bob", BORROWER, 100_000_00)
    house.member("lucy", INVESTOR, 150_000_00)
    house.lend("L1", "bob", {"lucy": 150_000_00}, periods=3, method=Method.EQUAL_PRINCIPAL)
    house.roll_to(FIRST_DUE)
    house.repay("p1", "L1", 50_000_00 + 1_500_00)
    house.rated("L2", "bob", 100_000_01)
    deadline = {"deadline": house.today}
    assert house.refused(c.PublishLoan, loan_id="L2", **deadline) == "legal_limit_exceeded"
    house.settle_all()
    assert house.refused(c.PublishLoan, loan_id="L2", **deadline) == "legal_limit_exceeded"
    house.rated("L3", "bob", 100_000_00)
    house.do(c.PublishLoan, loan_id="L3", **deadline)
    house.rated("L4", "bob", 1)
    assert house.refused(c.PublishLoan, loan_id="L4", **deadline) == "legal_limit_exceeded"


# -- repaying -----------------------------------------------------------------------------


def test_an_instalment_on_its_day(lent: House) -> None:
    lent.roll_to(FIRST_DUE)
    lent.repay("p1", "L1", 888_49)
    lent.settle_all()
    assert lent.available("lucy:investor") == 473_09 + 60_00
    assert lent.available("max:investor") == 315_40 + 40_00
    assert lent.loan("L1").billed == {}
    assert lent.query("SELECT outstanding_principal_fen FROM {}.shard") == [(9_211_51,)]


def test_what_is_too_much_comes_back_to_the_borrower(lent: House) -> None:
    lent.roll_to(FIRST_DUE)
    lent.repay("p1", "L1", 1_000_00)
    assert lent.at_bank() == ["R-p1", "Y-p1"]
    lent.settle("Y-p1", "R-p1")
    assert lent.balances()["bob:borrower"] == (9_700_00 - 888_49, 0)


def test_a_payoff_that_the_bank_refused_leaves_the_schedule_as_it_was(lent: House) -> None:
    lent.recharge("bob", BORROWER, 1_000_00)
    before = lent.loan("L1")
    lent.do(c.RepayLoan, payment_id="p1", loan_id="L1", amount_fen=10_200_00, in_full=True)
    lent.settle("H-p1")
    lent.reject("R-p1")
    lent.settle_all()
    assert lent.available("bob:borrower") == 10_700_00
    assert lent.loan("L1") == before
    lent.roll_to(FIRST_DUE)
    with Projector(lent.url, lent.platform) as projector:
        projector.catch_up()
        assert all(projector.compare().values())
    with connect(lent.url) as connection:
        instalment = f'"views_{lent.platform}".instalment'
        query = f"SELECT open_principal_fen FROM {instalment} WHERE billed"
        assert connection.execute(query.encode()).fetchall() == [(788_49,)]
    found = {finding.name: finding.ok for finding in verify(lent.url, lent.platform).findings}
    assert found["register"] and found["streams"] and found["principal"]


def test_a_repayment_that_the_bank_refused_comes_back_whole(lent: House) -> None:
    lent.roll_to(FIRST_DUE)
    lent.repay("p1", "L1", 1_000_00)
    lent.settle("Y-p1")
    lent.reject("R-p1")
    assert lent.at_bank() == ["V-p1"]
    lent.settle_all()
    assert lent.balances()["bob:borrower"] == (9_700_00, 0)
    assert lent.loan("L1").billed[1].base_fen == 888_49


def test_a_freeze_that_the_bank_refused_is_no_payment(lent: House) -> None:
    lent.roll_to(FIRST_DUE)
    lent.do(c.RepayLoan, payment_id="p1", loan_id="L1", amount_fen=888_49)
    lent.reject("H-p1")
    assert lent.at_bank() == []
    assert lent.balances()["bob:borrower"] == (9_700_00, 0)
    fields = {"payment_id": "p1", "loan_id": "L1", "amount_fen": 1}
    assert lent.refused(c.RepayLoan, **fields) == "id_taken"


def test_two_payments_at_once_are_settled_one_after_the_other(lent: House) -> None:
    lent.roll_to(FIRST_DUE)
    lent.repay("p1", "L1", 500_00)
    lent.repay("p2", "L1", 500_00)
    assert lent.at_bank() == ["R-p1"]
    lent.settle_all()
    assert lent.loan("L1").billed == {}
    assert lent.balances()["bob:borrower"] == (9_700_00 - 888_49, 0)


def test_a_late_payment_pays_penalty_by_the_day_it_took_effect(lent: House) -> None:
    """Backdated with a reason: the borrower paid on the 5th day, we booked it on the 9th."""
    lent.roll_to(date(2018, 3, 9))
    fields: dict[str, Any] = {"effective_on": date(2018, 3, 5), "reason": "the bank was late"}
    lent.repay("p1", "L1", 888_49 + 2_22, **fields)
    lent.settle_all()
    loan = lent.loan("L1")
    assert (loan.billed, loan.status) == ({}, Status.REPAYING)


def test_the_overdue_fee_is_the_platforms_and_the_penalty_the_investors(house: House) -> None:
    free: dict[str, Any] = {"fee_by_grade": {}, "contribution_by_grade": {}}
    house.open(policy=free | {"overdue_fee_bands": "1-:0.1"})
    house.member("bob", BORROWER, 1_000_00)
    house.member("lucy", INVESTOR, 1_000_00)
    house.lend("L1", "bob", {"lucy": 1_000_00}, periods=1, method=Method.BULLET, annual_rate="0")
    house.roll_to(date(2018, 3, 10))
    house.repay("p1", "L1", 1_015_00)
    house.settle_all()
    assert house.available("lucy:investor") == 1_005_00
    assert house.available("platform:income") == 10_00
    assert house.loan("L1").status is Status.SETTLED


@pytest.mark.parametrize("method", Method)
def test_a_loan_paid_off_early_leaves_nothing_open_anywhere(town: House, method: Method) -> None:
    town.lend("L1", "bob", {"lucy": 6_000_00, "max": 4_000_00}, method=method)
    town.roll_to(date(2018, 2, 10))
    town.recharge("bob", BORROWER, 1_000_00)
    owed_fen = 10_000_00 + 100_00
    fields: dict[str, Any] = {"payment_id": "p1", "loan_id": "L1", "in_full": True}
    assert town.refused(c.RepayLoan, amount_fen=owed_fen - 1, **fields) == "amount_below_payoff"
    town.do(c.RepayLoan, amount_fen=owed_fen + 1_00, **fields)
    town.settle_all()
    assert town.loan("L1").status is Status.SETTLED
    assert statuses(town) == {"L1-lucy": "closed", "L1-max": "closed"}
    assert town.available("lucy:investor") == 6_060_00
    assert town.available("max:investor") == 4_040_00
    assert only(member.DebtEnded, town.events()).loan_id == "L1"
    assert len(town.of(investment.InvestmentClosed)) == 2
    assert town.query("SELECT outstanding_principal_fen FROM {}.shard") == [(0,)]


def test_money_that_comes_after_the_end_goes_back(lent: House) -> None:
    lent.recharge("bob", BORROWER, 20_000_00)
    lent.roll_to(date(2018, 2, 10))
    lent.do(c.RepayLoan, payment_id="p1", loan_id="L1", amount_fen=10_100_00, in_full=True)
    lent.do(c.RepayLoan, payment_id="p2", loan_id="L1", amount_fen=500_00)
    lent.settle_all()
    assert lent.loan("L1").status is Status.SETTLED
    assert lent.balances()["bob:borrower"] == (29_700_00 - 10_100_00, 0)


def test_a_loan_to_its_last_row(lent: House) -> None:
    lent.recharge("bob", BORROWER, 1_000_00)
    rows = lent.loan("L1").rows
    for row in rows:
        lent.roll_to(row.due_on)
        lent.repay(f"p{row.period}", "L1", row.principal_fen + row.interest_fen)
        lent.settle_all()
    assert lent.loan("L1").status is Status.SETTLED
    assert lent.available("lucy:investor") + lent.available("max:investor") == 10_661_86
    claims = only(e.LoanDisbursed, lent.events()).claims
    assert [claim.principal_fen for claim in claims] == [6_000_00, 4_000_00]


# -- money out of the house ---------------------------------------------------------------


def test_withdrawal_to_the_bound_card_and_back_again(town: House) -> None:
    town.bind("lucy", INVESTOR, "b1")
    out: dict[str, Any] = {"member_id": "lucy", "role": INVESTOR, "binding_id": "b1"}
    town.do(c.RequestWithdrawal, withdrawal_id="w1", amount_fen=1_000_00, **out)
    assert town.balances()["lucy:investor"] == (5_000_00, 1_000_00)
    town.settle("W-w1")
    assert town.balances()["lucy:investor"] == (5_000_00, 0)
    # Unbound by now: the money comes back all the same.
    town.do(c.UnbindBankAccount, member_id="lucy", binding_id="b1")
    town.do(c.ConfirmUnbinding, member_id="lucy", binding_id="b1")
    returned: dict[str, Any] = {
        "bank_record": "77",
        "purpose": Purpose.RETURNED_WITHDRAWAL,
        "account": "lucy:investor",
        "amount_fen": 1_000_00,
        "bank_date": TODAY,
        "origin": "W-w1",
    }
    town.do(c.RecordBankMovement, **returned)
    assert town.balances()["lucy:investor"] == (6_000_00, 0)
    assert town.refused(c.RecordBankMovement, **returned) == "id_taken"
    again = {"withdrawal_id": "w2", "amount_fen": 1}
    assert town.refused(c.RequestWithdrawal, **again, **out) == "bank_account_not_bound"


def test_a_debit_by_the_bank_takes_what_is_there_and_never_what_is_frozen(town: House) -> None:
    town.published("L1", "bob", 6_000_00)
    town.tender("t1", "L1", "lucy", 5_999_00)
    town.do(
        c.RecordBankMovement,
        bank_record="78",
        purpose=Purpose.BANK_ADJUSTMENT,
        account="lucy:investor",
        amount_fen=3_00,
        credit=False,
        bank_date=TODAY,
    )
    assert town.balances()["lucy:investor"] == (0, 5_999_00)
    assert only(BankMovementRecorded, town.events()).shortfall_fen == 2_00
