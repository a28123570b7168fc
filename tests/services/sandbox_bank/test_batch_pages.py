"""The batch family's pages: walked as a browser would, against the real process."""

from __future__ import annotations

import pytest

from tests.services.sandbox_bank.bank_process import fresh
from tests.services.sandbox_bank.batch_platform import PAGE, Fields, Hearing, Platform
from tests.services.sandbox_bank.browser import BACK, PASSWORD, Browser, Seen


@pytest.fixture
def browser(platform: Platform) -> Browser:
    return Browser(platform.bank)


def go(browser: Browser, platform: Platform, tx_code: str, **fields: str) -> Seen:
    """The platform's message, posted as a form by the member's browser."""
    return browser.post(PAGE, signed(platform, tx_code, **fields))


def signed(platform: Platform, tx_code: str, **fields: str) -> Fields:
    message = platform.header(tx_code) | {"notifyUrl": platform.hearing.url, "retUrl": BACK}
    message |= fields
    return message | {"sign": platform.sign(message)}


def opening(user_no: str, order: str) -> Fields:
    return {
        "orderId": order,
        "userNo": user_no,
        "acctUse": "00000",
        "identity": "1",
        "idType": "01",
        "idNo": "110101199001011237",
        "name": "张三",
        "mobile": "13800000000",
    }


def test_a_member_opens_an_account_and_goes_back(
    browser: Browser, platform: Platform, hearing: Hearing
) -> None:
    user_no, order = fresh("U"), fresh()
    asked = go(browser, platform, "accountOpenPage", **opening(user_no, order))
    assert (asked.status, asked.buttons) == (200, ["confirm", "cancel"])
    assert "张**" in asked.text
    assert not [
        each for each in ("张三", "110101199001011237", "13800000000") if each in asked.text
    ]
    assert "accountId" not in platform.call("accountIdQuery", userNo=user_no)
    ended = browser.confirm(asked)
    assert (ended.status, ended.action, ended.inputs) == (200, BACK, {})
    number = platform.call("accountIdQuery", userNo=user_no)["accountId"]
    assert hearing.next(orderId=order)["accountId"] == number
    again = go(browser, platform, "accountOpenPage", **opening(user_no, order))
    assert (again.action, "Done" in again.text) == (BACK, True)


def test_money_comes_only_with_the_password(
    browser: Browser, platform: Platform, hearing: Hearing
) -> None:
    account, order = platform.member("1"), fresh()
    paid = {"orderId": order, "accountId": account, "txAmount": "10.00"}
    asked = go(browser, platform, "directRechargePage", **paid)
    assert "again" in asked.inputs
    assert "10.00" in asked.text
    assert platform.holds(account) == ("0.00", "0.00")
    browser.confirm(asked)
    assert platform.holds(account) == ("10.00", "10.00")
    assert hearing.next(orderId=order)["retCode"] == "00000000"
    second = go(browser, platform, "directRechargePage", **paid | {"orderId": fresh()})
    assert "Wrong" in browser.confirm(second, "not my password").text
    assert platform.holds(account) == ("10.00", "10.00")


def test_a_member_who_cancels_pays_nothing(
    browser: Browser, platform: Platform, hearing: Hearing
) -> None:
    account, order = platform.member("1"), fresh()
    paid = {"orderId": order, "accountId": account, "txAmount": "10.00"}
    ended = browser.press(go(browser, platform, "directRechargePage", **paid), "cancel")
    assert (ended.action, "Not done" in ended.text) == (BACK, True)
    assert hearing.next(orderId=order)["retCode"] == "CA100008"
    assert platform.holds(account) == ("0.00", "0.00")


def test_the_same_form_again_shows_the_page_anew(browser: Browser, platform: Platform) -> None:
    """Though a header counts once: for any other order it is taken."""
    account = platform.member("1")
    paid = {"orderId": fresh(), "accountId": account, "txAmount": "10.00"}
    form = signed(platform, "directRechargePage", **paid)
    first, second = browser.post(PAGE, form), browser.post(PAGE, form)
    assert browser.confirm(first).status == 410
    assert browser.confirm(second).action == BACK
    assert platform.holds(account) == ("10.00", "10.00")
    other = {name: value for name, value in form.items() if name != "sign"} | {"orderId": fresh()}
    taken = browser.post(PAGE, other | {"sign": platform.sign(other)})
    assert (taken.status, "JX900014" in taken.text) == (400, True)


def test_what_is_wrong_is_said_in_the_familys_words(browser: Browser, platform: Platform) -> None:
    account = platform.member("1")
    paid = {"orderId": fresh(), "accountId": account, "txAmount": "1.00"}
    forged = signed(platform, "directRechargePage", **paid) | {"txAmount": "999.00"}
    for form, code in (
        (forged, "JX900002"),
        (signed(platform, "balanceQuery", accountId=account), "JX900663"),
        (signed(platform, "directRechargePage", **paid | {"txAmount": "1"}), "JX900001"),
        (signed(platform, "directRechargePage", **paid, retUrl="javascript:x"), "retUrl"),
        ({"sign": "x"}, "JX900001"),
    ):
        page = browser.post(PAGE, form)
        assert (page.status, code in page.text, page.action) == (400, True, "")
    asked = go(browser, platform, "directRechargePage", **paid)
    changed = go(browser, platform, "directRechargePage", **paid | {"txAmount": "2.00"})
    assert (changed.status, "JX900015" in changed.text) == (400, True)
    browser.confirm(asked, PASSWORD)
    assert platform.holds(account) == ("1.00", "1.00")


@pytest.mark.parametrize("options", [["--maintenance", "12:05-12:30"]])
def test_the_page_is_closed_for_maintenance(browser: Browser, platform: Platform) -> None:
    paid = {"orderId": fresh(), "accountId": platform.member("1"), "txAmount": "1.00"}
    asked = go(browser, platform, "directRechargePage", **paid)
    platform.bank.control("clock", now="2018-01-05T12:06:00+08:00")
    assert browser.confirm(asked).status == 503
    closed = go(browser, platform, "directRechargePage", **paid | {"orderId": fresh()})
    assert (closed.status, "JX900090" in closed.text) == (503, True)
