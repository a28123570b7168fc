"""What lucy and others ask of the writer, and all that it could have changed."""

from __future__ import annotations

from typing import Any

from domain import commands as c
from domain.accounts import Role
from tests.exemplars import NAME, PHONE, command, id_no_of
from tests.house import House

INVESTOR = Role.INVESTOR


def recharge(number: int, fen: int = 1_00, **fields: Any) -> c.RequestRecharge:
    return command(
        c.RequestRecharge,
        recharge_id=f"r{number}",
        member_id="lucy",
        role=INVESTOR,
        amount_fen=fen,
        **fields,
    )


def withdrawal(number: int, fen: int, **fields: Any) -> c.RequestWithdrawal:
    return command(
        c.RequestWithdrawal,
        withdrawal_id=f"w{number}",
        member_id="lucy",
        role=INVESTOR,
        binding_id="b1",
        amount_fen=fen,
        **fields,
    )


def registration(number: int) -> c.RegisterMember:
    return command(
        c.RegisterMember,
        member_id=f"m{number}",
        kind="person",
        roles=(INVESTOR,),
        name=NAME,
        id_no=id_no_of(f"m{number}"),
        phone=PHONE,
    )


def everything(house: House) -> tuple[Any, ...]:
    """All that a command could have changed."""
    return (
        house.query(
            "SELECT head_position, head_hash, receipts, outstanding_principal_fen FROM {}.shard"
        ),
        house.query("SELECT * FROM {}.receipt ORDER BY number"),
        house.query("SELECT ref FROM {}.vault ORDER BY ref"),
        house.balances(),
        house.log.head(),
    )
