from __future__ import annotations

import pytest

from domain import identity, member
from domain.accounts import Role
from domain.identity import IdentityClaimed
from domain.member import AccountRefused, Member, MemberBlacklisted, MemberEvent
from domain.model import Refused
from domain.refusals import Code
from tests.exemplars import a_member, opened

CLAIMED = IdentityClaimed(identity="0" * 32, member_id="max")
LUCY = a_member("lucy", Role.INVESTOR, Role.BORROWER)
BLACKLISTED = MemberBlacklisted(member_id="lucy", evidence="judgement", approved_by="boss")


def lucy(*events: MemberEvent) -> Member:
    state = member.INITIAL
    for event in (LUCY, *events):
        state = member.evolve(state, event)
    return state


def refused(role: Role) -> AccountRefused:
    return AccountRefused(member_id="lucy", role=role, bank_code="E1")


TURNED_AWAY = (refused(Role.INVESTOR), refused(Role.BORROWER))


@pytest.mark.parametrize(
    "holder",
    [
        pytest.param(lucy(), id="the bank has not answered"),
        pytest.param(lucy(refused(Role.INVESTOR)), id="it may yet open the other account"),
        pytest.param(lucy(refused(Role.INVESTOR), opened("lucy", Role.BORROWER)), id="one is open"),
        pytest.param(lucy(*TURNED_AWAY, BLACKLISTED), id="blacklisted"),
    ],
)
def test_who_is_a_member_is_nobody_else(holder: Member) -> None:
    with pytest.raises(Refused) as caught:
        identity.claim(holder, CLAIMED)
    assert (caught.value.code, caught.value.field) == (Code.IDENTITY_TAKEN, "id_no")


@pytest.mark.parametrize("holder", [None, lucy(*TURNED_AWAY)])
def test_whom_the_bank_turned_away_may_come_again(holder: Member | None) -> None:
    [claimed] = identity.claim(holder, CLAIMED)
    assert identity.evolve(identity.INITIAL, claimed).member_id == "max"
