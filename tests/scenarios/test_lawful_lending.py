"""Who may get a loan or guarantee one: related parties, and what is owed elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from domain import commands as c
from domain.accounts import Role
from domain.policy import PolicyTerms, Provider
from domain.refusals import Code
from tests.exemplars import TODAY, a_policy
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


def test_what_is_published_is_lawful_on_each_day_on_which_it_may_be_filled(
    new_house: Callable[..., House],
) -> None:
    """The measures bind from 24 August 2016. A policy that ends before that is not held to them."""
    house = new_house(today=date(2016, 8, 20))
    house.do(c.OpenPlatform, business_date=house.today, law_table="cn-p2p")
    house.appoint()
    ours = a_policy(valid_from=house.today, providers=(Provider.PLATFORM,))
    house.do(c.PublishPolicy, terms=ours)
    house.member("bob", Role.BORROWER)
    house.member("rob", Role.BORROWER)
    house.guarantor("plat", 1_00)
    named = {"plat": {"stands_as": Provider.PLATFORM}}
    for loan_id, borrower in (("A", "bob"), ("B", "bob"), ("R", "rob"), ("S", "bob")):
        house.rated(loan_id, borrower, 1_00, guarantors=named)
    evidence = "register of shareholders"
    house.do(c.RegisterRelatedParty, member_id="rob", evidence=evidence)
    last, after = date(2016, 8, 23), date(2016, 8, 24)
    assert publish("A", after)(house) == Code.POLICY_UNLAWFUL
    house.do(c.PublishLoan, loan_id="A", deadline=last)
    assert publish("R", after)(house) == Code.RELATED_PARTY
    house.do(c.PublishLoan, loan_id="R", deadline=last)
    house.do(c.PublishPolicy, terms=a_policy(version="v2", valid_from=after))
    house.do(c.PublishLoan, loan_id="B", deadline=after)
    house.do(c.RegisterRelatedParty, member_id="plat", evidence=evidence)
    assert publish("S", after)(house) == Code.GUARANTOR_RELATED
    house.do(c.PublishLoan, loan_id="S", deadline=last)


def test_what_a_policy_says_of_a_product_is_lawful_too(new_house: Callable[..., House]) -> None:
    """Nothing new into a reserve, from 8 December 2017 on."""
    house = new_house()
    house.do(c.OpenPlatform, business_date=house.today, law_table="cn-p2p-57")

    def terms(**car: Any) -> PolicyTerms:
        own = {"contribution_by_grade": {}, "products": {"car": car}}
        return a_policy(valid_from=house.today, **own)

    paying = terms(contribution_by_grade={"A": "1"})
    assert house.refused(c.PublishPolicy, terms=paying) == Code.POLICY_UNLAWFUL
    house.do(c.PublishPolicy, terms=terms(fee_by_grade={"A": "2"}))


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
