"""The password that a member gives at the bank's page: chosen, asked for, counted, kept hashed."""

from __future__ import annotations

from services.sandbox_bank.database import connect
from tests.services.sandbox_bank.bank_process import fresh
from tests.services.sandbox_bank.browser import PASSWORD, Browser
from tests.services.sandbox_bank.members import balance, member


def test_the_password_is_asked_for_once_more_only_when_it_is_new(browser: Browser) -> None:
    no, _ = browser.opened()
    asked = browser.go("RECHARGE", requestNo=fresh(), platformUserNo=no, amount="10.00")
    assert "password" in asked.inputs
    assert "again" not in asked.inputs
    assert "10.00" in asked.text
    assert browser.word(browser.confirm(asked))["amount"] == "10.00"
    assert balance(browser.bank, no) == ("10.00", "0.00")


def test_who_opened_his_account_elsewhere_chooses_a_password_first(browser: Browser) -> None:
    no = member(browser.bank, "INVESTOR")
    first = browser.go("RECHARGE", requestNo=fresh(), platformUserNo=no, amount="10.00")
    short = browser.press(first, "confirm", password="12345", again="12345")
    other = browser.press(short, "confirm", password=PASSWORD, again="another one")
    assert "6 to 20" in short.text
    assert "not the same" in other.text
    assert balance(browser.bank, no) == ("0.00", "0.00")
    browser.word(browser.confirm(other))
    second = browser.go("RECHARGE", requestNo=fresh(), platformUserNo=no, amount="5.00")
    assert "again" not in second.inputs
    assert "Wrong" in browser.confirm(second, "not my password").text
    assert balance(browser.bank, no) == ("10.00", "0.00")


def test_three_wrong_passwords_lock_until_the_banks_next_day(browser: Browser) -> None:
    no, _ = browser.opened()
    request_no = fresh()
    page = browser.go("RECHARGE", requestNo=request_no, platformUserNo=no, amount="10.00")
    for _ in range(3):
        page = browser.confirm(page, "a wrong one")
        assert "Wrong" in page.text
    page = browser.confirm(page)
    assert "Locked" in page.text
    assert browser.bank.record("RECHARGE", request_no)["status"] == "PENDDING"
    browser.bank.control("clock", now="2018-01-06T09:00:00+08:00")
    tomorrow = {"timestamp": "20180106090000", "requestNo": request_no, "platformUserNo": no}
    page = browser.go("RECHARGE", amount="10.00", **tomorrow)
    assert browser.word(browser.confirm(page))["status"] == "SUCCESS"


def test_wrong_passwords_are_counted_in_a_row(browser: Browser) -> None:
    no, _ = browser.opened()
    for _ in range(3):
        page = browser.go("RECHARGE", requestNo=fresh(), platformUserNo=no, amount="1.00")
        page = browser.confirm(browser.confirm(page, "a wrong one"))
        browser.word(page)
    assert balance(browser.bank, no) == ("3.00", "0.00")


def test_a_forgotten_password_is_chosen_anew(browser: Browser) -> None:
    no, _ = browser.opened()
    page = browser.go("RESET_PASSWORD", requestNo=fresh(), platformUserNo=no)
    assert browser.word(browser.press(page, "cancel"))["code"] == "1"
    check = browser.go("CHECK_PASSWORD", requestNo=fresh(), platformUserNo=no)
    assert browser.word(browser.confirm(check))["status"] == "SUCCESS"
    page = browser.go("RESET_PASSWORD", requestNo=fresh(), platformUserNo=no)
    assert "again" in page.inputs
    assert browser.word(browser.confirm(page, "another one"))["status"] == "SUCCESS"
    check = browser.go("CHECK_PASSWORD", requestNo=fresh(), platformUserNo=no)
    assert "again" not in check.inputs
    check = browser.confirm(check)
    assert "Wrong" in check.text
    assert browser.word(browser.confirm(check, "another one"))["status"] == "SUCCESS"


def test_the_password_is_kept_as_a_hash(browser: Browser) -> None:
    browser.opened()
    with connect(browser.bank.database) as db:
        (kept,) = db.execute("SELECT password FROM account WHERE password IS NOT NULL").fetchall()
        rows = db.execute("SELECT account::text FROM account UNION SELECT page::text FROM page")
        assert all(PASSWORD not in row for (row,) in rows)
    assert len(kept[0]) > 100


def test_a_first_password_is_not_kept_where_the_request_fails(browser: Browser) -> None:
    no = member(browser.bank, "INVESTOR", card="6222021234560002")
    for _ in range(2):
        asked = browser.go("RECHARGE", requestNo=fresh(), platformUserNo=no, amount="1.00")
        assert "again" in asked.inputs
        assert browser.word(browser.confirm(asked))["errorMessage"] == "银行扣款失败"
