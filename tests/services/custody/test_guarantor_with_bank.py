"""担保代偿 at both families of bank: advanced through the borrower, borne by both guarantors, and
paid back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.loan_guarantee import Contribution
from domain.policy import PolicyTerms, Provider
from domain.schedule import Method
from infra.postgres import EmbeddedPostgres
from infra.settings import BankFamily
from tests.exemplars import ANN, BEN, command
from tests.services.custody.town import DAY, PLATFORM, Town, join, opened_town

DUE, CONFIRMED = date(2018, 2, 5), date(2018, 2, 6)


@pytest.fixture(params=list(BankFamily), ids=lambda family: family.value)
def town(
    request: pytest.FixtureRequest, postgres: EmbeddedPostgres, database: str, tmp_path: Path
) -> Iterator[Town]:
    with opened_town(postgres, database, tmp_path, request.param) as town:
        yield town


def by_two(town: Town, type_: type[c.Command], **fields: object) -> None:
    signed = command(type_, platform=PLATFORM, **fields)
    (receipt,) = town.writer.submit([signed])
    assert receipt.outcome == "accepted", receipt


def guaranteed(town: Town) -> None:
    """bob owes ann and bea 1,000.00 and 10.00 of interest for a month, and gus and ned stand for
    him jointly."""
    town.do(c.OpenPlatform, business_date=DAY, law_table="none")
    terms = PolicyTerms(
        version="v1",
        valid_from=DAY,
        trigger_days=0,
        penalty_bands="1-:0",
        providers=(Provider.GUARANTOR, Provider.RESERVE),
    )
    town.do(c.PublishPolicy, terms=terms)
    by_two(town, c.AppointOperators, operators=(ANN.operator, BEN.operator))
    join(town, "ann", Role.INVESTOR, "1111", 60_000)
    join(town, "bea", Role.INVESTOR, "2222", 60_000)
    join(town, "bob", Role.BORROWER, "3333", 5_000)
    join(town, "gus", Role.GUARANTOR, "4444", 150_000)
    join(town, "ned", Role.GUARANTOR, "5555", 60_000)
    for guarantor_id in ("gus", "ned"):
        by_two(town, c.AppointGuarantor, guarantor_id=guarantor_id, limit_fen=1_000_000)
    town.do(
        c.RequestLoan,
        loan_id="L1",
        borrower_id="bob",
        amount_fen=100_000,
        annual_rate="12",
        periods=1,
        method=Method.BULLET,
        purpose="stock",
    )
    town.do(c.RateLoan, loan_id="L1", grade="A")
    for guarantor_id in ("gus", "ned"):
        agreed = {"guarantor_id": guarantor_id, "contribution": Contribution.AGREED}
        town.do(c.GuaranteeLoan, loan_id="L1", **agreed)
    town.do(c.PublishLoan, loan_id="L1", deadline=DAY)
    town.settle()
    for tender_id, investor_id in (("t1", "ann"), ("t2", "bea")):
        tender = {"tender_id": tender_id, "loan_id": "L1", "investor_id": investor_id}
        town.do(c.PlaceTender, amount_fen=50_000, **tender)
    town.settle()
    town.do(c.ConcludeLoan, loan_id="L1", contract_hash="a" * 64)
    town.do(c.DisburseLoan, loan_id="L1")
    town.settle()


def test_advanced_and_paid_back(town: Town) -> None:
    guaranteed(town)
    for _ in range((CONFIRMED - DAY).days):
        town.next_day()
    town.do(c.AssessLoan, loan_id="L1")
    before = town.book()
    town.do(c.RequestAdvance, advance_id="a1", guarantor_id="gus", loan_id="L1", period=1)
    town.settle()
    after = town.book()
    assert after["bob:borrower"] == before["bob:borrower"]  # Of his own nothing moved.
    assert after["gus:guarantor"] == (150_000 - 101_000, 0)
    assert after["ann:investor"] == after["bea:investor"] == (10_000 + 50_500, 0)
    town.check_bank()
    his_half = {"guarantor_id": "ned", "to": "gus"}
    town.do(c.ReimburseAdvance, reimbursement_id="r1", loan_id="L1", period=1, **his_half)
    town.settle()
    both = {name: town.book()[name] for name in ("gus:guarantor", "ned:guarantor")}
    assert both == {"gus:guarantor": (99_500, 0), "ned:guarantor": (9_500, 0)}
    town.check_bank()
    town.do(c.RepayLoan, payment_id="p1", loan_id="L1", amount_fen=101_000)
    town.settle()
    assert town.book()["gus:guarantor"] == (150_000, 0)
    assert town.book()["ned:guarantor"] == (60_000, 0)
    assert town.states("L-L1.finished")[-1] == "settled"
    town.check_bank()
