"""Policy versions: dated, never changed, and what each charges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain import fees, policies
from domain import policy as p
from domain.collection_steps import Action, ActionFrom
from domain.model import Refused
from domain.refusals import Code
from tests.exemplars import TODAY, a_policy

V1 = a_policy(valid_from=date(2018, 1, 1))
V2 = a_policy(version="v2", valid_from=date(2018, 3, 1))


def published(*versions: p.PolicyTerms) -> policies.Policies:
    state = policies.INITIAL
    for terms in versions:
        state = policies.evolve(state, policies.PolicyPublished(terms=terms))
    return state


def test_the_first_may_start_in_the_past() -> None:
    """A platform's books may begin in the middle of its life."""
    assert policies.decide(policies.INITIAL, V1, TODAY) == (policies.PolicyPublished(terms=V1),)


@pytest.mark.parametrize(
    ("given", "asked", "code"),
    [
        ([V1], V1, Code.POLICY_VERSION_TAKEN),
        ([V1], V2.model_copy(update={"version": "v1"}), Code.POLICY_VERSION_TAKEN),
        ([V1], V2.model_copy(update={"valid_from": date(2018, 1, 30)}), Code.POLICY_IN_PAST),
        (
            [V1, V2],
            V2.model_copy(update={"version": "v3"}),
            Code.POLICY_OVERLAPS,
        ),
        (
            [V1, V2],
            V2.model_copy(update={"version": "v3", "valid_from": TODAY}),
            Code.POLICY_OVERLAPS,
        ),
        (
            [V1.model_copy(update={"valid_until": date(2018, 3, 1)})],
            V2,
            Code.POLICY_OVERLAPS,
        ),
        (
            [V1.model_copy(update={"valid_until": date(2018, 2, 27)})],
            V2,
            Code.POLICY_LEAVES_GAP,
        ),
        ([], V1.model_copy(update={"valid_until": date(2018, 1, 30)}), Code.POLICY_IN_PAST),
        ([], a_policy(fee_by_grade={}), Code.CONTRIBUTION_ABOVE_FEE),
        ([], a_policy(fee_by_grade={"A": "0.99"}), Code.CONTRIBUTION_ABOVE_FEE),
        (
            [],
            a_policy(products={"car": {"contribution_by_grade": {"A": "3.01"}}}),
            Code.CONTRIBUTION_ABOVE_FEE,
        ),
    ],
)
def test_refused(given: Sequence[p.PolicyTerms], asked: p.PolicyTerms, code: Code) -> None:
    with pytest.raises(Refused) as caught:
        policies.decide(published(*given), asked, TODAY)
    assert caught.value.code == code


def test_what_a_frozen_reserve_would_get_is_no_contradiction() -> None:
    frozen = a_policy(fee_by_grade={}, accrual_frozen=True)
    assert policies.decide(policies.INITIAL, frozen, TODAY)


@pytest.mark.parametrize(
    ("on", "version"),
    [
        (date(2017, 12, 31), None),
        (date(2018, 1, 1), "v1"),
        (date(2018, 2, 28), "v1"),
        (date(2018, 3, 1), "v2"),
        (date(2030, 1, 1), "v2"),
    ],
)
def test_the_version_in_force(on: date, version: str | None) -> None:
    terms = published(V1, V2).in_force(on)
    assert (terms.version if terms else None) == version


@pytest.mark.parametrize(
    ("first", "last", "versions"),
    [
        (date(2017, 12, 1), date(2017, 12, 31), {}),
        (date(2018, 1, 5), date(2018, 2, 28), {"v1": date(2018, 2, 28)}),
        (date(2018, 2, 1), date(2018, 3, 9), {"v1": date(2018, 2, 28), "v2": date(2018, 3, 9)}),
        (date(2018, 3, 1), date(2018, 3, 1), {"v2": date(2018, 3, 1)}),
    ],
)
def test_the_versions_in_force_on_some_day_and_until_when(
    first: date, last: date, versions: dict[str, date]
) -> None:
    state = published(V1, V2)
    assert {terms.version: until for terms, until in state.between(first, last)} == versions


def test_one_that_ends_is_in_force_until_then() -> None:
    ended = published(V1.model_copy(update={"valid_until": date(2018, 2, 1)}))
    [(_, until)] = ended.between(date(2018, 1, 30), date(2018, 3, 1))
    assert until == date(2018, 2, 1)
    assert ended.between(date(2018, 2, 2), date(2018, 3, 1)) == []


def test_one_that_ends_is_followed_on_the_next_day() -> None:
    ending = V1.model_copy(update={"valid_until": date(2018, 2, 28)})
    assert policies.decide(published(ending), V2, TODAY) == (policies.PolicyPublished(terms=V2),)
    state = published(ending)
    assert state.in_force(date(2018, 2, 28)) == ending
    assert state.in_force(date(2018, 3, 1)) is None
    assert state.latest(date(2018, 3, 1)) == ending  # What the reserve goes on by.


