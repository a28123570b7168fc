"""What is asked twice, too late, by the wrong one, or at night: refused, on record, no effect.

One loan that gus guarantees, its borrower late or paying, through the writer as every command goes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

import pytest

from domain import commands as c
from domain.accounts import RESERVE_ACCOUNT, Role
from domain.collection_rules import Stage, StageFrom
from domain.commands import Command
from domain.conduct import Means, Outcome, Party
from domain.payout_plan import BucketPeriod
from domain.policy import Provider
from domain.reserve import PayoutHeld
from domain.schedule import Method
from infra.clock import SHANGHAI
from tests.exemplars import a_policy
from tests.house import House

START = date(2025, 3, 3)
DUE = date(2025, 4, 3)
OWED_FEN = 1_000_00
TERMS: dict[str, Any] = {
    "providers": (Provider.GUARANTOR, Provider.RESERVE),
    "trigger_days": 0,
    "bucket": BucketPeriod.DAY,
    "fee_by_grade": {},
    "contribution_by_grade": {},
    "penalty_bands": "1-:0",
}
_numbers = itertools.count(1)
ADVANCE: dict[str, Any] = {"guarantor_id": "gus", "loan_id": "L1", "period": 1}


class Written(NamedTuple):
    """All that a command could have changed."""

    position: int
    balances: dict[str, tuple[int, int]]
    at_bank: list[str]


@pytest.fixture
def late(database: str) -> Iterator[House]:
    """bob owes lucy 1,000.00 since 3 April, and today is the day after."""
    house = House(database, today=START)
    house.open(policy=TERMS)
    house.do(
        c.SetCollectionRules,
        valid_from=START,
        conduct_table="cn-consumer",
        stages=(StageFrom(Stage.REMINDER, 1),),
        unreachable_after=1,
    )
    house.member("bob", Role.BORROWER, OWED_FEN)
    house.member("lucy", Role.INVESTOR, OWED_FEN)
    house.member("max", Role.INVESTOR, OWED_FEN)
    house.guarantor("gus", 3 * OWED_FEN)
    house.seed(OWED_FEN)
    once: dict[str, Any] = {"periods": 1, "method": Method.BULLET, "annual_rate": "0"}
    house.lend("L1", "bob", {"lucy": OWED_FEN}, guarantor="gus", **once)
    house.roll_to(DUE + timedelta(days=1))
    house.do(c.AssessCase, borrower_id="bob")
    yield house
    house.close()


def written(house: House) -> Written:
    return Written(house.log.head(), house.balances(), house.at_bank())


def refused(house: House, kind: type[Command], /, **fields: Any) -> str:
    """The code; it is on record under the command's id, and nothing else is written."""
    before, command_id = written(house), f"bad-{next(_numbers)}"
    code = house.refused(kind, id=command_id, **fields)
    assert written(house) == before
    stored = house.query("SELECT outcome, code FROM {}.receipt WHERE command_id = %s", command_id)
    assert stored == [("refused", code)]
    return code


def test_an_instalment_is_not_paid_twice(late: House) -> None:
    payment: dict[str, Any] = {"payment_id": "p1", "loan_id": "L1", "amount_fen": OWED_FEN}
    late.do(c.RepayLoan, **payment)
    assert refused(late, c.RepayLoan, **payment) == "id_taken"
    late.settle_all()
    assert late.available("lucy:investor") == OWED_FEN
    assert refused(late, c.RepayLoan, **payment) == "loan_wrong_state"
    again = payment | {"payment_id": "p2"}
    assert refused(late, c.RepayLoan, **again) == "loan_wrong_state"
    assert refused(late, c.SettleEntry, entry_id="R-p1", bank_date=late.today) == "entry_closed"


def test_an_instalment_that_is_paid_is_not_paid_again_before_the_next_month(late: House) -> None:
    """Of a loan that goes on."""
    months: dict[str, Any] = {"periods": 3, "method": Method.EQUAL_PRINCIPAL, "annual_rate": "0"}
    late.lend("L2", "bob", {"max": 900_00}, **months)
    due = date(2025, 5, 4)
    late.roll_to(due)
    late.repay("p1", "L2", 300_00)
    late.settle_all()
    again: dict[str, Any] = {"payment_id": "p2", "loan_id": "L2", "amount_fen": 300_00}
    assert refused(late, c.RepayLoan, **again) == "nothing_due"


def test_a_payout_is_not_made_twice(late: House) -> None:
    """The guarantor's, and once he has let his deadline pass the reserve's: the run of a day may be
    asked again, as after a kill, and pays nobody twice."""
    late.do(c.RequestAdvance, advance_id="a1", **ADVANCE)
    assert refused(late, c.RequestAdvance, advance_id="a2", **ADVANCE) == "advance_under_way"
    late.reject(*late.at_bank())
    late.roll_to(date(2025, 4, 14))
    [held] = late.of(PayoutHeld)
    before = written(late)
    late.do(c.RunReservePayouts)
    assert written(late) == before
    assert refused(late, c.RequestAdvance, advance_id="a3", **ADVANCE) == "lines_moving"
    late.settle_all()
    assert late.available("lucy:investor") == OWED_FEN == held.amount_fen
    before = written(late)
    late.do(c.RunReservePayouts)
    assert written(late) == before
    entry = {"entry_id": f"P-{held.payout_id}", "bank_date": late.today}
    assert refused(late, c.SettleEntry, **entry) == "entry_closed"
    assert late.balances()[RESERVE_ACCOUNT] == (0, 0)


def test_no_advance_after_the_borrower_paid(late: House) -> None:
    late.repay("p1", "L1", OWED_FEN)
    assert refused(late, c.RequestAdvance, advance_id="a1", **ADVANCE) == "lines_moving"
    late.settle_all()
    assert refused(late, c.RequestAdvance, advance_id="a1", **ADVANCE) == "nothing_to_advance"
    assert late.available("gus:guarantor") == 3 * OWED_FEN


def test_nobody_assigns_what_he_does_not_own(late: House) -> None:
    offer: dict[str, Any] = {
        "assignment_id": "o1",
        "loan_id": "L1",
        "seller_id": "max",
        "principal_fen": OWED_FEN,
        "price_fen": OWED_FEN,
        "valid_until": late.today,
    }
    assert refused(late, c.OfferClaim, claim_id="L1-lucy", **offer) == "claim_not_own"
    assert refused(late, c.OfferClaim, claim_id="L1-max", **offer) == "claim_unknown"


@pytest.mark.parametrize("means", [Means.CALL, Means.SMS])
def test_nobody_is_contacted_at_eleven_at_night(late: House, means: Means) -> None:
    contact: dict[str, Any] = {
        "borrower_id": "bob",
        "action_id": "n1",
        "means": means,
        "party": Party.DEBTOR,
        "outcome": Outcome.DELIVERED if means is Means.SMS else Outcome.REACHED,
        "at": datetime.combine(late.today - timedelta(days=1), time(23), SHANGHAI),
    }
    assert refused(late, c.RecordCollectionAction, **contact) == "contact_at_night"


def test_no_policy_for_yesterday(late: House) -> None:
    terms = a_policy(version="v2", valid_from=late.today - timedelta(days=1), **TERMS)
    assert refused(late, c.PublishPolicy, terms=terms) == "policy_in_past"
