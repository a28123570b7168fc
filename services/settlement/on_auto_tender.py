"""Commands about auto-tender: a lender's rules, and a loan that is spread by everybody's."""

from __future__ import annotations

from domain import authorised_use, auto_tender, funding, investment
from domain import commands as c
from domain.accounts import Role
from domain.authorisation import Kind
from domain.auto_tender import Purse
from domain.loan import Status
from domain.model import Refused
from domain.platform import AutoTenderScheduled
from domain.policy_limits import least
from domain.refusals import Code
from domain.streams import AUTO_TENDER, PLATFORM
from services.settlement.desk import Desk
from services.settlement.on_loans import tender


def set_auto_tender(desk: Desk, command: c.SetAutoTender) -> None:
    desk.member(command.member_id).account(Role.INVESTOR, "member_id")
    rules = auto_tender.AutoTenderSet(
        member_id=command.member_id,
        per_loan_fen=command.per_loan_fen,
        per_borrower_fen=command.per_borrower_fen,
        keep_fen=command.keep_fen,
        grades=command.grades,
        periods_max=command.periods_max,
    )
    desk.record(AUTO_TENDER, auto_tender.set_rules(rules))


def stop_auto_tender(desk: Desk, command: c.StopAutoTender) -> None:
    desk.record(AUTO_TENDER, auto_tender.stop(desk.auto_tender, command.member_id))


def schedule_auto_tender(desk: Desk, command: c.ScheduleAutoTender) -> None:
    desk.record(PLATFORM, AutoTenderScheduled(investors=command.investors))


def spread_loan(desk: Desk, command: c.SpreadLoan | c.SpreadTonight) -> None:
    """One command, one transaction: the decision, and a tender for each part of it."""
    loan = desk.loan(command.loan_id)
    terms = loan.known()
    if loan.status is not Status.PUBLISHED:
        raise Refused(Code.LOAN_NOT_OPEN, f"the loan is {loan.status}", "loan_id")
    willing = desk.auto_tender.willing(loan)
    purses = {lender: purse for lender in willing if (purse := _purse(desk, lender))}
    debts = desk.member(terms.borrower_id).debts_fen
    spread = auto_tender.spread_loan(
        desk.auto_tender,
        command.spread_id,
        loan,
        command.investors,
        [desk.loan(loan_id) for loan_id in debts],
        purses,
        funding.TENDERS_MAX,
    )
    desk.record(AUTO_TENDER, spread)
    for number, offer in enumerate(spread.offers, start=1):
        placed = investment.TenderPlaced(
            tender_id=f"{command.spread_id}-{number}",
            loan_id=offer.loan_id,
            investor_id=offer.investor_id,
            amount_fen=offer.amount_fen,
        )
        tender(desk, placed)


def _purse(desk: Desk, lender: str) -> Purse | None:
    """None for whom nothing may be placed now, whatever his rules."""
    member = desk.member(lender)
    try:
        free_fen = desk.balance(member.account(Role.INVESTOR)).available_fen
        at_once_fen = authorised_use.usable_fen(
            member.authorisations,
            Kind.TENDER,
            desk.today,
            required=desk.platform.rules.authorisations_required,
        )
    except Refused:
        return None
    limits = desk.limits
    most_fen = least(
        at_once_fen, desk.platform.tender_max_fen, limits.lender_fen, limits.auto_tender_fen
    )
    return Purse(free_fen, free_fen if most_fen is None else min(free_fen, most_fen))
