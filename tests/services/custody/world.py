"""Days, answers of a bank, and events as a test wants them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from domain.accounts import OUTSIDE, RESERVE_ACCOUNT, Role
from domain.cashbook import EntryRequested, Movement, holds
from domain.loan_events import LoanAdmitted, LoanDisbursed, LoanMiscarried, LoanRequested
from domain.member import BindingConfirmed, BindingRequested, MemberRegistered, UnbindingRequested
from domain.model import Event
from domain.ports import BankAnswer, BankOutcome
from domain.purposes import Purpose
from domain.schedule import Method

PLATFORM = "p2p"
DAY = date(2018, 1, 5)
NOON = datetime(2018, 1, 5, 4, tzinfo=UTC)  # Noon in Shanghai.
FIVE_SECONDS = timedelta(seconds=5)
SUCCEEDED = BankAnswer(BankOutcome.SUCCEEDED, bank_date=DAY)
REFUSED = BankAnswer(BankOutcome.REFUSED, "100014")
PENDING = BankAnswer(BankOutcome.PENDING)
UNKNOWN = BankAnswer(BankOutcome.UNKNOWN, "timeout")
CLOSED = BankAnswer(BankOutcome.CLOSED, "100005")
NOT_FOUND = BankAnswer(BankOutcome.NOT_FOUND, "100007")


# -- events -----------------------------------------------------------------------------


def registered(member_id: str, *roles: Role) -> MemberRegistered:
    return MemberRegistered(
        member_id=member_id,
        kind="person",
        roles=roles or (Role.INVESTOR,),
        identity_ref=f"identity-{member_id}",
        identity_digest="d",
        related_party=False,
        lawful_business=False,
    )


def binding(member_id: str, binding_id: str = "b1") -> BindingRequested:
    return BindingRequested(
        member_id=member_id,
        role=Role.INVESTOR,
        binding_id=binding_id,
        card_ref=f"card-{member_id}-{binding_id}",
    )


def unbinding(member_id: str, binding_id: str = "b1") -> UnbindingRequested:
    return UnbindingRequested(member_id=member_id, binding_id=binding_id)


def bound(member_id: str, binding_id: str = "b1") -> BindingConfirmed:
    return BindingConfirmed(member_id=member_id, binding_id=binding_id, usable_from=DAY)


def member_with_card(member_id: str) -> tuple[Event, ...]:
    return registered(member_id), binding(member_id), bound(member_id)


def loan(loan_id: str) -> tuple[Event, Event]:
    requested = LoanRequested(
        loan_id=loan_id,
        borrower_id="bob",
        amount_fen=100_000,
        annual_rate="12",
        periods=3,
        method=Method.BULLET,
        purpose="stock",
    )
    return requested, admitted(loan_id)


def admitted(loan_id: str) -> LoanAdmitted:
    return LoanAdmitted(loan_id=loan_id, deadline=DAY, law_table="t", owed_with_it_fen=1)


def disbursed(loan_id: str) -> LoanDisbursed:
    return LoanDisbursed(loan_id=loan_id, disbursed_on=DAY, claims=(), schedule=())


def miscarried(loan_id: str) -> LoanMiscarried:
    return LoanMiscarried(loan_id=loan_id, secured_fen=0)


def entry(
    entry_id: str, subject: str, *movements: Movement, reference: str = "x"
) -> EntryRequested:
    return EntryRequested(
        entry_id=entry_id,
        purpose=movements[0].purpose,
        subject=subject,
        reference=reference,
        movements=movements,
        legs=holds(movements),
    )


def recharge(number: str, member_id: str = "ann", fen: int = 500) -> EntryRequested:
    return entry(
        f"C-{number}",
        member_id,
        Movement(
            id=f"C-{number}.1",
            purpose=Purpose.RECHARGE,
            payer=OUTSIDE,
            payee=f"{member_id}:investor",
            amount_fen=fen,
        ),
    )


def withdrawal(number: str, member_id: str = "ann", binding_id: str = "b1") -> EntryRequested:
    moved = Movement(
        id=f"W-{number}.1",
        purpose=Purpose.WITHDRAWAL,
        payer=f"{member_id}:investor",
        payee=OUTSIDE,
        amount_fen=300,
    )
    return entry(f"W-{number}", member_id, moved, reference=binding_id)


def tender(number: str, loan_id: str = "L1") -> EntryRequested:
    frozen = Movement(
        id=f"T-{number}.1",
        purpose=Purpose.TENDER,
        payer="ann:investor",
        payee="ann:investor",
        amount_fen=100,
    )
    return entry(f"T-{number}", loan_id, frozen, reference=number)


def release(number: str, loan_id: str = "L1") -> EntryRequested:
    freed = Movement(
        id=f"X-{number}.1",
        purpose=Purpose.TENDER_RELEASE,
        payer="ann:investor",
        payee="ann:investor",
        amount_fen=100,
        freeze=f"T-{number}.1",
    )
    return entry(f"X-{number}", loan_id, freed, reference=number)


def disbursement(loan_id: str = "L1", tenders: Sequence[str] = ("1", "2")) -> EntryRequested:
    entry_id = f"D-{loan_id}-1"
    moved = [
        Movement(
            id=f"{entry_id}.{n}",
            purpose=Purpose.DISBURSEMENT,
            payer="ann:investor",
            payee="bob:borrower",
            amount_fen=100,
            freeze=f"T-{number}.1",
        )
        for n, number in enumerate(tenders, start=1)
    ]
    contribution = Movement(
        id=f"{entry_id}.{len(moved) + 1}",
        purpose=Purpose.RESERVE_CONTRIBUTION,
        payer="bob:borrower",
        payee=RESERVE_ACCOUNT,
        amount_fen=7,
    )
    return entry(entry_id, loan_id, *moved, contribution)


def hold(number: str, loan_id: str = "L1") -> EntryRequested:
    held = Movement(
        id=f"H-{number}.1",
        purpose=Purpose.REPAYMENT_HOLD,
        payer="bob:borrower",
        payee="bob:borrower",
        amount_fen=50,
    )
    return entry(f"H-{number}", loan_id, held, reference=number)


def notice(
    request_no: str, outcome: BankOutcome = BankOutcome.SUCCEEDED, **more: str
) -> dict[str, str]:
    return {"sign": "good", "no": request_no, "outcome": outcome.value, **more}
