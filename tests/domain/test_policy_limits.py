"""A policy's own limits: within the law's, and what they hold back."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from domain.law import LAW_TABLES
from domain.lawful import check
from domain.model import Refused
from domain.policy_limits import PolicyLimits, check_borrower, least
from domain.refusals import Code
from tests.exemplars import TODAY, a_policy

CN = LAW_TABLES["cn-p2p"]
EQUAL = {"person_fen": 200_000_00, "company_fen": 1_000_000_00, "loan_fen": 1_000_000_00}


def test_a_limit_may_be_as_wide_as_the_laws() -> None:
    check(a_policy(limits=EQUAL), CN, TODAY)
    check(a_policy(limits={"lender_fen": 10**15}), CN, TODAY)  # The law has none.


@pytest.mark.parametrize("name", EQUAL)
def test_a_wider_one_is_refused_by_name_where_the_law_binds(name: str) -> None:
    terms = a_policy(limits={name: EQUAL[name] + 1})
    with pytest.raises(Refused) as caught:
        check(terms, CN, TODAY)
    assert (caught.value.code, caught.value.field) == (Code.POLICY_UNLAWFUL, f"terms.limits.{name}")
    check(terms, LAW_TABLES["none"], TODAY)


@pytest.mark.parametrize(
    ("company", "fen", "owed_fen", "refused"),
    [
        (False, 300, 500, False),
        (False, 300, 501, True),
        (True, 300, 501, False),
        (True, 300, 900, False),
        (True, 300, 901, True),
        (True, 301, 301, True),
    ],
)
def test_what_a_borrower_may_owe_and_how_large_a_loan_may_be(
    fen: int, owed_fen: int, *, company: bool, refused: bool
) -> None:
    limits = PolicyLimits(person_fen=500, company_fen=900, loan_fen=300)
    if not refused:
        check_borrower(limits, fen, owed_fen, company=company)
        return
    with pytest.raises(Refused, match=Code.POLICY_LIMIT_EXCEEDED):
        check_borrower(limits, fen, owed_fen, company=company)


@pytest.mark.parametrize(
    "limits", [{"auto_tender_fen": 2, "lender_fen": 1}, {"lender_fen": 2, "loan_fen": 1}]
)
def test_limits_that_contradict_each_other_are_bad_input(limits: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match=f"limits.{next(iter(limits))}"):
        a_policy(limits=limits)


def test_the_closest_limit_binds() -> None:
    assert least(None, 3, 2) == 2
    assert least(None, None) is None
