"""A person is one member, under whatever id he comes."""

from __future__ import annotations

from collections.abc import Callable

from domain import commands as c
from domain.accounts import Role
from domain.refusals import Code
from tests.exemplars import command, id_no_of
from tests.house import House
from tests.scenarios.asking import join, registration


def test_a_person_is_one_member_however_he_comes(new_house: Callable[..., House]) -> None:
    """Under two ids he could owe twice what the law allows, and lend to himself."""
    house = new_house()
    house.open()
    once, twice = (
        command(
            c.RegisterMember,
            platform=house.platform,
            **registration(member_id, id_no=id_no_of("lucy")),
        )
        for member_id in ("lucy", "lucy2")
    )
    codes = [receipt.code for receipt in house.writer.submit([once, twice])]
    assert codes == ["", Code.IDENTITY_TAKEN]
    house.do(c.ConfirmAccount, member_id="lucy", role=Role.INVESTOR)
    house.writer.close()
    house.writer = house.new_writer()  # It knows only what is stored.
    receipt = house.ask(c.RegisterMember, **registration("lucy3", id_no=id_no_of("lucy")))
    assert (receipt.code, receipt.field) == (Code.IDENTITY_TAKEN, "id_no")


def test_whom_the_bank_refused_may_come_again(new_house: Callable[..., House]) -> None:
    house = new_house()
    house.open()
    house.do(c.RegisterMember, **registration("lucy"))
    house.do(c.RefuseAccount, member_id="lucy", role=Role.INVESTOR, bank_code="E1")
    assert join("lucy")(house) == Code.ID_TAKEN
    house.do(c.RegisterMember, **registration("lucy2", id_no=id_no_of("lucy")))
    assert join("lucy3", id_no=id_no_of("lucy"))(house) == Code.IDENTITY_TAKEN
