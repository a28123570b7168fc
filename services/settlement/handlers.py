"""The table of contents of the writer: for each command, what it touches and who decides it.

`touches` names the streams and accounts that are worth loading before, in one query for a whole
batch; what is missing is loaded when it is looked at, so that the list is for speed only. Those
that peek are asked again as long as they name new streams: some are known only from others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from domain import commands as c
from domain.accounts import INCOME_ACCOUNT, RESERVE_ACCOUNT, Role, account_of
from domain.cashbook import UNBOUNDED, Entry, entry_of
from domain.identity import identity_of
from domain.loan import Loan
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
from services.settlement import (
    on_authorisations,
    on_auto_tender,
    on_bank,
    on_blacklist,
    on_cards,
    on_claims,
    on_collections,
    on_corrections,
    on_day_end,
    on_freezes,
    on_guarantees,
    on_loans,
    on_members,
    on_operators,
    on_reimbursements,
    on_releases,
    on_visits,
    on_wind_down,
    on_withdrawals,
)
from services.settlement.desk import Desk
from services.settlement.shelf import Kept


class Touched(NamedTuple):
    streams: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


class Look(NamedTuple):
    peek: Callable[[str], Kept | None]
    digest: Callable[[str], str]  # Of an id number.


Touches = Callable[[Any, Look], Touched]


class Handler(NamedTuple):
    decide: Callable[[Desk, Any], None]
    touches: Touches


def _nothing(command: c.Command, look: Look) -> Touched:
    return Touched()


def _member(command: Any, look: Look) -> Touched:
    return Touched((member_stream(command.member_id),))


def _registration(command: c.RegisterMember, look: Look) -> Touched:
    identity = identity_of(look.digest(command.id_no))
    return Touched((member_stream(command.member_id), identity_stream(identity)))


def _loan(command: Any, look: Look) -> Touched:
    return Touched(_loan_and_parties(command.loan_id, look))


def _recharge(command: c.RequestRecharge, look: Look) -> Touched:
    return Touched((member_stream(command.member_id), entry_stream(f"C-{command.recharge_id}")))


def _withdrawal(command: c.RequestWithdrawal, look: Look) -> Touched:
    return Touched(
        (member_stream(command.member_id), entry_stream(f"W-{command.withdrawal_id}")),
        (account_of(command.member_id, command.role),),
    )


def _stop(command: c.StopWithdrawal, look: Look) -> Touched:
    return Touched((entry_stream(f"W-{command.withdrawal_id}"),))


def _last_word(command: c.DecideWithdrawal | c.RefuseStop, look: Look) -> Touched:
    return Touched((entry_stream(command.entry_id),))


def _request_loan(command: c.RequestLoan, look: Look) -> Touched:
    return Touched((member_stream(command.borrower_id), loan_stream(command.loan_id)))


def _tender(command: c.PlaceTender, look: Look) -> Touched:
    return Touched(
        (
            member_stream(command.investor_id),
            loan_stream(command.loan_id),
            investment_stream(command.tender_id),
            entry_stream(f"T-{command.tender_id}"),
        ),
        (account_of(command.investor_id, Role.INVESTOR),),
    )


def _auto_tender(command: c.SetAutoTender | c.StopAutoTender, look: Look) -> Touched:
    return Touched((AUTO_TENDER, member_stream(command.member_id)))


def _spread(command: c.SpreadLoan | c.SpreadTonight, look: Look) -> Touched:
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


def _repay(command: c.RepayLoan, look: Look) -> Touched:
    streams = (*_loan_and_parties(command.loan_id, look), entry_stream(f"H-{command.payment_id}"))
    kept = look.peek(loan_stream(command.loan_id))
    terms = kept.state.terms if kept else None
    return Touched(streams, (account_of(terms.borrower_id, Role.BORROWER),) if terms else ())


def _offer(command: c.OfferClaim, look: Look) -> Touched:
    streams = assignment_stream(command.assignment_id), loan_stream(command.loan_id)
    return Touched((*streams, member_stream(command.seller_id)))


def _buy(command: c.BuyClaim, look: Look) -> Touched:
    streams = (
        *_assignment_and_loan(command.assignment_id, look),
        member_stream(command.buyer_id),
        entry_stream(f"AH-{command.assignment_id}"),
    )
    return Touched(streams, (account_of(command.buyer_id, Role.INVESTOR),))


def _assignment(command: Any, look: Look) -> Touched:
    return Touched(_assignment_and_loan(command.assignment_id, look))


def _assignment_and_loan(assignment_id: str, look: Look) -> tuple[str, ...]:
    stream = assignment_stream(assignment_id)
    kept = look.peek(stream)
    offered = kept.state.offered if kept else None
    return (stream, loan_stream(offered.loan_id)) if offered else (stream,)


def _entry(command: c.SettleEntry | c.RejectEntry, look: Look) -> Touched:
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


def _reversal(command: c.ReverseMovement, look: Look) -> Touched:
    streams = (
        entry_stream(entry_of(command.movement_id)),
        entry_stream(f"Q-{command.reversal_id}"),
        reversal_stream(command.movement_id),
    )
    return Touched(streams, (INCOME_ACCOUNT,))


def _taken_back(command: c.RecordBankReversal, look: Look) -> Touched:
    return Touched(
        (
            entry_stream(entry_of(command.movement_id)),
            entry_stream(f"B-{command.movement_id}"),
            reversal_stream(command.movement_id),
        )
    )


def _cover(command: c.CoverShortfall, look: Look) -> Touched:
    return Touched((SHORTFALL, entry_stream(f"SC-{command.cover_id}")), (INCOME_ACCOUNT,))


def _freeze(command: c.FreezeFunds, look: Look) -> Touched:
    streams = (
        member_stream(command.member_id),
        entry_stream(on_freezes.entry_of_freeze(command.freeze_id)),
        freeze_stream(command.freeze_id),
    )
    return Touched(streams, (account_of(command.member_id, command.role),))


def _unfreeze(command: c.UnfreezeFunds, look: Look) -> Touched:
    streams = (
        entry_stream(on_freezes.entry_of_freeze(command.freeze_id)),
        entry_stream(on_freezes.entry_of_release(command.release_id)),
        freeze_stream(command.freeze_id),
    )
    return Touched(streams)


def _release(command: c.AskReleaseAgain | c.AskReleaseTonight, look: Look) -> Touched:
    return Touched(tuple(map(entry_stream, (command.entry_id, following_id(command.entry_id)))))


def _payouts(command: c.RunReservePayouts, look: Look) -> Touched:
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


def _case(command: Any, look: Look) -> Touched:
    return Touched((COLLECTIONS, case_stream(command.borrower_id)))


def _case_and_loans(
    command: c.AssessCase | c.RecordCollectionAction | c.HandOverCase, look: Look
) -> Touched:
    borrower = member_stream(command.borrower_id)
    kept = look.peek(borrower)
    loans = map(loan_stream, kept.state.debts_fen) if kept else ()
    return Touched((COLLECTIONS, case_stream(command.borrower_id), borrower, *loans))


def _guarantor(command: c.AppointGuarantor, look: Look) -> Touched:
    guarantor_id = command.guarantor_id
    return Touched((member_stream(guarantor_id), guarantee_stream(guarantor_id)))


def _guarantee(command: c.GuaranteeLoan, look: Look) -> Touched:
    guarantor_id = command.guarantor_id
    loan = loan_stream(command.loan_id)
    return Touched((loan, member_stream(guarantor_id), guarantee_stream(guarantor_id)))


def _advance(command: c.RequestAdvance, look: Look) -> Touched:
    streams = (
        loan_stream(command.loan_id),
        member_stream(command.guarantor_id),
        guarantee_stream(command.guarantor_id),
        entry_stream(f"GH-{command.advance_id}"),
    )
    return Touched(streams, (account_of(command.guarantor_id, Role.GUARANTOR),))


def _reimburse(command: c.ReimburseAdvance, look: Look) -> Touched:
    streams = (
        *_loan_and_parties(command.loan_id, look),
        member_stream(command.guarantor_id),
        entry_stream(f"GR-{command.reimbursement_id}"),
    )
    return Touched(streams, (account_of(command.guarantor_id, Role.GUARANTOR),))


def _obligations(command: c.JudgeObligations | c.AdvanceObligations, look: Look) -> Touched:
    stream = guarantee_stream(command.guarantor_id)
    kept = look.peek(stream)
    obliged = kept.state.obligations.values() if kept else ()
    return Touched((stream, RESERVE, *(loan_stream(each.opened.loan_id) for each in obliged)))


def _authorised(command: c.AdvanceObligations, look: Look) -> Touched:
    streams, _ = _obligations(command, look)
    guarantor_id = command.guarantor_id
    account = account_of(guarantor_id, Role.GUARANTOR)
    return Touched((*streams, member_stream(guarantor_id)), (account,))


PEEKING: frozenset[Touches] = frozenset(
    {
        *(_loan, _repay, _entry, _payouts, _buy, _assignment, _case_and_loans, _spread),
        *(_obligations, _authorised, _reimburse),
    }
)

HANDLERS: dict[type[c.Command], Handler] = {
    c.OpenPlatform: Handler(on_members.open_platform, _nothing),
    c.SetMemberRules: Handler(on_members.set_member_rules, _nothing),
    c.PublishPolicy: Handler(on_members.publish_policy, _nothing),
    c.AppointOperators: Handler(on_operators.appoint_operators, _nothing),
    c.RegisterOperator: Handler(on_operators.register_operator, _nothing),
    c.RetireOperator: Handler(on_operators.retire_operator, _nothing),
    c.SeedReserve: Handler(on_members.seed_reserve, _nothing),
    c.MoveReserveSurplus: Handler(on_members.move_reserve_surplus, _nothing),
    c.ReverseMovement: Handler(on_corrections.reverse_movement, _reversal),
    c.RecordBankReversal: Handler(on_corrections.record_bank_reversal, _taken_back),
    c.CoverShortfall: Handler(on_corrections.cover_shortfall, _cover),
    c.FreezeFunds: Handler(on_freezes.freeze_funds, _freeze),
    c.UnfreezeFunds: Handler(on_freezes.unfreeze_funds, _unfreeze),
    c.AskReleaseAgain: Handler(on_releases.ask_release_again, _release),
    c.ChangePhone: Handler(on_visits.change_phone, _member),
    c.ResetPassword: Handler(on_visits.about_password, _member),
    c.CheckPassword: Handler(on_visits.about_password, _member),
    c.RecordAuthorisation: Handler(on_authorisations.record_authorisation, _member),
    c.ConfirmVisit: Handler(on_visits.end_visit, _member),
    c.RefuseVisit: Handler(on_visits.end_visit, _member),
    c.RegisterMember: Handler(on_members.register_member, _registration),
    c.BindBankAccount: Handler(on_cards.bind_bank_account, _member),
    c.UnbindBankAccount: Handler(on_cards.unbind_bank_account, _member),
    c.ReinstateBankAccount: Handler(on_cards.reinstate_bank_account, _member),
    c.RequestAuthorisation: Handler(on_authorisations.request_authorisation, _member),
    c.CancelAuthorisation: Handler(on_authorisations.cancel_authorisation, _member),
    c.BlacklistMember: Handler(on_blacklist.blacklist_member, _member),
    c.RegisterRelatedParty: Handler(on_members.register_related_party, _member),
    c.RequestRecharge: Handler(on_members.request_recharge, _recharge),
    c.RequestWithdrawal: Handler(on_withdrawals.request_withdrawal, _withdrawal),
    c.StopWithdrawal: Handler(on_withdrawals.stop_withdrawal, _stop),
    c.RequestLoan: Handler(on_loans.request_loan, _request_loan),
    c.RateLoan: Handler(on_loans.rate_loan, _loan),
    c.PublishLoan: Handler(on_loans.publish_loan, _loan),
    c.SetAutoTender: Handler(on_auto_tender.set_auto_tender, _auto_tender),
    c.StopAutoTender: Handler(on_auto_tender.stop_auto_tender, _auto_tender),
    c.ScheduleAutoTender: Handler(on_auto_tender.schedule_auto_tender, _nothing),
    c.SpreadLoan: Handler(on_auto_tender.spread_loan, _spread),
    c.SpreadTonight: Handler(on_auto_tender.spread_loan, _spread),
    c.PlaceTender: Handler(on_loans.place_tender, _tender),
    c.ConcludeLoan: Handler(on_loans.conclude_loan, _loan),
    c.DisburseLoan: Handler(on_loans.disburse_loan, _loan),
    c.RepayLoan: Handler(on_loans.repay_loan, _repay),
    c.OfferClaim: Handler(on_claims.offer_claim, _offer),
    c.BuyClaim: Handler(on_claims.buy_claim, _buy),
    c.WithdrawOffer: Handler(on_claims.withdraw_offer, _assignment),
    c.ConfirmOffer: Handler(on_claims.answer_offer, _assignment),
    c.RefuseOffer: Handler(on_claims.answer_offer, _assignment),
    c.ExpireOffer: Handler(on_claims.expire_offer, _assignment),
    c.SettleEntry: Handler(on_bank.settle_entry, _entry),
    c.RejectEntry: Handler(on_bank.reject_entry, _entry),
    c.DecideWithdrawal: Handler(on_withdrawals.decide_withdrawal, _last_word),
    c.RefuseStop: Handler(on_withdrawals.refuse_stop, _last_word),
    c.ConfirmAccount: Handler(on_members.confirm_account, _member),
    c.RefuseAccount: Handler(on_members.refuse_account, _member),
    c.ConfirmBinding: Handler(on_cards.confirm_binding, _member),
    c.RefuseBinding: Handler(on_cards.refuse_binding, _member),
    c.ConfirmUnbinding: Handler(on_cards.finish_unbinding, _member),
    c.RefuseUnbinding: Handler(on_cards.finish_unbinding, _member),
    c.ConfirmAuthorisation: Handler(on_authorisations.answer, _member),
    c.RefuseAuthorisation: Handler(on_authorisations.answer, _member),
    c.ConfirmAuthorisationEnd: Handler(on_authorisations.answer_cancellation, _member),
    c.RefuseAuthorisationEnd: Handler(on_authorisations.answer_cancellation, _member),
    c.ConfirmProject: Handler(on_loans.answer_project, _loan),
    c.RefuseProject: Handler(on_loans.answer_project, _loan),
    c.RecordBankMovement: Handler(on_members.record_bank_movement, _nothing),
    c.RollBusinessDate: Handler(on_members.roll_business_date, _nothing),
    c.AssessLoan: Handler(on_day_end.assess_loan, _loan),
    c.MiscarryLoan: Handler(on_loans.miscarry_loan, _loan),
    c.RunReservePayouts: Handler(on_day_end.run_reserve_payouts, _payouts),
    c.SetCollectionRules: Handler(on_collections.set_collection_rules, _nothing),
    c.RecordCollectionAction: Handler(on_collections.record_action, _case_and_loans),
    c.RecordPromise: Handler(on_collections.record_promise, _case),
    c.HandOverCase: Handler(on_collections.hand_over_case, _case_and_loans),
    c.TakeBackCase: Handler(on_collections.take_back_case, _case),
    c.RecordLawsuit: Handler(on_collections.record_lawsuit, _case),
    c.AssessCase: Handler(on_collections.assess_case, _case_and_loans),
    c.AppealBlacklisting: Handler(on_blacklist.appeal_blacklisting, _member),
    c.RejectAppeal: Handler(on_blacklist.reject_appeal, _member),
    c.RemoveFromBlacklist: Handler(on_blacklist.remove_from_blacklist, _member),
    c.ImportBlacklist: Handler(on_blacklist.import_blacklist, _nothing),
    c.WindDown: Handler(on_wind_down.wind_down, _nothing),
    c.ReportEmptied: Handler(on_wind_down.report_emptied, _nothing),
    c.AppointGuarantor: Handler(on_guarantees.appoint_guarantor, _guarantor),
    c.GuaranteeLoan: Handler(on_guarantees.guarantee_loan, _guarantee),
    c.ConfirmOverdue: Handler(on_guarantees.confirm_overdue, _loan),
    c.RequestAdvance: Handler(on_guarantees.request_advance, _advance),
    c.ReimburseAdvance: Handler(on_reimbursements.reimburse_advance, _reimburse),
    c.JudgeObligations: Handler(on_day_end.judge_obligations, _obligations),
    c.AdvanceObligations: Handler(on_guarantees.advance_obligations, _authorised),
    c.AskReleaseTonight: Handler(on_releases.ask_release_again, _release),
}
