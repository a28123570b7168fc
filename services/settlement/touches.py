"""What each command touches: the streams and accounts that are worth loading before, in one query
for a whole batch. What is missing is loaded when it is looked at, so that this is for speed only.

Those that peek (`PEEKING`) are asked again as long as they name new streams: some are known only
from others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from domain import commands as c
from domain.accounts import INCOME_ACCOUNT, RESERVE_ACCOUNT, Role, account_of
from domain.cashbook import UNBOUNDED, Entry, entry_of
from domain.identity import identity_of
from domain.loan import Loan
from domain.model import State
from domain.release import first_id, following_id
from domain.streams import (
    AUTO_TENDER,
    COLLECTIONS,
    POLICY,
    RESERVE,
    SHORTFALL,
    assignment_stream,
    case_stream,
    entry_stream,
    freeze_stream,
    guarantee_stream,
    identity_stream,
    investment_stream,
    loan_stream,
    member_stream,
    reversal_stream,
)
from services.settlement import on_freezes
from services.settlement.shelf import Kept


class Touched(State):
    streams: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


class Look(NamedTuple):
    peek: Callable[[str], Kept | None]
    digest: Callable[[str], str]  # Of an id number.


Touches = Callable[[Any, Look], Touched]


def nothing(command: c.Command, look: Look) -> Touched:
    return Touched()


def member(command: Any, look: Look) -> Touched:
    return Touched((member_stream(command.member_id),))


def registration(command: c.RegisterMember, look: Look) -> Touched:
    identity = identity_of(look.digest(command.id_no))
    return Touched((member_stream(command.member_id), identity_stream(identity)))


def loan(command: Any, look: Look) -> Touched:
    return Touched(_loan_and_parties(command.loan_id, look))


def publish(command: c.PublishLoan, look: Look) -> Touched:
    """And the borrower's other loans."""
    stream, *parties = _loan_and_parties(command.loan_id, look)
    borrower = look.peek(parties[0]) if parties else None
    debts = borrower.state.debts_fen if borrower else ()
    return Touched((stream, *parties, *map(loan_stream, debts)))


def recharge(command: c.RequestRecharge, look: Look) -> Touched:
    return Touched((member_stream(command.member_id), entry_stream(f"C-{command.recharge_id}")))


def withdrawal(command: c.RequestWithdrawal, look: Look) -> Touched:
    return Touched(
        (member_stream(command.member_id), entry_stream(f"W-{command.withdrawal_id}")),
        (account_of(command.member_id, command.role),),
    )


def stop(command: c.StopWithdrawal, look: Look) -> Touched:
    return Touched((entry_stream(f"W-{command.withdrawal_id}"),))


def last_word(command: c.DecideWithdrawal | c.RefuseStop, look: Look) -> Touched:
    return Touched((entry_stream(command.entry_id),))


def request_loan(command: c.RequestLoan, look: Look) -> Touched:
    return Touched((member_stream(command.borrower_id), loan_stream(command.loan_id)))


def tender(command: c.PlaceTender, look: Look) -> Touched:
    return Touched(
        (
            member_stream(command.investor_id),
            loan_stream(command.loan_id),
            investment_stream(command.tender_id),
            entry_stream(f"T-{command.tender_id}"),
        ),
        (account_of(command.investor_id, Role.INVESTOR),),
    )


def auto_tender(command: c.SetAutoTender | c.StopAutoTender, look: Look) -> Touched:
    return Touched((AUTO_TENDER, member_stream(command.member_id)))


def spread(command: c.SpreadLoan | c.SpreadTonight, look: Look) -> Touched:
    """The loan and the line, then whoever is willing, and the borrower's other loans."""
    stream = loan_stream(command.loan_id)
    loan, kept = look.peek(stream), look.peek(AUTO_TENDER)
    if loan is None or kept is None or loan.state.terms is None:
        return Touched((stream, AUTO_TENDER))
    willing = kept.state.willing(loan.state)
    borrower_stream = member_stream(loan.state.terms.borrower_id)
    borrower = look.peek(borrower_stream)
    debts = borrower.state.debts_fen if borrower else ()
    streams = (stream, AUTO_TENDER, borrower_stream, *map(loan_stream, debts))
    return Touched(
        (*streams, *map(member_stream, willing)),
        tuple(account_of(each, Role.INVESTOR) for each in willing),
    )


