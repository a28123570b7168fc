"""The rules of conduct: each breach by its own code, and what the dates decide."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from domain.conduct import CONDUCT_TABLES, Conduct, Contact, Means, Outcome, Party, check
from domain.model import Refused
from domain.refusals import Code

STANDARD = CONDUCT_TABLES["cn-consumer"]
IN_FORCE = STANDARD.on(date(2025, 3, 1))
NOBODY_ELSE: dict[str, Any] = {"calls_that_day": 0, "debtor_reachable": True, "declined": False}
LOST: dict[str, Any] = NOBODY_ELSE | {"debtor_reachable": False}


def a_contact(**changes: Any) -> Contact:
    usual: dict[str, Any] = {
        "means": Means.CALL,
        "party": Party.DEBTOR,
        "local": time(10),
        "outcome": Outcome.REACHED,
        "asks_to_pay": True,
        "tells_of_debt": False,
        "agreed": False,
    }
    return Contact(**usual | changes)


def a_friend(**changes: Any) -> Contact:
    return a_contact(party=Party.CONTACT, asks_to_pay=False)._replace(**changes)


def refused(contact: Contact, known: dict[str, Any], conduct: Conduct | None = IN_FORCE) -> str:
    with pytest.raises(Refused) as caught:
        check(conduct, contact, **known)
    return caught.value.code


@pytest.mark.parametrize("local", [time(22), time(23, 59, 59), time(0), time(7, 59, 59)])
@pytest.mark.parametrize("means", [Means.CALL, Means.SMS, Means.VISIT])
def test_nobody_is_disturbed_at_night(local: time, means: Means) -> None:
    contact = a_contact(local=local, means=means)
    assert refused(contact, NOBODY_ELSE) == Code.CONTACT_AT_NIGHT
    check(IN_FORCE, contact._replace(agreed=True), **NOBODY_ELSE)


@pytest.mark.parametrize("local", [time(8), time(21, 59, 59)])
def test_the_day_is_from_eight_to_ten(local: time) -> None:
    check(IN_FORCE, a_contact(local=local), **NOBODY_ELSE)


def test_a_letter_wakes_nobody() -> None:
    letter = a_contact(local=time(23), means=Means.LETTER, outcome=Outcome.DELIVERED)
    check(IN_FORCE, letter, **NOBODY_ELSE)


@pytest.mark.parametrize("outcome", [Outcome.REACHED, Outcome.DECLINED])
def test_the_fourth_effective_call_is_one_too_many(outcome: Outcome) -> None:
    contact = a_contact(outcome=outcome)
    check(IN_FORCE, contact, **NOBODY_ELSE | {"calls_that_day": 2})
    assert refused(contact, NOBODY_ELSE | {"calls_that_day": 3}) == Code.CALLS_TOO_MANY


@pytest.mark.parametrize(
    "change", [{"outcome": Outcome.NOT_REACHED}, {"means": Means.SMS}, {"means": Means.VISIT}]
)
def test_only_effective_calls_count(change: dict[str, Any]) -> None:
    check(IN_FORCE, a_contact(**change), **NOBODY_ELSE | {"calls_that_day": 3})


@pytest.mark.parametrize(
    ("contact", "known", "code"),
    [
        (a_friend(asks_to_pay=True), LOST, Code.ASKED_WHO_OWES_NOTHING),
        (a_friend(tells_of_debt=True), LOST, Code.DEBT_DISCLOSED),
        (a_friend(), LOST | {"declined": True}, Code.CONTACT_DECLINED),
        (a_friend(), NOBODY_ELSE, Code.DEBTOR_REACHABLE),
    ],
)
def test_others_help_to_find_who_is_lost_and_no_more(
    contact: Contact, known: dict[str, Any], code: Code
) -> None:
    assert refused(contact, known) == code


def test_a_friend_of_who_is_lost_may_be_asked() -> None:
    check(IN_FORCE, a_friend(), **LOST)


def test_a_guarantor_is_asked_to_pay() -> None:
    check(IN_FORCE, a_contact(party=Party.GUARANTOR, tells_of_debt=True), **NOBODY_ELSE)


def test_the_standard_is_of_march_2025() -> None:
    assert STANDARD.on(date(2025, 2, 28)) is None
    assert Conduct(time(22), time(8), 3) == IN_FORCE
    worst = a_friend(local=time(3), asks_to_pay=True, tells_of_debt=True)
    check(STANDARD.on(date(2025, 2, 28)), worst, **NOBODY_ELSE | {"calls_that_day": 99})
    assert CONDUCT_TABLES["none"].on(date(2030, 1, 1)) is None
