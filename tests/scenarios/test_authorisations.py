"""What a member has authorised at the bank, from his page to each use of it, through the writer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from domain import commands as c
from domain.accounts import Role
from domain.authorisation import Kind
from domain.cashbook import EntryRequested
from domain.refusals import Code
from tests.exemplars import TODAY
from tests.house import House

NewHouse = Callable[..., House]


def opened(new_house: NewHouse, *, required: bool) -> House:
    house = new_house()
    house.open()
    house.do(c.SetMemberRules, authorisations_required=required)
    house.member("lucy", Role.INVESTOR, 10_000)
    house.member("bob", Role.BORROWER, 10_000)
    house.published("L1", "bob", 5_000)
    return house


def authorise(house: House, member_id: str, kind: Kind, fen: int, number: int = 1) -> None:
    asked: dict[str, Any] = {"kind": kind, "ends_on": TODAY + timedelta(days=2), "limit_fen": fen}
    house.do(c.RequestAuthorisation, member_id=member_id, **asked)
    house.do(c.ConfirmAuthorisation, member_id=member_id, number=number)


def tender(tender_id: str, fen: int) -> dict[str, Any]:
    return {"tender_id": tender_id, "loan_id": "L1", "investor_id": "lucy", "amount_fen": fen}


def repayment(payment_id: str, fen: int) -> dict[str, Any]:
    return {"payment_id": payment_id, "loan_id": "L1", "amount_fen": fen}


def test_an_automatic_tender_keeps_to_what_was_authorised(new_house: NewHouse) -> None:
    house = opened(new_house, required=True)
    assert house.refused(c.PlaceTender, **tender("t1", 1)) == Code.AUTHORISATION_MISSING
    authorise(house, "lucy", Kind.TENDER, 1_000)
    assert house.refused(c.PlaceTender, **tender("t1", 1_001)) == Code.AUTHORISATION_EXCEEDED
    house.do(c.PlaceTender, **tender("t1", 1_000))
    house.roll_to(TODAY + timedelta(days=2))
    house.do(c.PlaceTender, **tender("t2", 1_000))
    house.roll_to(TODAY + timedelta(days=3))
    assert house.refused(c.PlaceTender, **tender("t3", 1_000)) == Code.AUTHORISATION_ENDED
    assert house.balances()["lucy:investor"] == (8_000, 2_000)


def test_it_is_not_used_any_more_once_it_is_cancelled(new_house: NewHouse) -> None:
    house = opened(new_house, required=False)
    house.do(c.PlaceTender, **tender("t1", 1_000))  # Authorised at the counter, as it was ever.
    authorise(house, "lucy", Kind.TENDER, 1_000)
    house.do(c.CancelAuthorisation, member_id="lucy", kind=Kind.TENDER)
    assert house.refused(c.PlaceTender, **tender("t2", 1)) == Code.AUTHORISATION_MISSING
    house.do(c.RefuseAuthorisationEnd, member_id="lucy", number=1, bank_code="E1")
    house.do(c.PlaceTender, **tender("t2", 1))
    house.do(c.CancelAuthorisation, member_id="lucy", kind=Kind.TENDER)
    house.do(c.ConfirmAuthorisationEnd, member_id="lucy", number=1)
    house.writer.close()
    house.writer = house.new_writer()  # It knows only what is stored.
    assert house.refused(c.PlaceTender, **tender("t3", 1)) == Code.AUTHORISATION_MISSING
    authorise(house, "lucy", Kind.TENDER, 1, number=4)
    house.do(c.PlaceTender, **tender("t3", 1))


def test_an_automatic_repayment_keeps_to_what_was_authorised(new_house: NewHouse) -> None:
    house = opened(new_house, required=False)
    house.lend("L2", "bob", {"lucy": 1_000})
    house.do(c.SetMemberRules, authorisations_required=True)
    early = {"loan_id": "L2", "in_full": True}
    asked = {**repayment("p1", 1_100), **early}
    assert house.refused(c.RepayLoan, **asked) == Code.AUTHORISATION_MISSING
    authorise(house, "bob", Kind.REPAYMENT, 1_099)
    assert house.refused(c.RepayLoan, **asked) == Code.AUTHORISATION_EXCEEDED
    authorise(house, "bob", Kind.REPAYMENT, 1_100, number=2)
    house.do(c.RepayLoan, **asked)
    assert house.balances()["bob:borrower"][1] == 1_100


def test_the_member_himself_needs_none(new_house: NewHouse) -> None:
    house = opened(new_house, required=True)
    house.do(c.PlaceTender, **tender("t1", 1_000), by_member=True)
    assert [each.by_member for each in house.of(EntryRequested)][-1] is True


def test_money_comes_and_goes_without_him_only_as_he_has_authorised(new_house: NewHouse) -> None:
    """Nobody is taken to have allowed it at the counter, and the card is as bound as ever."""
    house = opened(new_house, required=False)
    lucy: dict[str, Any] = {"member_id": "lucy", "role": Role.INVESTOR, "by_member": False}
    into = {**lucy, "recharge_id": "r1", "amount_fen": 101}
    out = {**lucy, "withdrawal_id": "w1", "binding_id": "b1", "amount_fen": 101}
    assert house.refused(c.RequestRecharge, **into) == Code.AUTHORISATION_MISSING
    house.bind("lucy", Role.INVESTOR, "b1")
    assert house.refused(c.RequestWithdrawal, **out) == Code.AUTHORISATION_MISSING
    for number, kind in enumerate((Kind.RECHARGE, Kind.WITHDRAWAL), start=1):
        terms = {"kind": kind, "role": Role.INVESTOR, "ends_on": TODAY, "limit_fen": 100}
        house.do(c.RequestAuthorisation, member_id="lucy", **terms)
        house.do(c.ConfirmAuthorisation, member_id="lucy", number=number)
    asked: tuple[tuple[type[c.Command], dict[str, Any]], ...] = (
        (c.RequestRecharge, into),
        (c.RequestWithdrawal, out),
    )
    for command, fields in asked:
        assert house.refused(command, **fields) == Code.AUTHORISATION_EXCEEDED
        house.do(command, **fields | {"amount_fen": 100})
    assert [each.by_member for each in house.of(EntryRequested)][-2:] == [False, False]
    other = out | {"withdrawal_id": "w2", "amount_fen": 1, "binding_id": "b9"}
    assert house.refused(c.RequestWithdrawal, **other) == Code.BANK_ACCOUNT_NOT_OWN
    house.roll_to(TODAY + timedelta(days=1))
    late = out | {"withdrawal_id": "w2", "amount_fen": 1}
    assert house.refused(c.RequestWithdrawal, **late) == Code.AUTHORISATION_ENDED


def test_another_role_cannot_authorise_it(new_house: NewHouse) -> None:
    house = opened(new_house, required=False)
    asked = {"member_id": "lucy", "ends_on": TODAY, "limit_fen": 1}
    code = house.refused(c.RequestAuthorisation, kind=Kind.REPAYMENT, **asked)
    assert code == Code.ROLE_MISSING