def repay(command: c.RepayLoan, look: Look) -> Touched:
    streams = (*_loan_and_parties(command.loan_id, look), entry_stream(f"H-{command.payment_id}"))
    kept = look.peek(loan_stream(command.loan_id))
    terms = kept.state.terms if kept else None
    return Touched(streams, (account_of(terms.borrower_id, Role.BORROWER),) if terms else ())


def offer(command: c.OfferClaim, look: Look) -> Touched:
    streams = assignment_stream(command.assignment_id), loan_stream(command.loan_id)
    return Touched((*streams, member_stream(command.seller_id)))


def buy(command: c.BuyClaim, look: Look) -> Touched:
    streams = (
        *_assignment_and_loan(command.assignment_id, look),
        member_stream(command.buyer_id),
        entry_stream(f"AH-{command.assignment_id}"),
    )
    return Touched(streams, (account_of(command.buyer_id, Role.INVESTOR),))


def assignment(command: Any, look: Look) -> Touched:
    return Touched(_assignment_and_loan(command.assignment_id, look))


def _assignment_and_loan(assignment_id: str, look: Look) -> tuple[str, ...]:
    stream = assignment_stream(assignment_id)
    kept = look.peek(stream)
    offered = kept.state.offered if kept else None
    return (stream, loan_stream(offered.loan_id)) if offered else (stream,)


def entry(command: c.SettleEntry | c.RejectEntry, look: Look) -> Touched:
    """The entry, then what it is for, then that loan's investments where they may change."""
    stream = entry_stream(command.entry_id)
    kept = look.peek(stream)
    entry: Entry = kept.state if kept else Entry()
    requested = entry.requested
    if requested is None:
        return Touched((stream,))
    accounts = {
        account
        for movement in requested.movements
        for account in (movement.payer, movement.payee)
        if account not in UNBOUNDED
    }
    streams = [stream]
    prefix, _, _ = first_id(command.entry_id).partition("-")
    if prefix == "W":
        streams.append(member_stream(requested.subject))
    if prefix in {"T", "X"}:
        streams.append(investment_stream(requested.reference))
    if prefix in {"T", "H", "D", "R", "P", "GH", "GA", "GR"}:
        streams += _loan_and_parties(requested.subject, look)
        streams += _next_entries(prefix, requested.reference)
    if prefix in {"D", "R"} and (loan := look.peek(loan_stream(requested.subject))):
        streams += (investment_stream(tender_id) for tender_id in _tenders(loan.state))
    if prefix in {"R", "P", "GA"}:
        streams.append(RESERVE)
    if command.entry_id[:3] in {"AH-", "AS-"}:
        streams += (assignment_stream(requested.reference), loan_stream(requested.subject))
    return Touched(tuple(streams), tuple(accounts))


def _next_entries(prefix: str, reference: str) -> Iterable[str]:
    follow = {"H": ("R", "Y"), "GH": ("GA",)}.get(prefix, ())
    return (entry_stream(f"{each}-{reference}") for each in follow)


def _tenders(loan: Loan) -> Iterable[str]:
    """Those of the claims only when the loan is about to end."""
    if loan.disbursed is None:
        return loan.tenders
    ending = loan.next_period > len(loan.rows) and len(loan.billed) <= 1
    return (claim.tender_id for claim in loan.claims) if ending else ()


def reversal(command: c.ReverseMovement, look: Look) -> Touched:
    streams = (
        entry_stream(entry_of(command.movement_id)),
        entry_stream(f"Q-{command.reversal_id}"),
        reversal_stream(command.movement_id),
    )
    return Touched(streams, (INCOME_ACCOUNT,))


def taken_back(command: c.RecordBankReversal, look: Look) -> Touched:
    return Touched(
        (
            entry_stream(entry_of(command.movement_id)),
            entry_stream(f"B-{command.movement_id}"),
            reversal_stream(command.movement_id),
        )
    )


def cover(command: c.CoverShortfall, look: Look) -> Touched:
    return Touched((SHORTFALL, entry_stream(f"SC-{command.cover_id}")), (INCOME_ACCOUNT,))


