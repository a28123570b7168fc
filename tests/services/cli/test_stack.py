"""The whole stack in this process, on simulated time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from domain import commands as c
from domain.accounts import Role
from services.cli.installation import Installation
from services.cli.opening import Place
from services.cli.stack import running
from services.custody.gate import Limits
from tests.exemplars import ID_NO, NAME, PHONE, command
from tests.services.cli.conftest import simulated


def test_calls_keep_to_the_time_of_a_bank_whose_clock_stands(
    make_folder: Callable[[], Path],
) -> None:
    """A bank refuses what is ten minutes off its clock; ours for waiting runs on meanwhile."""
    data = simulated(make_folder())
    with running(Place(data, Installation.load(data))) as stack:
        stack._bank_clock.set(stack._bank_clock.now() + timedelta(hours=1))  # type: ignore[attr-defined]
        today = stack._book_clock.now().date()
        who = {"name": NAME, "id_no": ID_NO, "phone": PHONE}
        lucy = {"member_id": "lucy", "platform": "demo"}
        stack.submit(
            [
                command(c.OpenPlatform, platform="demo", business_date=today, law_table="none"),
                command(c.RegisterMember, kind="person", roles=(Role.INVESTOR,), **lucy, **who),
            ]
        )
        stack.drain()
        wanted = command(
            c.RequestRecharge, recharge_id="r", role=Role.INVESTOR, amount_fen=1, **lucy
        )
        [receipt] = stack.submit([wanted])
    assert receipt.code == ""  # The bank has opened the account.


def test_the_banks_limits_are_those_that_were_set(
    make_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHUANHU_BANK_CALLS_PER_S", "30")
    monkeypatch.setenv("ZHUANHU_BANK_LEGS_PER_CALL", "7")
    data = simulated(make_folder())
    with running(Place(data, Installation.load(data))) as stack:
        assert stack.custody.limits == Limits(calls_per_s=30, legs_per_call=7)