def test_days_without_a_policy_that_have_gone_by_do_not_bar_the_next_one() -> None:
    over = published(V1.model_copy(update={"valid_until": date(2018, 2, 1)}))
    today = date(2018, 3, 1)
    assert policies.decide(over, V2, today) == (policies.PolicyPublished(terms=V2),)
    later = V2.model_copy(update={"valid_from": date(2018, 3, 2)})
    with pytest.raises(Refused, match=Code.POLICY_LEAVES_GAP):
        policies.decide(over, later, today)


def test_what_has_its_default_is_not_written() -> None:
    """A version that uses nothing new is stored, hashed and signed as it was before."""
    written = a_policy().model_dump(mode="json")
    assert "stages" not in written
    assert "providers" not in written
    staged = a_policy(stages=(p.Stage(days=15),), fund="质保服务专款")
    again = p.PolicyTerms.model_validate_json(staged.model_dump_json())
    assert again == staged
    assert again.triggers == (p.Stage(days=15),)


CAR = p.ProductTerms(scope=p.Scope.PRINCIPAL, trigger_days=5, contribution_by_grade={"A": "2"})


def test_what_a_product_has_of_its_own_and_what_it_has_as_the_version_says() -> None:
    terms = a_policy(stages=(p.Stage(days=15),), products={"car": CAR, "house": {}})
    names = [each.version for each in terms.variants]
    assert names == ["v1", "v1.car", "v1.house"]
    car, house = terms.of("car"), terms.of("house")
    assert (car.scope, car.triggers) == (p.Scope.PRINCIPAL, (p.Stage(days=5, inclusive=False),))
    assert (car.contribution_by_grade, car.fee_by_grade) == ({"A": "2"}, {"A": "3"})
    assert house == terms.of(None).model_copy(update={"version": "v1.house"})
    assert terms.of(None).triggers == (p.Stage(days=15),)
    assert not any(each.products for each in terms.variants)
    assert p.PolicyTerms.model_validate_json(terms.model_dump_json()) == terms


@pytest.mark.parametrize("first", [True, False])
def test_no_two_have_one_name(first: bool) -> None:
    with_car = V1.model_copy(update={"products": {"car": CAR}})
    other = V2.model_copy(update={"version": "v1.car"})
    known, asked = (with_car, other) if first else (other, with_car)
    with pytest.raises(Refused, match=Code.POLICY_VERSION_TAKEN):
        policies.decide(published(known), asked, TODAY)


@pytest.mark.parametrize(
    ("grade", "changes", "contribution_fen", "fee_fen"),
    [
        ("A", {}, 100, 300),
        ("B", {}, 0, 0),  # A grade without a rate.
        ("A", {"accrual_frozen": True}, 0, 300),
        ("A", {"fee_by_grade": {"A": "0.5"}}, 50, 50),  # Out of the fee, never more than it.
        ("A", {"fee_by_grade": {}}, 0, 0),
    ],
)
def test_fee_and_contribution(
    grade: str, changes: dict[str, object], contribution_fen: int, fee_fen: int
) -> None:
    terms = a_policy(**changes)
    assert fees.contribution_fen(terms, grade, 100_00) == contribution_fen
    assert fees.service_fee_fen(terms, grade, 100_00) == fee_fen


@pytest.mark.parametrize(
    ("fen", "percent", "share_fen"),
    [(100, "0.5", 1), (99, "0.5", 0), (1, "50", 1), (10_000, "1.5", 150), (33, "1.000000", 0)],
)
def test_percent_of_rounds_half_up_once(fen: int, percent: str, share_fen: int) -> None:
    assert fees.percent_of(fen, percent) == share_fen


@given(st.integers(0, 10**15), st.sampled_from(("0", "1", "1.5", "99.999999")))
def test_percent_of_is_never_more_than_the_whole(fen: int, percent: str) -> None:
    assert 0 <= fees.percent_of(fen, percent) <= fen


@pytest.mark.parametrize(
    "changes",
    [
        {"cap": "100.5"},
        {"cap": "-1"},
        {"cap": "1."},
        {"cap": "１"},  # A digit, though not one of ours: it would go to the bank like that.
        {"trigger_days": -1},
        {"penalty_bands": "31-:0.04,1-30:0.03"},
        {"overdue_fee_bands": "x"},
        {"rounding": "down"},
        {"version": "v 1"},
        {"fee_by_grade": {"A": "1e1"}},
        {"unknown": 1},
        {"valid_until": date(2016, 12, 31)},
        {"providers": ()},
        {"providers": (p.Provider.RESERVE, p.Provider.RESERVE)},
        {"stages": (p.Stage(days=15), p.Stage(days=14, inclusive=False))},
        {"stages": (p.Stage(days=15, covers=p.Covers.PRINCIPAL), p.Stage(days=90))},
        {"floor": "11"},
        {"run_down": True},
        {"interest_runs_on": 366},
        {"ageing": "m1-m9"},
        {"collections": (ActionFrom(action=Action.SMS, from_days=1),) * 2},
        {"limits": {"loan_fen": 0}},
        {"products": {"a b": {}}},
        {"products": {"car": {"stages": ({"days": 15}, {"days": 14})}}},
        {"products": {"car": {"fund": "x"}}},
        {"products": {"car": {}}, "version": "v" * 29},
    ],
)
def test_bad_terms_are_bad_input(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(changes))):
        a_policy(**changes)