def freeze(command: c.FreezeFunds, look: Look) -> Touched:
    streams = (
        member_stream(command.member_id),
        entry_stream(on_freezes.entry_of_freeze(command.freeze_id)),
        freeze_stream(command.freeze_id),
    )
    return Touched(streams, (account_of(command.member_id, command.role),))


def unfreeze(command: c.UnfreezeFunds, look: Look) -> Touched:
    streams = (
        entry_stream(on_freezes.entry_of_freeze(command.freeze_id)),
        entry_stream(on_freezes.entry_of_release(command.release_id)),
        freeze_stream(command.freeze_id),
    )
    return Touched(streams)


def release(command: c.AskReleaseAgain | c.AskReleaseTonight, look: Look) -> Touched:
    return Touched(tuple(map(entry_stream, (command.entry_id, following_id(command.entry_id)))))


def payouts(command: c.RunReservePayouts, look: Look) -> Touched:
    kept = look.peek(RESERVE)
    queue = kept.state.queue.values() if kept else ()
    loans = tuple(loan_stream(waiting.loan_id) for waiting in queue)
    return Touched((RESERVE, POLICY, *loans), (RESERVE_ACCOUNT,))


def _loan_and_parties(loan_id: str, look: Look) -> tuple[str, ...]:
    """The loan, its borrower, and what its guarantors stand for."""
    stream = loan_stream(loan_id)
    kept = look.peek(stream)
    loan: Loan = kept.state if kept else Loan()
    streams = [stream]
    if loan.terms is not None:
        streams.append(member_stream(loan.terms.borrower_id))
    streams += map(guarantee_stream, loan.guarantee.guarantors)
    return tuple(streams)


def case(command: Any, look: Look) -> Touched:
    return Touched((COLLECTIONS, case_stream(command.borrower_id)))


def case_and_loans(
    command: c.AssessCase | c.RecordCollectionAction | c.HandOverCase, look: Look
) -> Touched:
    borrower = member_stream(command.borrower_id)
    kept = look.peek(borrower)
    loans = map(loan_stream, kept.state.debts_fen) if kept else ()
    return Touched((COLLECTIONS, case_stream(command.borrower_id), borrower, *loans))


def guarantor(command: c.AppointGuarantor, look: Look) -> Touched:
    guarantor_id = command.guarantor_id
    return Touched((member_stream(guarantor_id), guarantee_stream(guarantor_id)))


def guarantee(command: c.GuaranteeLoan, look: Look) -> Touched:
    guarantor_id = command.guarantor_id
    loan = loan_stream(command.loan_id)
    return Touched((loan, member_stream(guarantor_id), guarantee_stream(guarantor_id)))


def advance(command: c.RequestAdvance, look: Look) -> Touched:
    streams = (
        loan_stream(command.loan_id),
        member_stream(command.guarantor_id),
        guarantee_stream(command.guarantor_id),
        entry_stream(f"GH-{command.advance_id}"),
    )
    return Touched(streams, (account_of(command.guarantor_id, Role.GUARANTOR),))


def reimburse(command: c.ReimburseAdvance, look: Look) -> Touched:
    streams = (
        *_loan_and_parties(command.loan_id, look),
        member_stream(command.guarantor_id),
        entry_stream(f"GR-{command.reimbursement_id}"),
    )
    return Touched(streams, (account_of(command.guarantor_id, Role.GUARANTOR),))


def obligations(command: c.JudgeObligations | c.AdvanceObligations, look: Look) -> Touched:
    stream = guarantee_stream(command.guarantor_id)
    kept = look.peek(stream)
    obliged = kept.state.obligations.values() if kept else ()
    return Touched((stream, RESERVE, *(loan_stream(each.opened.loan_id) for each in obliged)))


def authorised(command: c.AdvanceObligations, look: Look) -> Touched:
    streams = obligations(command, look).streams
    guarantor_id = command.guarantor_id
    account = account_of(guarantor_id, Role.GUARANTOR)
    return Touched((*streams, member_stream(guarantor_id)), (account,))


PEEKING: frozenset[Touches] = frozenset(
    {
        *(loan, repay, entry, payouts, buy, assignment, case_and_loans, spread),
        *(obligations, authorised, reimburse),
    }
)
