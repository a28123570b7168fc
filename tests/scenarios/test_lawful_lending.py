"""Who may get a loan or guarantee one: related parties, and what is owed elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from domain import commands as c
from domain.accounts import Role
from domain.refusals import Code
from tests.exemplars import TODAY
from tests.house import House
from tests.scenarios.asking import publish


def test_a_related_party_is_registered_by_two_people_and_gets_no_loan(
    new_house: Callable[..., House],
) -> None:
    house = new_house()
    house.open(law_table="cn-p2p")
    house.member("bob", Role.BORROWER)
    house.rated("LATE", "bob", 1_00)
    evidence = {"member_id": "bob", "evidence": "register of shareholders"}
    house.do(c.RegisterRelatedParty, **evidence)
    assert publish("LATE")(house) == Code.RELATED_PARTY
    house.do(c.RegisterRelatedParty, related=False, **evidence)
    house.do(c.PublishLoan, loan_id="LATE", deadline=TODAY)


def test_a_related_party_guarantees_no_loan(new_house: Callable[..., House]) -> None:
    house = new_house()
    house.open(law_table="cn-p2p")
    house.member("bob", Role.BORROWER)
    house.guarantor("gus", 1_00)
    house.rated("LATE", "bob", 1_00)
    named = {"loan_id": "LATE", "guarantor_id": "gus"}
    evidence = {"member_id": "gus", "evidence": "register of shareholders"}
    house.do(c.RegisterRelatedParty, **evidence)
    assert house.refused(c.GuaranteeLoan, **named) == Code.GUARANTOR_RELATED
    house.do(c.RegisterRelatedParty, related=False, **evidence)
    house.do(c.GuaranteeLoan, **named)
    house.do(c.RegisterRelatedParty, **evidence)
    assert publish("LATE")(house) == Code.GUARANTOR_RELATED
    house.do(c.RegisterRelatedParty, related=False, **evidence)
    house.do(c.PublishLoan, loan_id="LATE", deadline=TODAY)


def test_what_is_owed_elsewhere_counts_against_the_limit_over_all(
    new_house: Callable[..., House],
) -> None:
    house = new_house()
    house.open(law_table="cn-p2p")
    house.member("bob", Role.BORROWER)
    house.rated("MUCH", "bob", 1_00, owed_elsewhere_fen=1_000_000_00)
    assert publish("MUCH")(house) == Code.LEGAL_LIMIT_EXCEEDED
    house.rated("LESS", "bob", 1_00, owed_elsewhere_fen=999_999_00)
    house.do(c.PublishLoan, loan_id="LESS", deadline=TODAY)
