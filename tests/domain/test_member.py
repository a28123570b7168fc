"""Given what happened to a member, when asked, then exactly these facts, or this refusal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import pytest
from msgspec.structs import replace

from domain import binding
from domain import member as m
from domain.accounts import Role
from domain.member import Member, MemberEvent
from domain.model import Refused
from domain.refusals import Code
from tests.exemplars import TODAY, a_member, opened

REGISTERED = a_member()
OPEN = opened("lucy", Role.INVESTOR)
LATER = date(2018, 2, 3)  # Three days of cool-off.

ASKED = m.BindingRequested(
    member_id="lucy", role=Role.INVESTOR, binding_id="b1", card_ref="card-lucy.b1"
)
ASKED_AGAIN = replace(ASKED, binding_id="b2", card_ref="card-lucy.b2")
BOUND = m.BindingConfirmed(member_id="lucy", binding_id="b1", usable_from=TODAY)
REFUSED = m.BindingRefused(member_id="lucy", binding_id="b1", bank_code="E1")
UNBINDING = m.UnbindingRequested(member_id="lucy", binding_id="b1")
KEPT = m.UnbindingRefused(member_id="lucy", binding_id="b1", bank_code="E1")
UNBOUND = m.BankAccountUnbound(member_id="lucy", binding_id="b1")
CHANGED: list[MemberEvent] = [REGISTERED, OPEN, ASKED, BOUND, UNBINDING, UNBOUND, ASKED_AGAIN]

Ask = Callable[[Member], tuple[MemberEvent, ...]]


def confirm(binding_id: str = "b1") -> Ask:
    return lambda member: binding.confirm_binding(member, "lucy", binding_id, TODAY, 3)


def refuse(member: Member) -> tuple[MemberEvent, ...]:
    return binding.refuse_binding(member, "lucy", "b1", "E1")


def unbind(binding_id: str = "b1") -> Ask:
    return lambda member: binding.unbind(member, "lucy", binding_id)


def finish(code: str | None = None) -> Ask:
    return lambda member: binding.finish_unbinding(member, "lucy", "b1", code)


def bind(wanted: m.BindingRequested = ASKED) -> Ask:
    return lambda member: binding.bind(member, wanted)


def pay_to(binding_id: str = "b1", role: Role = Role.INVESTOR, today: date = TODAY) -> Ask:
    def ask(member: Member) -> tuple[MemberEvent, ...]:
        binding.check_payable(member, role, binding_id, today)
        return ()

    return ask


THEN: dict[str, tuple[Sequence[MemberEvent], Ask, tuple[MemberEvent, ...] | Code]] = {
    "a member registers": ([], lambda s: m.register(s, REGISTERED), (REGISTERED,)),
    "an id is given once": ([REGISTERED], lambda s: m.register(s, REGISTERED), Code.ID_TAKEN),
    "a card is bound to an open account": ([REGISTERED, OPEN], bind(), (ASKED,)),
    "not to one that the bank has not opened": ([REGISTERED], bind(), Code.ACCOUNT_NOT_OPEN),
    "not to a role that the member lacks": (
        [REGISTERED, OPEN],
        bind(replace(ASKED, role=Role.BORROWER)),
        Code.ROLE_MISSING,
    ),
    "not for nobody": ([], bind(), Code.MEMBER_UNKNOWN),
    "one card a role, already while the first is asked for": (
        [REGISTERED, OPEN, ASKED],
        bind(ASKED_AGAIN),
        Code.BINDING_EXISTS,
    ),
    "one card a role, still while it is unbound": (
        [REGISTERED, OPEN, ASKED, BOUND, UNBINDING],
        bind(ASKED_AGAIN),
        Code.BINDING_EXISTS,
    ),
    "a binding's id is used once": (
        [REGISTERED, OPEN, ASKED, BOUND, UNBINDING, UNBOUND],
        bind(),
        Code.ID_TAKEN,
    ),
    "after a refusal another may be tried": (
        [REGISTERED, OPEN, ASKED, REFUSED],
        bind(ASKED_AGAIN),
        (ASKED_AGAIN,),
    ),
    "the first card is usable at once": ([REGISTERED, OPEN, ASKED], confirm(), (BOUND,)),
    "a changed one after the cool-off": (
        CHANGED,
        confirm("b2"),
        (m.BindingConfirmed(member_id="lucy", binding_id="b2", usable_from=LATER),),
    ),
    "a refused first one is no change": (
        [REGISTERED, OPEN, ASKED, REFUSED, ASKED_AGAIN],
        confirm("b2"),
        (replace(BOUND, binding_id="b2"),),
    ),
    "the bank's word comes once": (
        [REGISTERED, OPEN, ASKED, BOUND],
        confirm(),
        Code.BANK_ACCOUNT_NOT_BOUND,
    ),
    "the bank may refuse": ([REGISTERED, OPEN, ASKED], refuse, (REFUSED,)),
    "but not what is bound": (
        [REGISTERED, OPEN, ASKED, BOUND],
        refuse,
        Code.BANK_ACCOUNT_NOT_BOUND,
    ),
    "a bound card is unbound": ([REGISTERED, OPEN, ASKED, BOUND], unbind(), (UNBINDING,)),
    "a stranger's is not": (
        [REGISTERED, OPEN, ASKED, BOUND],
        unbind("b9"),
        Code.BANK_ACCOUNT_NOT_OWN,
    ),
    "one that is not bound yet is not": (
        [REGISTERED, OPEN, ASKED],
        unbind(),
        Code.BANK_ACCOUNT_NOT_BOUND,
    ),
    "the bank unbinds": ([REGISTERED, OPEN, ASKED, BOUND, UNBINDING], finish(), (UNBOUND,)),
    "or keeps it": ([REGISTERED, OPEN, ASKED, BOUND, UNBINDING], finish("E1"), (KEPT,)),
    "unasked it does neither": (
        [REGISTERED, OPEN, ASKED, BOUND],
        finish(),
        Code.BANK_ACCOUNT_NOT_BOUND,
    ),
    "money goes to the bound card": ([REGISTERED, OPEN, ASKED, BOUND], pay_to(), ()),
    "and again when the bank kept it": (
        [REGISTERED, OPEN, ASKED, BOUND, UNBINDING, KEPT],
        pay_to(),
        (),
    ),
    "not to a stranger's card": (
        [REGISTERED, OPEN, ASKED, BOUND],
        pay_to("b9"),
        Code.BANK_ACCOUNT_NOT_OWN,
    ),
    "not to the card of another role": (
        [a_member("lucy", Role.INVESTOR, Role.BORROWER), OPEN, ASKED, BOUND],
        pay_to(role=Role.BORROWER),
        Code.BANK_ACCOUNT_NOT_OWN,
    ),
    "not to a card that is only asked for": (
        [REGISTERED, OPEN, ASKED],
        pay_to(),
        Code.BANK_ACCOUNT_NOT_BOUND,
    ),
    "not to one that is being unbound": (
        [REGISTERED, OPEN, ASKED, BOUND, UNBINDING],
        pay_to(),
        Code.BANK_ACCOUNT_NOT_BOUND,
    ),
    "not during the cool-off": (
        [*CHANGED, m.BindingConfirmed(member_id="lucy", binding_id="b2", usable_from=LATER)],
        pay_to("b2", today=date(2018, 2, 2)),
        Code.BANK_ACCOUNT_COOLING_OFF,
    ),
    "but on the day that it ends": (
        [*CHANGED, m.BindingConfirmed(member_id="lucy", binding_id="b2", usable_from=LATER)],
        pay_to("b2", today=LATER),
        (),
    ),
}


@pytest.mark.parametrize(("given", "when", "then"), THEN.values(), ids=THEN.keys())
def test_member(
    given: Sequence[MemberEvent], when: Ask, then: tuple[MemberEvent, ...] | Code
) -> None:
    state = m.INITIAL
    for event in given:
        state = m.evolve(state, event)
    if isinstance(then, Code):
        with pytest.raises(Refused) as caught:
            when(state)
        assert caught.value.code == then
    else:
        assert when(state) == then


def test_debts_come_and_go_by_loan() -> None:
    state = m.INITIAL
    for event in (
        m.DebtTaken(member_id="bob", loan_id="L1", amount_fen=10),
        m.DebtTaken(member_id="bob", loan_id="L2", amount_fen=20),
        m.DebtEnded(member_id="bob", loan_id="L1"),
        m.MemberBlacklisted(member_id="bob", evidence="judgement", approved_by="boss"),
        m.AccountRefused(member_id="bob", role=Role.BORROWER, bank_code="E1"),
    ):
        state = m.evolve(state, event)
    assert (state.debts_fen, state.blacklisted, state.open_roles) == ({"L2": 20}, True, frozenset())
