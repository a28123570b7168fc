"""The reserve on the command line: why a payout was what it was, and how long the money lasts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.payout_plan import BucketPeriod
from domain.policy import Covers, Scope
from domain.schedule import Method
from tests.exemplars import a_policy
from tests.house import House
from tests.services.cli.conftest import Zhuanhu, kept

Ask = Callable[..., Any]
WINTER = {"name": "winter", "days": 60, "bad_debts": [{"percent": "100", "within_days": 10}]}


@pytest.fixture(scope="module")
def data(make_folder: Callable[[], Path]) -> Path:
    """A and B are late since 28 February, and 1,000.00 were paid on 1,500.00. C is due in April."""
    return kept(make_folder(), _story)


def _story(house: House) -> None:
    free = {"contribution_by_grade": {}, "fee_by_grade": {}, "penalty_bands": "1-:0"}
    house.open(policy={"bucket": BucketPeriod.DAY, **free})
    house.member("bob", Role.BORROWER)
    for name in ("lucy", "max", "ann"):
        house.member(name, Role.INVESTOR, 10_000_00)
    once: dict[str, Any] = {"periods": 1, "method": Method.BULLET, "annual_rate": "0"}
    house.lend("A", "bob", {"lucy": 400_00, "max": 200_00}, **once)
    house.lend("B", "bob", {"ann": 900_00}, **once)
    house.seed(1_000_00)
    house.roll_to(date(2018, 3, 20))
    house.lend("C", "bob", {"lucy": 300_00}, **once)
    nothing = {"version": "v2", "valid_from": date(2018, 3, 25), "scope": Scope.NONE}
    house.do(c.PublishPolicy, terms=a_policy(bucket=BucketPeriod.DAY, **nothing, **free))
    house.roll_to(date(2018, 4, 1))
    house.settle_all()
    house.seed(100_00)


@pytest.fixture
def ask(zhuanhu: Zhuanhu, data: Path) -> Ask:
    def answer(*words: str, stdin: str = "") -> Any:
        told = zhuanhu(*words, "--data", str(data), "--json", stdin=stdin)
        assert (told.code, told.err) == (0, "")
        return told.json

    return answer


def test_a_payout_is_explained(ask: Ask) -> None:
    told = ask("reserve", "explain", "P-1")
    assert (told["claim_id"], told["status"]) == ("A.1", "paid")
    # What promised it, and what the reserve goes by since: v2 itself would promise nothing.
    assert (told["policy_version"], told["reserve_policy_version"]) == ("v1", "v2")
    assert (told["claim_fen"], told["amount_fen"]) == (600_00, 400_00)
    assert (told["balance_before_fen"], told["balance_after_fen"]) == (1_000_00, 0)
    assert [each["rule"] for each in told["rules"]] == [1, 2, 3, 4, 5]
    assert told["considered"] == [
        {"claim_id": "A.1", "bucket": "2018-01-31", "claim_fen": 600_00, "paid_fen": 400_00},
        {"claim_id": "B.1", "bucket": "2018-01-31", "claim_fen": 900_00, "paid_fen": 600_00},
    ]
    assert {each["tender_id"]: each["amount_fen"] for each in told["investors"]} == {
        "A-lucy": 266_67,
        "A-max": 133_33,
    }


def test_coverage_is_of_all_that_is_outstanding(ask: Ask) -> None:
    told = ask("reserve", "show")
    assert (told["outstanding_principal_fen"], told["coverage_percent"]) == (1_800_00, "5.56")


def test_people_see_the_month_ends(zhuanhu: Zhuanhu, data: Path) -> None:
    """1,000.00 until April, first for 1,500.00 and then for 1,800.00 that are protected."""
    told = zhuanhu("reserve", "show", "--data", str(data))
    assert told.out.splitlines()[-3:] == [
        "month ends 2018-01 to 2018-03",
        "  reserve    ███  1000.00 yuan",
        "  coverage   ██▆  55.56 %",
    ]


def test_before_the_books_are_open_there_is_no_month(
    zhuanhu: Zhuanhu, make_folder: Callable[[], Path]
) -> None:
    folder = kept(make_folder(), lambda house: None)
    told = zhuanhu("reserve", "show", "--data", str(folder))
    assert (told.code, told.err) == (0, "")
    assert "month ends" not in told.out


def test_a_stress_run_over_the_real_book_leaves_it_as_it_is(ask: Ask) -> None:
    before = ask("reserve", "show")
    told = ask("reserve", "stress", "--scenario", "-", stdin=json.dumps(WINTER))
    assert (told["late_loans"], told["defaulting_loans"]) == (2, 1)
    # On the next day A and B lack 500.00, and there are 100.00.
    assert (told["lasts_days"], told["short_on"]) == (1, "2018-04-02")
    assert (told["paid_fen"], told["balance_after_fen"]) == (100_00, 0)
    assert {each["claim_id"]: each["amount_fen"] for each in told["waiting"]} == {
        "A.1": 160_00,
        "B.1": 240_00,
        "C.1": 300_00,
    }
    assert sum(each["waits_for_fen"] for each in told["investors"]) == told["waiting_fen"]
    back = {**WINTER, "recoveries": [{"percent": "50", "after_days": 20, "to_days": 60}]}
    refilled = ask("reserve", "stress", "--scenario", "-", stdin=json.dumps(back))
    assert (refilled["lasts_days"], refilled["recovered_fen"]) == (1, 50_00 + 25_00)
    assert refilled["waiting_fen"] == told["waiting_fen"] - 75_00
    after = ask("reserve", "show")
    before["view"].pop("age_s")
    after["view"].pop("age_s")
    assert after == before


def _called_in(house: House) -> None:
    free: dict[str, Any] = {"fee_by_grade": {}, "contribution_by_grade": {}}
    terms = free | {"trigger_days": 4, "grace_days": 3, "covers": Covers.REMAINING}
    house.open(policy={"penalty_bands": "1-:0", "bucket": BucketPeriod.DAY, **terms})
    house.member("bob", Role.BORROWER)
    house.member("lucy", Role.INVESTOR, 300_00)
    rest: dict[str, Any] = {"periods": 2, "method": Method.EQUAL_PRINCIPAL}
    house.lend("A", "bob", {"lucy": 300_00}, annual_rate="0", **rest)
    house.roll_to(date(2018, 3, 5))
    house.repay("p", "A", 150_00)
    house.settle_all()


def test_a_stress_run_knows_claims_of_loans_that_are_not_late(
    zhuanhu: Zhuanhu, make_folder: Callable[[], Path]
) -> None:
    """The rest was called in and claimed; what was late is paid, and the rest is not late yet."""

    folder = kept(make_folder(), _called_in)
    nobody = {**WINTER, "bad_debts": [{"percent": "0", "within_days": 10}]}
    words = ("reserve", "stress", "--scenario", "-", "--data", str(folder), "--json")
    told = zhuanhu(*words, stdin=json.dumps(nobody))
    assert (told.code, told.err) == (0, "")
    assert (told.json["late_loans"], told.json["claims"], told.json["waiting"]) == (0, 1, [])


@pytest.mark.parametrize(
    ("words", "scenario", "code", "field"),
    [
        (("explain", "99"), "", "not_found", "payout"),
        (("stress", "--scenario", "-"), {}, "bad_input", "name"),
        (("stress", "--scenario", "-"), {**WINTER, "days": 0}, "bad_input", "days"),
        (
            ("stress", "--scenario", "-"),
            {**WINTER, "bad_debts": [{"percent": "101"}]},
            "bad_input",
            "bad_debts[0].percent",
        ),
        (
            ("stress", "--scenario", "-"),
            {**WINTER, "bad_debts": [{"percent": "9"}, {"percent": "9", "grades": ["A", "ZZ"]}]},
            "bad_input",
            "bad_debts[1].grades",
        ),
        (
            ("stress", "--scenario", "-"),
            {**WINTER, "recoveries": [{"percent": "60", "after_days": 9}] * 2},
            "bad_input",
            "recoveries",
        ),
        (
            ("stress", "--scenario", "-"),
            {
                **WINTER,
                "recoveries": [{"percent": "1", "after_days": 9, "from_days": 9, "to_days": 8}],
            },
            "bad_input",
            "recoveries[0].to_days",
        ),
    ],
)
def test_what_cannot_be_answered(
    zhuanhu: Zhuanhu, data: Path, words: tuple[str, ...], scenario: object, code: str, field: str
) -> None:
    line = json.dumps(scenario)
    told = zhuanhu("reserve", *words, "--data", str(data), "--json", stdin=line)
    assert (told.code, told.error["code"], told.error["field"]) == (2, code, field)


def test_people_read_tables(zhuanhu: Zhuanhu, data: Path) -> None:
    told = zhuanhu("reserve", "explain", "1", "--data", str(data))
    assert told.code == 0
    assert "债权比例" in told.out


def test_a_loan_is_explained_event_by_event(ask: Ask) -> None:
    told = ask("loan", "explain", "A", "--on", "2018-04-01")
    assert {(each["period"], each["figure"]): each["amount_fen"] for each in told["owed"]} == {
        (1, "principal"): 600_00,
        (1, "to_reserve"): 400_00,
    }
    last = told["changes"][-1]
    assert (last["topic"], last["figure"], last["after_fen"]) == (
        "loan.advance-paid.v1",
        "to_reserve",
        400_00,
    )
    assert last["command"]
    assert ask("loan", "explain", "C")["on"] == "2018-04-01"


def test_it_is_explained_why_a_rest_was_called_in(
    zhuanhu: Zhuanhu, make_folder: Callable[[], Path], ask: Ask
) -> None:
    folder = kept(make_folder(), _called_in)
    told = zhuanhu("loan", "explain", "A", "--data", str(folder), "--json")
    assert told.json["called_in"] == {
        "period": 2,
        "on": "2018-03-05",
        "why": "stage",
        "stands": True,
        "late_enough": [1],
        "were_overdue": [1],
    }
    assert ask("loan", "explain", "A")["called_in"] is None


def test_a_loan_that_is_not_there_is_not_explained(zhuanhu: Zhuanhu, data: Path) -> None:
    told = zhuanhu("loan", "explain", "Z", "--data", str(data), "--json")
    assert (told.code, told.error["code"], told.error["field"]) == (2, "not_found", "loan")
