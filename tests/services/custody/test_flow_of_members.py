"""From an event about a member to the bank and back: accounts, cards, authorisations, visits."""

from __future__ import annotations

from domain.accounts import Role
from domain.authorisation import AuthorisationCancelling, AuthorisationRequested
from domain.authorisation import Kind as Authorised
from domain.bank_requests import (
    Authorise,
    BindCard,
    ChangePhone,
    CheckPassword,
    EndAuthorisation,
    OpenAccount,
    ResetPassword,
)
from domain.commands import (
    ConfirmAccount,
    ConfirmAuthorisation,
    ConfirmBinding,
    ConfirmVisit,
    RefuseAuthorisationEnd,
    RefuseVisit,
)
from domain.member import UnbindingRefused
from domain.visit import Errand, VisitRequested
from tests.services.custody import world as w
from tests.services.custody.conftest import House


def test_an_account_is_opened_for_each_role_and_confirmed(house: House) -> None:
    house.log.append(w.registered("ann", Role.INVESTOR, Role.BORROWER))
    house.run()
    assert {type(each) for each in house.bank.sent} == {OpenAccount}
    assert sorted(house.bank.numbers) == ["A-ann-borrower", "A-ann-investor"]
    confirmed = house.writer.taken["account:ann:borrower"]
    assert isinstance(confirmed, ConfirmAccount)
    assert (confirmed.role, confirmed.correlation_id) == (Role.BORROWER, "k1")


def test_personal_data_reach_the_bank_and_stay_out_of_the_journal(house: House) -> None:
    house.log.append(w.registered("ann"), w.binding("ann"))
    house.run()
    opened, bind = house.bank.sent
    assert isinstance(opened, OpenAccount)
    assert (opened.name, opened.id_no) == ("某人", "110101199001011234")
    assert isinstance(bind, BindCard)
    text = str(house.rows("SELECT * FROM request")) + str(house.rows("SELECT * FROM request_step"))
    for secret in (opened.name, opened.id_no, opened.phone, bind.card_no):
        assert secret not in text


def test_a_card_that_two_members_name_alike_is_two_cards(house: House) -> None:
    house.log.append(w.registered("ann"), w.binding("ann"), w.registered("bea"), w.binding("bea"))
    house.run()
    cards = [each for each in house.bank.sent if isinstance(each, BindCard)]
    assert {each.request_no: each.account for each in cards} == {
        "B-b1": "ann:investor",
        "B-b1:2": "bea:investor",
    }
    confirmed = house.writer.taken["binding:b1:2"]
    assert isinstance(confirmed, ConfirmBinding)
    assert (confirmed.member_id, confirmed.binding_id) == ("bea", "b1")


def test_an_authorisation_and_its_end_have_the_members_next_numbers(house: House) -> None:
    asked = AuthorisationRequested(
        member_id="ann", number=1, kind=Authorised.TENDER, ends_on=w.DAY, limit_fen=500
    )
    ending = AuthorisationCancelling(
        member_id="ann", number=1, kind=Authorised.TENDER, cancellation=2
    )
    house.log.append(w.registered("ann"), asked, ending)
    house.bank.answers["G-ann-2"] = [w.REFUSED]
    house.run()
    assert house.bank.sent[1:] == [
        Authorise("G-ann-1", "ann:investor", Authorised.TENDER, w.DAY, 500),
        EndAuthorisation("G-ann-2", "ann:investor", Authorised.TENDER),
    ]
    granted = house.writer.taken["authorisation:ann-1"]
    assert isinstance(granted, ConfirmAuthorisation)
    assert (granted.member_id, granted.number) == ("ann", 1)
    kept = house.writer.taken["authorisation:ann-2"]
    assert isinstance(kept, RefuseAuthorisationEnd)
    assert (kept.number, kept.bank_code) == (1, "100014")


def test_an_authorisation_for_cash_is_of_the_account_that_it_names(house: House) -> None:
    asked = AuthorisationRequested(
        member_id="ann",
        number=1,
        kind=Authorised.WITHDRAWAL,
        ends_on=w.DAY,
        limit_fen=500,
        role=Role.BORROWER,
    )
    house.log.append(w.registered("ann"), asked)
    house.run()
    assert house.bank.sent[1:] == [
        Authorise("G-ann-1", "ann:borrower", Authorised.WITHDRAWAL, w.DAY, 500)
    ]


def test_a_member_is_led_to_the_banks_page_and_the_bank_says_what_came_of_it(house: House) -> None:
    errands = (Errand.CHANGE_PHONE, Errand.RESET_PASSWORD, Errand.CHECK_PASSWORD)
    visits = [
        VisitRequested(
            member_id="ann",
            number=number,
            errand=errand,
            role=Role.INVESTOR,
            phone_ref="card-b1" if errand is Errand.CHANGE_PHONE else None,
        )
        for number, errand in enumerate(errands, start=1)
    ]
    house.log.append(w.registered("ann"), *visits)
    house.bank.answers["M-ann-3"] = [w.REFUSED]
    house.run()
    changed, reset, checked = house.bank.sent[1:]
    assert isinstance(changed, ChangePhone)
    assert (changed.request_no, changed.phone) == ("M-ann-1", "13800000000")
    assert [reset, checked] == [
        ResetPassword("M-ann-2", "ann:investor"),
        CheckPassword("M-ann-3", "ann:investor"),
    ]
    assert changed.phone not in str(house.rows("SELECT * FROM request"))
    assert {name: type(said) for name, said in house.writer.taken.items() if "visit" in name} == {
        "visit:ann-1": ConfirmVisit,
        "visit:ann-2": ConfirmVisit,
        "visit:ann-3": RefuseVisit,
    }


def test_each_unbinding_is_a_request_of_its_own(house: House) -> None:
    house.log.append(*w.member_with_card("ann"))
    house.log.append(w.unbinding("ann"))
    custody = house.run()
    house.log.append(UnbindingRefused(member_id="ann", binding_id="b1", bank_code="x"))
    house.log.append(w.unbinding("ann"))
    house.run(custody)
    assert house.bank.numbers[-2:] == ["U-b1", "U-b1.2"]
    assert {"unbinding:b1", "unbinding:b1.2"} <= set(house.writer.ids)


def test_erased_personal_data_refuse_what_was_not_sent(house: House) -> None:
    house.vault.erased.add("identity-ann")
    house.log.append(w.registered("ann"))
    house.run()
    assert house.bank.sent == []
    assert house.writer.taken["account:ann:investor"].type == "refuse_account"
