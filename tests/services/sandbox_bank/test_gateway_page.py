"""The member at the bank's page: walked as a browser would, against the real process."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.sandbox_bank.database import connect
from tests.services.sandbox_bank.bank_process import BankProcess, Receiver, fresh
from tests.services.sandbox_bank.browser import BACK, PASSWORD, PERSON, Browser
from tests.services.sandbox_bank.members import balance, bind, member, recharge


def test_a_member_opens_an_account_and_goes_back(browser: Browser, receiver: Receiver) -> None:
    request_no, no = fresh(), fresh("U")
    asked = browser.go(
        "PERSONAL_REGISTER_EXPAND",
        requestNo=request_no,
        platformUserNo=no,
        bankcardNo="6222021234567890",
        **PERSON,
    )
    assert (asked.status, asked.buttons) == (200, ["confirm", "cancel"])
    assert {"password", "again"} <= asked.inputs.keys()
    assert "欧**" in asked.text
    assert "**** 7890" in asked.text
    for secret in ("欧阳", "锋", "6222021234567890", "110101199003077715", "13900000000"):
        assert secret not in asked.text
    assert browser.bank.record("REGISTER", request_no)["status"] == "INIT"

    ended = browser.confirm(asked)
    told = {"code": "0", "status": "SUCCESS", "requestNo": request_no, "platformUserNo": no}
    assert browser.word(ended) == told | {"transactionDate": "20180105"}
    assert ended.inputs["serviceName"] == "PERSONAL_REGISTER_EXPAND"
    assert receiver.wait_for(request_no) == browser.word(ended)
    assert browser.bank.record("REGISTER", request_no)["status"] == "SUCCESS"


def test_a_member_cancels_without_a_password(browser: Browser, receiver: Receiver) -> None:
    no, request_no = member(browser.bank, "INVESTOR"), fresh()
    asked = browser.go("RECHARGE", requestNo=request_no, platformUserNo=no, amount="10.00")
    ended = browser.press(asked, "cancel")
    word = browser.word(ended)
    assert (word["code"], word["errorCode"], word["errorMessage"]) == (
        "1",
        "100008",
        "用户确认失败",
    )
    assert receiver.wait_for(request_no) == word
    assert browser.bank.record("RECHARGE", request_no)["status"] == "FAIL"
    assert balance(browser.bank, no) == ("0.00", "0.00")


def test_another_phone_is_shown_in_part(browser: Browser) -> None:
    no, _ = browser.opened()
    asked = {"requestNo": fresh(), "platformUserNo": no, "mobile": "13700001111"}
    page = browser.go("MODIFY_MOBILE_EXPAND", **asked)
    assert "**** 1111" in page.text
    assert "13700001111" not in page.text
    browser.word(browser.confirm(page))
    with connect(browser.bank.database) as db:
        assert db.execute("SELECT mobile FROM account WHERE no = %s", (no,)).fetchall() == [
            ("13700001111",)
        ]


def test_nothing_of_a_member_is_logged(browser: Browser) -> None:
    browser.opened()
    browser.bank.process.terminate()
    said = "".join(browser.bank.process.communicate(timeout=60))
    assert not [each for each in (PASSWORD, *PERSON.values()) if each in said]


def test_confirming_twice_does_it_once_and_says_so_twice(browser: Browser) -> None:
    no = member(browser.bank, "INVESTOR")
    asked = browser.go("RECHARGE", requestNo=fresh(), platformUserNo=no, amount="10.00")
    first, second = browser.confirm(asked), browser.confirm(asked)
    assert browser.word(first) == browser.word(second)
    late = browser.press(asked, "cancel")
    assert browser.word(late) == browser.word(first)
    assert balance(browser.bank, no) == ("10.00", "0.00")


def test_a_reloaded_page_takes_the_place_of_the_one_before(browser: Browser) -> None:
    no, request_no = member(browser.bank, "INVESTOR"), fresh()
    given = {"requestNo": request_no, "platformUserNo": no, "amount": "10.00"}
    first, second = browser.go("RECHARGE", **given), browser.go("RECHARGE", **given)
    assert browser.confirm(first).status == 410
    assert browser.bank.record("RECHARGE", request_no)["status"] == "PENDDING"
    ended = browser.confirm(second)
    assert browser.word(browser.go("RECHARGE", **given)) == browser.word(ended)
    assert balance(browser.bank, no) == ("10.00", "0.00")


def test_a_token_is_good_for_its_own_request_only(browser: Browser) -> None:
    no, other_no = member(browser.bank, "INVESTOR"), fresh()
    mine = browser.go("RECHARGE", requestNo=fresh(), platformUserNo=no, amount="1.00")
    browser.go("RECHARGE", requestNo=other_no, platformUserNo=no, amount="999.00")
    typed = {"password": PASSWORD, "again": PASSWORD}
    for forged in (
        {**mine.inputs, "requestNo": other_no},
        {**mine.inputs, "requestNo": "R-unknown"},
        {**mine.inputs, "token": ""},
    ):
        assert browser.post(mine.action, {**forged, **typed, "decision": "confirm"}).status == 410
    for unreadable in ({**mine.inputs, "decision": "maybe"}, {"requestNo": "\x00"}, {}):
        assert browser.post(mine.action, unreadable).status == 400
    assert balance(browser.bank, no) == ("0.00", "0.00")
    browser.word(browser.confirm(mine))


@pytest.mark.parametrize(
    ("given", "later"),
    [({}, "12:10:00"), ({"expired": "20180105120300"}, "12:03:00")],
    ids=["ten minutes", "what the platform says"],
)
def test_a_page_has_its_time(browser: Browser, given: dict[str, str], later: str) -> None:
    no, request_no = member(browser.bank, "INVESTOR"), fresh()
    asked = browser.go("RECHARGE", requestNo=request_no, platformUserNo=no, amount="1.00", **given)
    browser.bank.control("clock", now=f"2018-01-05T{later}+08:00")
    assert browser.confirm(asked).status == 410
    assert browser.press(asked, "cancel").status == 410
    assert browser.bank.record("RECHARGE", request_no)["status"] == "PENDDING"
    again = browser.go("RECHARGE", requestNo=request_no, platformUserNo=no, amount="1.00", **given)
    assert again.status == (410 if given else 200)


def test_what_comes_past_its_time_leaves_no_trace(browser: Browser) -> None:
    given = {"requestNo": fresh(), "platformUserNo": member(browser.bank, "INVESTOR")}
    late = browser.go("RECHARGE", amount="1.00", expired="20180105115900", **given)
    assert late.status == 410
    assert browser.go("RECHARGE", amount="1.00", **given).status == 200


def test_a_known_number_with_other_content_is_refused(browser: Browser) -> None:
    given = {"requestNo": fresh(), "platformUserNo": member(browser.bank, "INVESTOR")}
    asked = browser.go("RECHARGE", amount="1.00", **given)
    for changed in ({"amount": "2.00"}, {"amount": "1.00", "redirectUrl": "https://evil.example"}):
        other = browser.go("RECHARGE", **given, **changed)
        assert (other.status, "100013" in other.text) == (400, True)
    assert browser.go("WITHDRAW", amount="1.00", withdrawType="NORMAL", **given).status == 400
    assert browser.word(browser.confirm(asked))["amount"] == "1.00"


def test_what_the_bank_refuses_at_once_is_told_both_ways(
    browser: Browser, receiver: Receiver
) -> None:
    request_no = fresh()
    page = browser.go("RECHARGE", requestNo=request_no, platformUserNo="U-nobody", amount="1.00")
    assert browser.word(page)["errorCode"] == "100009"
    assert receiver.wait_for(request_no) == browser.word(page)


def test_a_forged_or_unreadable_form_gets_a_page_and_leaves_no_trace(browser: Browser) -> None:
    no = member(browser.bank, "INVESTOR")
    given = {"requestNo": fresh(), "platformUserNo": no, "amount": "1.00"}
    for wrong in ({"redirectUrl": "javascript:alert(1)"}, {"expired": "soon"}):
        page = browser.go("RECHARGE", **given, **wrong)
        assert (page.status, "100002" in page.text) == (400, True)
    for page in (browser.go("<b>RECHARGE", **given), browser.post("/gateway", {"sign": "x"})):
        assert (page.status, "<b>" in page.text, page.action) == (400, False, "")
    assert browser.go("RECHARGE", **given).status == 200


def test_a_withdrawal_that_is_under_way_is_no_success_yet(
    browser: Browser, receiver: Receiver
) -> None:
    no, request_no = member(browser.bank, "INVESTOR", "50.00", card="6222021234567890"), fresh()
    asked = browser.go(
        "WITHDRAW", requestNo=request_no, platformUserNo=no, amount="20.00", withdrawType="NORMAL"
    )
    assert "**** 7890" in asked.text
    ended = browser.confirm(asked)
    assert browser.word(ended) == {"code": "0", "status": "INIT", "requestNo": request_no}
    assert balance(browser.bank, no) == ("30.00", "20.00")
    browser.bank.control("clock", now="2018-01-06T09:00:00+08:00")
    assert receiver.wait_for(request_no)["status"] == "SUCCESS"


def test_what_the_platform_says_is_shown_as_text(browser: Browser) -> None:
    asked = browser.go(
        "PERSONAL_REGISTER_EXPAND", requestNo="<i>'1'", platformUserNo="<i>U</i>", **PERSON
    )
    assert "<i>" not in asked.text
    assert "&lt;i&gt;U&lt;/i&gt;" in asked.text
    assert browser.word(browser.confirm(asked))["platformUserNo"] == "<i>U</i>"


def test_a_card_that_is_not_the_members_opens_no_account(browser: Browser) -> None:
    no, ended = browser.opened(bankcardNo="6222021234560001")
    assert browser.word(ended)["errorMessage"] == "四要素验证失败"
    assert (
        browser.bank.service("QUERY_USER_INFORMATION", platformUserNo=no)["errorCode"] == "100009"
    )


def test_a_card_is_bound_and_a_tender_authorised(browser: Browser) -> None:
    no, _ = browser.opened()
    card = {"bankcardNo": "6222021234567890", "bankcode": "ICBC", "mobile": "13900000000"}
    asked = browser.go("PERSONAL_BIND_BANKCARD", requestNo=fresh(), platformUserNo=no, **card)
    assert "13900000000" not in asked.text
    browser.word(browser.confirm(asked))
    terms = {"authList": "TENDER", "failTime": "20191231", "amount": "5000.00"}
    asked = browser.go("USER_AUTHORIZATION", requestNo=fresh(), platformUserNo=no, **terms)
    assert all(term in asked.text for term in terms.values())
    assert browser.word(browser.confirm(asked))["status"] == "SUCCESS"
    told = browser.bank.service("QUERY_USER_INFORMATION", platformUserNo=no)
    assert told["bankcardNo"] == card["bankcardNo"]


def test_a_platform_that_calls_by_itself_gets_json_as_ever(browser: Browser) -> None:
    no = member(browser.bank, "INVESTOR")
    recharge(browser.bank, no, "10.00")
    assert balance(browser.bank, no) == ("10.00", "0.00")
    assert browser.bank.record("BIND_CARD", bind(browser.bank, no, "6222021234567890"))


def test_a_request_that_a_platform_left_waiting_is_confirmed_at_the_page(
    start_bank: Callable[..., BankProcess],
) -> None:
    browser = Browser(start_bank(["--auto-complete", "off"]))
    given = {"requestNo": fresh(), "platformUserNo": "SYS_GENERATE_001", "amount": "1.00"}
    browser.bank.gateway("RECHARGE", redirectUrl=BACK, **given)
    page = browser.go("RECHARGE", **given)
    browser.bank.control("complete", requestNo=given["requestNo"], result="SUCCESS")
    assert browser.word(browser.confirm(page))["status"] == "SUCCESS"
    assert balance(browser.bank, "SYS_GENERATE_001") == ("1.00", "0.00")


def test_a_page_outlives_a_restart(start_bank: Callable[..., BankProcess]) -> None:
    bank = start_bank()
    browser = Browser(bank)
    no = member(bank, "INVESTOR")
    asked = browser.go("RECHARGE", requestNo=fresh(), platformUserNo=no, amount="1.00")
    bank.stop(9)
    bank.start()
    assert browser.word(browser.confirm(asked))["status"] == "SUCCESS"
    assert balance(bank, no) == ("1.00", "0.00")


def test_the_page_is_closed_for_maintenance(start_bank: Callable[..., BankProcess]) -> None:
    browser = Browser(start_bank(["--maintenance", "12:05-12:30"]))
    no, request_no = member(browser.bank, "INVESTOR"), fresh()
    asked = browser.go("RECHARGE", requestNo=request_no, platformUserNo=no, amount="1.00")
    browser.bank.control("clock", now="2018-01-05T12:06:00+08:00")
    closed = browser.confirm(asked)
    assert (closed.status, "maintenance" in closed.text) == (503, True)
    closed = browser.go("RECHARGE", requestNo=fresh(), platformUserNo=no, amount="1.00")
    assert (closed.status, "100005" in closed.text) == (503, True)
    assert balance_fen(browser.bank, no) == 0


def balance_fen(bank: BankProcess, no: str) -> int:
    """By the stand-in's own control, which is open when the bank is not."""
    return int(bank.control("balances")[no]["available_fen"])
