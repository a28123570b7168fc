"""Requests to be refused: each is put to a house, and answers with the code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from adapters.blacklist import signed
from adapters.signing import NOT_YET, Signer
from adapters.vault import Seal
from domain import commands as c
from domain.accounts import Role
from domain.authorisation import Kind
from domain.operators import OperatorRole, Part
from tests.exemplars import NAME, PHONE, TODAY, a_policy, id_no_of
from tests.house import House

Ask = Callable[[House], str]
CARD: dict[str, Any] = {"card_no": "62220202", "bank_code": "ICBC", "phone": PHONE}
PAPER = {"evidence_hash": "0" * 64}
[LIST] = signed("p2", TODAY, [], Seal(bytes(32), b"x" * 32), Signer.made_up("p2", "tests"))


def ask(kind: type[c.Command], /, **fields: Any) -> Ask:
    return lambda house: house.refused(kind, **fields)


def join(member_id: str, *roles: Role, id_no: str = "") -> Ask:
    return ask(c.RegisterMember, **registration(member_id, *roles, id_no=id_no))


def rules(conduct_table: str, valid_from: date = TODAY) -> Ask:
    return ask(c.SetCollectionRules, conduct_table=conduct_table, valid_from=valid_from)


def registration(member_id: str, *roles: Role, id_no: str = "") -> dict[str, Any]:
    return {
        "member_id": member_id,
        "kind": "person",
        "roles": roles or (Role.INVESTOR,),
        "name": NAME,
        "id_no": id_no or id_no_of(member_id),
        "phone": PHONE,
    }


def payout(**fields: Any) -> Ask:
    usual = {"withdrawal_id": "w9", "member_id": "lucy", "role": Role.INVESTOR, "binding_id": "b1"}
    return ask(c.RequestWithdrawal, **(usual | {"amount_fen": 1} | fields))


def tender(loan_id: str, fen: int = 1, investor_id: str = "lucy", tender_id: str = "t9") -> Ask:
    return ask(
        c.PlaceTender,
        tender_id=tender_id,
        loan_id=loan_id,
        investor_id=investor_id,
        amount_fen=fen,
    )


def unbind(reference: str, minutes_ago: int) -> Ask:
    def asked(house: House) -> str:
        passed_at = house.clock.now() - timedelta(minutes=minutes_ago)
        factor = {"method": "sms", "reference": reference, "passed_at": passed_at}
        about = {"member_id": "lucy", "binding_id": "b1", "second_factor": factor}
        return house.refused(c.UnbindBankAccount, **about)

    return asked


def authorise(member_id: str, kind: Kind = Kind.TENDER, ends_on: date = TODAY) -> Ask:
    terms: dict[str, Any] = {"kind": kind, "ends_on": ends_on, "limit_fen": 10}
    return ask(c.RequestAuthorisation, member_id=member_id, **terms)


def publish(loan_id: str, deadline: date = TODAY) -> Ask:
    return ask(c.PublishLoan, loan_id=loan_id, deadline=deadline)


def repay(loan_id: str, fen: int = 1, **fields: Any) -> Ask:
    return ask(c.RepayLoan, payment_id="p9", loan_id=loan_id, amount_fen=fen, **fields)


def reverse(movement_id: str, fen: int = 1) -> Ask:
    fields = {"reversal_id": "v9", "movement_id": movement_id, "reason": "by mistake"}
    return ask(c.ReverseMovement, amount_fen=fen, **fields)


def cover(entry_id: str, fen: int = 1) -> Ask:
    return ask(c.CoverShortfall, cover_id="g9", entry_id=entry_id, amount_fen=fen)


def unfreeze(freeze_id: str, fen: int = 1) -> Ask:
    about = {"release_id": "o9", "freeze_id": freeze_id, "evidence": "order 18"}
    return ask(c.UnfreezeFunds, amount_fen=fen, **about)


def another_payload(house: House) -> str:
    house.do(c.SeedReserve, id="same", seed_id="s8", amount_fen=1)
    return house.refused(c.SeedReserve, id="same", seed_id="s8", amount_fen=2)


def by_hand(maker: str, checker: str) -> Ask:
    """Signed by nobody."""
    two = (NOT_YET.model_copy(update={"operator_id": each}) for each in (maker, checker))
    return ask(c.SeedReserve, seed_id="s", amount_fen=1, **dict(zip(Part, two, strict=True)))


def new_operator(
    operator_id: str, signer: Signer, role: OperatorRole = OperatorRole.OPERATOR
) -> dict[str, Any]:
    return {"operator_id": operator_id, "role": role, "public_key": signer.public_key}


def policy(**changes: Any) -> Ask:
    return ask(c.PublishPolicy, terms=a_policy(**changes))
