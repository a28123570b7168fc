"""Money that two people have stand still at the bank (司法冻结), through the writer."""

from __future__ import annotations

from typing import Any

import pytest

from domain import commands as c
from domain.accounts import Role
from tests.house import House

LUCY = "lucy:investor"


@pytest.fixture
def town(house: House) -> House:
    house.open()
    house.member("lucy", Role.INVESTOR, 1_000)
    return house


def freezing(fen: int, freeze_id: str = "k1") -> dict[str, Any]:
    lucy = {"member_id": "lucy", "role": Role.INVESTOR}
    return {"freeze_id": freeze_id, "amount_fen": fen, "evidence": "order 17", **lucy}


def giving_back(fen: int, release_id: str = "o1") -> dict[str, Any]:
    about = {"freeze_id": "k1", "evidence": "order 18"}
    return {"release_id": release_id, "amount_fen": fen, **about}


def test_it_stands_still_and_is_given_back_in_parts(town: House) -> None:
    town.do(c.FreezeFunds, **freezing(600))
    assert town.refused(c.UnfreezeFunds, **giving_back(1)) == "freeze_unknown"
    town.settle("K-k1")
    assert town.balances()[LUCY] == (400, 600)
    town.bind("lucy", Role.INVESTOR, "b1")
    out = {"withdrawal_id": "w1", "member_id": "lucy", "role": Role.INVESTOR, "binding_id": "b1"}
    assert town.refused(c.RequestWithdrawal, amount_fen=401, **out) == "insufficient_balance"
    town.do(c.UnfreezeFunds, **giving_back(200))
    assert town.balances()[LUCY] == (400, 600)
    town.settle("O-o1")
    assert town.balances()[LUCY] == (600, 400)
    assert town.refused(c.UnfreezeFunds, **giving_back(401, "o2")) == "release_above_freeze"
    town.do(c.UnfreezeFunds, **giving_back(400, "o2"))
    town.reject("O-o2")
    town.do(c.UnfreezeFunds, **giving_back(400, "o3"))
    town.settle("O-o3")
    assert town.balances()[LUCY] == (1_000, 0)


def test_no_more_than_is_there(town: House) -> None:
    assert town.refused(c.FreezeFunds, **freezing(1_001)) == "insufficient_balance"
    town.do(c.FreezeFunds, **freezing(1_000))
    assert town.refused(c.FreezeFunds, **freezing(1)) == "id_taken"
    town.reject("K-k1")
    assert town.refused(c.UnfreezeFunds, **giving_back(1)) == "freeze_unknown"
    assert town.balances()[LUCY] == (1_000, 0)
