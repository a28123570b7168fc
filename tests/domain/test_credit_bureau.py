"""The credit bureau's records: one story of a loan, record by record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest

from domain import assessment, loan_evolution, repayment
from domain import loan_events as e
from domain.credit_bureau import Record, Told, records
from domain.loan import Loan, Status
from domain.policy import Acceleration, PolicyTerms, Roll
from domain.schedule import Method
from domain.working_days import WorkingDays
from tests.exemplars import TODAY, a_policy, disbursed

DUE = date(2018, 2, 28)
CALENDAR = WorkingDays("test", {2018}, {date(2018, 4, 2)}, set())
TERMS: dict[str, Any] = {"periods": 2, "annual_rate": "12", "method": Method.EQUAL_INSTALMENT}


class Story:
    """A loan of 10,000 yuan over two months; each step adds its records."""

    def __init__(self, policy: PolicyTerms | None = None) -> None:
        self.loan: Loan = disbursed(policy=policy, **TERMS)
        self.told: list[Record] = []
        self.position = 100

    def happened(self, on: date, events: Iterable[e.LoanEvent]) -> None:
        for event in events:
            self.position += 1
            before, self.loan = self.loan, loan_evolution.evolve(self.loan, event)
            told = Told(self.position, f"{on}T04:00:00+00:00", on)
            self.told += records(told, event, before, self.loan)

    def night(self, on: date) -> None:
        self.happened(on, assessment.assess(self.loan, on, CALENDAR))

    def paid(self, on: date, fen: int, payment_id: str = "p1", *, in_full: bool = False) -> None:
        self.sent(on, fen, payment_id, in_full=in_full)
        self.happened(on, repayment.settle(self.loan, on))

    def sent(self, on: date, fen: int, payment_id: str = "p1", *, in_full: bool = False) -> None:
        options: Any = {"in_full": in_full, "effective_on": on}
        self.happened(on, repayment.accept(self.loan, payment_id, fen, **options))
        self.happened(on, repayment.hold(self.loan, payment_id))
        self.happened(on, repayment.route(self.loan))


@pytest.fixture
def story() -> Story:
    return Story()


def codes(story: Story) -> list[tuple[Any, ...]]:
    return [
        (each["record"], each["op_code"], each["term"], each.get("status")) for each in story.told
    ]


def test_a_loan_that_is_opened() -> None:
    after = disbursed(**TERMS)
    assert after.disbursed is not None
    [record] = records(Told(9, "2018-01-31T04:00:00+00:00", TODAY), after.disbursed, after, after)
    assert record == {
        "record": "loan_open",
        "request_id": "9-0-loan_open",
        "op_code": "A",
        "upload_at": "2018-01-31T04:00:00+00:00",
        "loan_id": "L1",
        "term": 0,
        "borrower_id": "bob",
        "issued_on": "2018-01-31",
        "loan_amount_fen": 10_000_00,
        "annual_rate_percent": "12",
        "total_terms": 2,
        "first_due_on": "2018-02-28",
        "last_due_on": "2018-03-31",
    }


def test_late_paid_in_part_and_then_in_full(story: Story) -> None:
    planned_fen = story.loan.rows[0].principal_fen + story.loan.rows[0].interest_fen
    total_fen = sum(row.principal_fen + row.interest_fen for row in story.loan.rows)
    story.night(DUE)
    story.night(DUE + timedelta(days=1))
    story.paid(DUE + timedelta(days=2), 1_000_00)
    assert codes(story) == [
        ("repayment_status", "A", 1, "normal"),
        ("overdue", "A", 1, "overdue"),
        ("repayment_status", "M", 1, "overdue"),
        ("overdue", "M", 1, "overdue"),
    ]
    billed, late, paid, still_late = story.told
    assert (billed["open_fen"], billed["remaining_fen"]) == (planned_fen, total_fen)
    assert (late["overdue_fen"], late["overdue_days"]) == (planned_fen, 1)
    assert paid["real_repayment_on"] == "2018-03-02"
    assert planned_fen - 1_000_00 < int(paid["open_fen"] or 0) < planned_fen  # Penalty came first.
    assert still_late["overdue_fen"] == paid["open_fen"]
    assert still_late["overdue_days"] == 2
    story.paid(DUE + timedelta(days=3), 6_000_00, "p2")
    end = [each for each in story.told if each["record"] == "overdue"][-1]
    assert (end["op_code"], end["overdue_fen"], end["status"]) == ("M", 0, "normal")


def test_what_was_paid_in_time_and_booked_late_was_not_overdue(story: Story) -> None:
    story.night(DUE)
    story.night(DUE + timedelta(days=1))
    story.paid(DUE, 6_000_00)  # As we hear now.
    assert [each[:3] for each in codes(story)][-2:] == [
        ("repayment_status", "M", 1),
        ("overdue", "D", 1),
    ]


def test_a_rest_that_was_called_in_by_mistake_is_taken_back() -> None:
    story = Story(a_policy(acceleration=Acceleration(over_days=1), penalty_bands="1-:0"))
    for days in range(4):
        story.night(DUE + timedelta(days=days))
    told = len(story.told)
    row = story.loan.rows[0]
    story.paid(DUE, row.principal_fen + row.interest_fen)
    assert [each[:3] for each in codes(story)][told:] == [
        ("repayment_status", "M", 1),
        ("overdue", "D", 1),
        ("repayment_status", "D", 2),
        ("overdue", "D", 2),
    ]


def test_a_due_date_that_rolls_is_told() -> None:
    """The second is 31 March 2018, a Saturday, and 2 April is free too."""
    story = Story(a_policy(roll=Roll.FOLLOWING))
    second = date(2018, 3, 31)
    for day in (DUE, second):
        story.night(day)
    told = [each for each in story.told if each["term"] == 2]
    assert [(each["op_code"], each["target_repayment_on"]) for each in told] == [
        ("A", "2018-03-31"),
        ("M", "2018-04-03"),
    ]
    assert [each["real_repayment_on"] for each in told] == [None, None]


def test_a_billing_that_is_undone_is_deleted(story: Story) -> None:
    on = TODAY + timedelta(days=5)
    fen = repayment.payoff_fen(story.loan, on)
    story.sent(on, fen, in_full=True)
    story.happened(on, repayment.fail(story.loan, "p1", "E1"))
    assert [each[:3] for each in codes(story)] == [
        ("repayment_status", "A", 1),
        ("repayment_status", "D", 1),
    ]


def test_the_end_of_the_loan_is_its_status(story: Story) -> None:
    on = TODAY + timedelta(days=5)
    story.paid(on, repayment.payoff_fen(story.loan, on), in_full=True)
    last = story.told[-1]
    assert (last["op_code"], last["open_fen"], last["remaining_fen"]) == ("M", 0, 0)
    assert story.loan.status is Status.SETTLED
    assert last["loan_status"] == "settled"


def test_every_record_has_a_name_of_its_own(story: Story) -> None:
    for days in range(70):
        story.night(DUE + timedelta(days=days))
    story.paid(DUE + timedelta(days=70), 9_000_00)
    names = [each["request_id"] for each in story.told]
    assert len(set(names)) == len(names) > 4
