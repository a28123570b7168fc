"""Maintenance: closed to every call, over midnight too, and nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time

import pytest

from services.sandbox_bank.clock import BEIJING
from services.sandbox_bank.hours import Hours
from tests.services.sandbox_bank.bank_process import BankProcess, fresh
from tests.services.sandbox_bank.members import RESERVE


@pytest.mark.parametrize(
    ("begins", "ends", "closed"),
    [
        (time(1), time(3), {"01:00", "02:59"}),
        (time(23), time(1), {"23:00", "00:00"}),
    ],
)
def test_hours(begins: time, ends: time, closed: set[str]) -> None:
    hours = Hours((begins, ends))
    times = ("00:00", "01:00", "02:59", "03:00", "12:00", "22:59", "23:00")
    day = datetime(2018, 1, 5, tzinfo=BEIJING)
    moments = {each: datetime.combine(day, time.fromisoformat(each), BEIJING) for each in times}
    assert {each for each in times if hours.is_closed(moments[each])} == closed


def test_a_closed_bank_says_so_and_does_nothing(start_bank: Callable[..., BankProcess]) -> None:
    bank = start_bank(["--maintenance", "11:30-12:30"])
    no = fresh()
    asked = {"requestNo": no, "platformUserNo": RESERVE, "amount": "5.00"}
    answers = [
        bank.gateway("RECHARGE", **asked),
        bank.service("QUERY_TRANSACTION", transactionType="RECHARGE", requestNo=no),
    ]
    assert [each["errorCode"] for each in answers] == ["100005", "100005"]
    bank.control("clock", now="2018-01-05T12:30:00+08:00")
    later = {"timestamp": "20180105123000"}
    known = bank.service("QUERY_TRANSACTION", transactionType="RECHARGE", requestNo=no, **later)
    assert known["errorCode"] == "100007"
    assert bank.gateway("RECHARGE", **asked, **later)["code"] == "0"


@pytest.mark.parametrize(
    "options", [["--maintenance", "11:30"], ["--maintenance", "1-2"], ["--cut-off", "5pm"]]
)
def test_hours_must_make_sense(start_bank: Callable[..., BankProcess], options: list[str]) -> None:
    with pytest.raises(RuntimeError, match="must be"):
        start_bank(options)
