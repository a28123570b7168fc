"""Builders of examples: each states what is usual, the test only what differs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from zlib import crc32

from adapters.signing import Signer, by_two
from domain import funding, loan_evolution
from domain import loan as loans
from domain import loan_events as e
from domain.accounts import Role
from domain.cashbook import Movement
from domain.commands import Command, RepayLoan, SignedByTwo
from domain.loan import Loan
from domain.member import AccountOpened, MemberRegistered
from domain.model import Event
from domain.policy import PolicyTerms
from domain.purposes import Purpose
from domain.schedule import Method

PLATFORM = "p1"
TODAY = date(2018, 1, 31)
NOON = datetime(2018, 1, 31, 4, tzinfo=UTC)
ANN, BEN, CUI = (Signer.made_up(name, "tests") for name in ("ann", "ben", "cui"))
NAME, ID_NO, PHONE, CARD = "王小明", "11010119900307771X", "13800138000", "6222020200112233445"


def id_no_of(member_id: str) -> str:
    """Another one for each member."""
    return f"{crc32(member_id.encode()):018d}"


C = TypeVar("C", bound=Command)
S = TypeVar("S")
_numbers = itertools.count(1)


def command(kind: type[C], /, **fields: Any) -> C:
    """A command of this kind, under a new id unless one is given; where two people must sign it,
    Ann made it and Ben checked it, unless their signatures are given."""
    usual = {"id": f"c{next(_numbers)}", "platform": PLATFORM, "actor": "ops"} | fields
    by_hand = issubclass(kind, SignedByTwo) or (kind is RepayLoan and fields.get("effective_on"))
    if by_hand and "maker" not in fields:
        return by_two(kind, ANN, BEN, **usual)
    return kind.model_validate(usual)


def a_policy(**changes: Any) -> PolicyTerms:
    usual: dict[str, Any] = {
        "version": "v1",
        "valid_from": date(2017, 1, 1),
        "contribution_by_grade": {"A": "1"},
        "fee_by_grade": {"A": "3"},
    }
    return PolicyTerms.model_validate(usual | changes)


def a_movement(purpose: Purpose, payer: str, payee: str, **changes: Any) -> Movement:
    usual: dict[str, Any] = {"id": "M-1.1", "amount_fen": 100_00}
    return Movement(**usual | {"purpose": purpose, "payer": payer, "payee": payee} | changes)


def a_member(member_id: str = "lucy", *roles: Role, **changes: Any) -> MemberRegistered:
    usual: dict[str, Any] = {
        "member_id": member_id,
        "kind": "person",
        "roles": roles or (Role.INVESTOR,),
        "identity_ref": f"identity-{member_id}",
        "identity_digest": "0" * 64,
        "related_party": False,
        "lawful_business": False,
    }
    return MemberRegistered(**usual | changes)


def opened(member_id: str, role: Role) -> AccountOpened:
    return AccountOpened(member_id=member_id, role=role)


def loan_requested(**changes: Any) -> e.LoanRequested:
    usual: dict[str, Any] = {
        "loan_id": "L1",
        "borrower_id": "bob",
        "amount_fen": 10_000_00,
        "annual_rate": "12",
        "periods": 12,
        "method": Method.EQUAL_INSTALMENT,
        "purpose": "stock",
    }
    return e.LoanRequested(**usual | changes)


def folded(events: Iterable[e.LoanEvent], loan: Loan = loans.INITIAL) -> Loan:
    for event in events:
        loan = loan_evolution.evolve(loan, event)
    return loan


def published(**changes: Any) -> list[e.LoanEvent]:
    terms = loan_requested(**changes)
    return [
        terms,
        e.LoanRated(loan_id=terms.loan_id, grade="A"),
        e.LoanAdmitted(
            loan_id=terms.loan_id,
            deadline=TODAY,
            law_table="none",
            owed_with_it_fen=terms.amount_fen,
        ),
        e.LoanPublished(loan_id=terms.loan_id),
    ]


def filled(tenders: Mapping[str, tuple[str, int]], **changes: Any) -> list[e.LoanEvent]:
    """`tenders`: id -> (investor, fen). The loan is as large as they are together."""
    amount_fen = sum(fen for _, fen in tenders.values())
    events = published(amount_fen=amount_fen, **changes)
    loan_id = events[0].loan_id
    for tender_id, (investor_id, fen) in tenders.items():
        events.append(
            e.TenderReserved(
                loan_id=loan_id, tender_id=tender_id, investor_id=investor_id, amount_fen=fen
            )
        )
        events.append(e.TenderSecured(loan_id=loan_id, tender_id=tender_id))
    return [*events, e.LoanFilled(loan_id=loan_id, filled_at=NOON, filled_on=TODAY)]


def disbursed(
    amounts_fen: Sequence[int] = (6_000_00, 4_000_00),
    *,
    policy: PolicyTerms | None = None,
    on: date = TODAY,
    **changes: Any,
) -> Loan:
    """A loan whose money is out, lent by t0 of i0, t1 of i1, ..."""
    tenders = {f"t{k}": (f"i{k}", fen) for k, fen in enumerate(amounts_fen)}
    loan = folded(filled(tenders, **changes))
    for step in (
        lambda state: funding.conclude(state, "0" * 64, policy or a_policy()),
        funding.disburse,
        lambda state: funding.finish_disbursement(state, on),
    ):
        loan = folded(step(loan), loan)
    return loan


def only(kind: type[S], events: Iterable[Event]) -> S:
    """The one event of that kind."""
    [found] = [event for event in events if isinstance(event, kind)]
    return found
