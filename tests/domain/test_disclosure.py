"""The figures of the disclosure, counted over books made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from domain.disclosure import FIGURES, Book, LoanAt
from tests.exemplars import a_policy

BY_NAME = {figure.name: figure for figure in FIGURES}


def a_loan(number: int, **changes: Any) -> LoanAt:
    usual: dict[str, Any] = {
        "loan_id": f"L{number}",
        "borrower_id": f"b{number}",
        "lent_fen": 1_000,
        "principal_fen": 600,
        "interest_fen": 10,
        "related_party": False,
        "overdue_fen": 0,
        "overdue_days": 0,
        "advanced_fen": 0,
        "advances": 0,
        "lenders": ["i1", "i2"],
        "current_lenders": ["i2"],
    }
    return LoanAt(**usual | changes)


def counted(name: str, *loans: LoanAt) -> Any:
    return BY_NAME[name].counted(Book(loans, None))


def behind(name: str, *loans: LoanAt) -> list[str]:
    return [loan.loan_id for loan in BY_NAME[name].behind(Book(loans, None))]


SETTLED = a_loan(9, principal_fen=0, interest_fen=0, current_lenders=[])
LATE = {
    days: a_loan(days, overdue_fen=100, overdue_days=days) for days in (1, 90, 91, 180, 181, 900)
}


def test_names_are_distinct_and_definitions_have_versions() -> None:
    assert len(BY_NAME) == len(FIGURES)
    assert all(figure.version >= 1 and figure.definition for figure in FIGURES)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_an_empty_book_has_every_figure(figure: Any) -> None:
    assert figure.counted(Book((), None)) in (0, "0.00", {})
    assert list(figure.behind(Book((), None))) == []


def test_a_settled_loan_counts_ever_and_not_now() -> None:
    book = (a_loan(1), SETTLED)
    assert (counted("lent_loans", *book), counted("outstanding_loans", *book)) == (2, 1)
    assert (counted("borrowers", *book), counted("current_borrowers", *book)) == (2, 1)
    assert (counted("lenders", *book), counted("current_lenders", *book)) == (2, 1)
    assert behind("outstanding_fen", *book) == ["L1"]


def test_the_largest_borrowers_are_those_with_all_their_loans() -> None:
    book = [a_loan(number, principal_fen=100) for number in range(20)]
    book.append(a_loan(50, borrower_id="b3", principal_fen=50))
    assert counted("largest_borrower_pct", *book) == "7.32"  # 150 of 2,050.
    assert behind("largest_borrower_pct", *book) == ["L3", "L50"]
    assert counted("largest_ten_borrowers_pct", *book) == "51.22"  # 1,050 of 2,050.
    assert len(behind("largest_ten_borrowers_pct", *book)) == 11


def test_bands_of_lateness_hold_every_overdue_loan_once() -> None:
    bands = ("overdue_rate_to_90_pct", "overdue_rate_91_to_180_pct", "overdue_rate_over_180_pct")
    book = (*LATE.values(), a_loan(0))
    assert [behind(band, *book) for band in bands] == [
        ["L1", "L90"],
        ["L91", "L180"],
        ["L181", "L900"],
    ]
    assert {counted(band, *book) for band in bands} == {"4.76"}  # 200 of 4,200.
    assert counted("overdue_over_90_loans", *book) == 4
    assert counted("overdue_over_90_fen", *book) == 4 * 600
    assert counted("loan_overdue_rate_pct", *book) == "85.71"
    assert counted("amount_overdue_rate_pct", *book) == "14.29"


def test_related_parties_and_advances_by_others() -> None:
    book = (a_loan(1, related_party=True), a_loan(2, advanced_fen=70, advances=2), SETTLED)
    assert (counted("related_party_fen", *book), counted("related_party_loans", *book)) == (600, 1)
    assert (counted("advanced_fen", *book), counted("advances", *book)) == (70, 2)
    assert behind("advances", *book) == ["L2"]


def test_the_fee_schedule_names_the_products() -> None:
    terms = a_policy(products={"car": {"fee_by_grade": {"A": "4"}}})
    told = BY_NAME["fee_schedule"].counted(Book((), terms))
    car = {
        "service_fee_pct_by_grade": {"A": "4"},
        "of_it_to_the_reserve_pct_by_grade": {"A": "1"},
    }
    assert isinstance(told, dict)
    assert told["by_product"] == {"car": car}


def test_the_fee_schedule_is_the_policys() -> None:
    told = BY_NAME["fee_schedule"].counted(Book((), a_policy()))
    assert told == {
        "policy_version": "v1",
        "service_fee_pct_by_grade": {"A": "3"},
        "of_it_to_the_reserve_pct_by_grade": {"A": "1"},
        "penalty_pct_a_day": "1-:0.05",
        "overdue_fee_pct_a_day": "1-:0",
    }
