"""Commands about loans and tenders."""

from __future__ import annotations

from collections.abc import Sequence

from domain import commands as c
from domain import funding, guarantor_advance, investment, lawful, policy_limits, repayment
from domain.accounts import INCOME_ACCOUNT, RESERVE_ACCOUNT, Role, account_of
from domain.authorisation import Kind as Authorised
from domain.cashbook import Movement, movement_id
from domain.loan import Loan
from domain.loan_events import LoanEvent, LoanRequested
from domain.member import DebtEnded, DebtTaken, Member
from domain.model import InvariantBroken, Refused
from domain.policy_limits import least
from domain.purposes import Purpose
from domain.refusals import Code
from domain.streams import investment_stream, loan_stream, member_stream
from services.settlement.admission import approve
from services.settlement.desk import Desk
from services.settlement.on_authorisations import check as authorised
from services.settlement.on_blacklist import check_elsewhere
from services.settlement.on_guarantees import end_guarantee, give_guarantee


def request_loan(desk: Desk, command: c.RequestLoan) -> None:
    desk.member(command.borrower_id).account(Role.BORROWER, "borrower_id")
    wanted = LoanRequested(
        loan_id=command.loan_id,
        borrower_id=command.borrower_id,
        amount_fen=command.amount_fen,
        annual_rate=command.annual_rate,
        periods=command.periods,
        method=command.method,
        purpose=command.purpose,
        owed_elsewhere_fen=command.owed_elsewhere_fen,
        product=command.product,
    )
    _record(desk, command.loan_id, funding.request(desk.loan(command.loan_id), wanted))


def rate_loan(desk: Desk, command: c.RateLoan) -> None:
    _record(desk, command.loan_id, funding.rate(desk.loan(command.loan_id), command.grade))


def publish_loan(desk: Desk, command: c.PublishLoan) -> None:
    loan = desk.loan(command.loan_id)
    terms = loan.known()
    table = desk.law_table
    borrower = applicant(desk, desk.member(terms.borrower_id))
    limits = table.on(max(desk.today, command.deadline))  # It is concluded by then.
    admitted = funding.admit(
        loan,
        borrower,
        limits,
        table.name,
        command.deadline,
        desk.today,
    )
    check_elsewhere(desk, desk.member(terms.borrower_id))
    policy = desk.policies.in_force(desk.today)
    if policy is None:
        raise Refused(Code.POLICY_MISSING, "it could be filled and never concluded")
    policy_limits.check_borrower(
        policy.limits,
        terms.amount_fen,
        borrower.owed_fen + terms.amount_fen,
        company=borrower.company,
    )
    for each, until in desk.policies.between(desk.today, command.deadline):
        its_own = funding.its_own(loan, each)
        lawful.check(its_own, table, until)
        guarantor_advance.must_be_whole(loan, its_own)
    give_guarantee(desk, loan, limits)
    _record(desk, command.loan_id, admitted)
    desk.record(
        member_stream(terms.borrower_id),
        DebtTaken(
            member_id=terms.borrower_id, loan_id=command.loan_id, amount_fen=terms.amount_fen
        ),
    )


def applicant(desk: Desk, borrower: Member) -> funding.Applicant:
    registered = borrower.known("borrower_id")
    loans = map(desk.loan, borrower.debts_fen)
    return funding.Applicant(
        verified=Role.BORROWER in borrower.open_roles,
        company=registered.kind == "company",
        lawful_business=registered.lawful_business,
        blacklisted=borrower.blacklisted,
        related_party=borrower.related_party,
        owed_fen=sum(map(funding.owed_fen, loans)),
    )


def answer_project(desk: Desk, command: c.ConfirmProject | c.RefuseProject) -> None:
    loan = desk.loan(command.loan_id)
    refused_code = command.bank_code if isinstance(command, c.RefuseProject) else None
    _record(desk, command.loan_id, funding.answer_project(loan, refused_code))
    if refused_code is not None:
        end_debt(desk, loan)
        end_guarantee(desk, loan)


def place_tender(desk: Desk, command: c.PlaceTender) -> None:
    placed = investment.TenderPlaced(
        tender_id=command.tender_id,
        loan_id=command.loan_id,
        investor_id=command.investor_id,
        amount_fen=command.amount_fen,
    )
    tender(desk, placed, by_member=command.by_member)


def tender(desk: Desk, placed: investment.TenderPlaced, *, by_member: bool = False) -> None:
    account = desk.member(placed.investor_id).account(Role.INVESTOR, "investor_id")
    policy = desk.policies.in_force(desk.today)
    lender_fen = None if policy is None else policy.limits.lender_fen
    reserved = funding.reserve_tender(
        desk.loan(placed.loan_id),
        placed.tender_id,
        placed.investor_id,
        placed.amount_fen,
        least(desk.platform.tender_max_fen, lender_fen),
    )
    if policy is None:
        raise Refused(Code.POLICY_MISSING, "nobody could say what is promised", "loan_id")
    if not by_member:
        authorised(desk, placed.investor_id, Authorised.TENDER, placed.amount_fen)
    _record(desk, placed.loan_id, reserved)
    take_step(desk, placed)
    entry_id = f"T-{placed.tender_id}"
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.TENDER,
        payer=account,
        payee=account,
        amount_fen=placed.amount_fen,
    )
    desk.request(
        entry_id, placed.loan_id, placed.tender_id, [movement], by_member=by_member or None
    )


def conclude_loan(desk: Desk, command: c.ConcludeLoan) -> None:
    loan = desk.loan(command.loan_id)
    policy = desk.policies.in_force(loan.filled.filled_on) if loan.filled else None
    _record(desk, command.loan_id, funding.conclude(loan, command.contract_hash, policy))


def disburse_loan(desk: Desk, command: c.DisburseLoan) -> None:
    loan = desk.loan(command.loan_id)
    [requested] = funding.disburse(loan)
    borrower = account_of(loan.known().borrower_id, Role.BORROWER)
    movements = [
        Movement(
            id=movement_id(requested.entry_id, number),
            purpose=Purpose.DISBURSEMENT,
            payer=account_of(tender.investor_id, Role.INVESTOR),
            payee=borrower,
            amount_fen=tender.amount_fen,
            freeze=freeze_of(tender_id),
        )
        for number, (tender_id, tender) in enumerate(loan.tenders.items(), start=1)
    ]
    for purpose, payee, amount_fen in (
        (Purpose.FEE, INCOME_ACCOUNT, requested.fee_fen),
        (Purpose.RESERVE_CONTRIBUTION, RESERVE_ACCOUNT, requested.contribution_fen),
    ):
        if amount_fen:
            movements.append(
                Movement(
                    id=movement_id(requested.entry_id, len(movements) + 1),
                    purpose=purpose,
                    payer=borrower,
                    payee=payee,
                    amount_fen=amount_fen,
                )
            )
    _record(desk, command.loan_id, (requested,))
    desk.request(requested.entry_id, command.loan_id, command.loan_id, movements)


def repay_loan(desk: Desk, command: c.RepayLoan) -> None:
    """First the bank freezes the borrower's money; where it goes is decided when it is frozen.
    To backdate it takes two people: it is less penalty for the borrower, and for the investors."""
    if desk.effective_on < desk.today or command.maker or command.checker:
        approve(desk, command)
    loan = desk.loan(command.loan_id)
    accepted = repayment.accept(
        loan,
        command.payment_id,
        command.amount_fen,
        in_full=command.in_full,
        in_part=command.in_part,
        effective_on=desk.effective_on,
    )
    borrower_id = loan.known().borrower_id
    authorised(desk, borrower_id, Authorised.REPAYMENT, command.amount_fen)
    _record(desk, command.loan_id, accepted)
    account = account_of(borrower_id, Role.BORROWER)
    entry_id = f"H-{command.payment_id}"
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.REPAYMENT_HOLD,
        payer=account,
        payee=account,
        amount_fen=command.amount_fen,
    )
    desk.request(entry_id, command.loan_id, command.payment_id, [movement], "payment_id")


def miscarry_loan(desk: Desk, command: c.MiscarryLoan) -> None:
    """Secured tenders are released now, those on their way when the bank has answered."""
    loan = desk.loan(command.loan_id)
    miscarried = funding.miscarry(loan, desk.today, desk.policies)
    _record(desk, command.loan_id, miscarried)
    for tender_id, tender in loan.tenders.items():
        if tender.secured:
            release_tender(desk, command.loan_id, tender_id)
    end_debt(desk, loan)
    end_guarantee(desk, loan)


# -- shared with the bank's answers -----------------------------------------------------


def release_tender(desk: Desk, loan_id: str, tender_id: str) -> None:
    placed = desk.investment(tender_id).placed
    if placed is None:
        raise InvariantBroken(f"tender {tender_id} was never placed")
    account = account_of(placed.investor_id, Role.INVESTOR)
    entry_id = f"X-{tender_id}"
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.TENDER_RELEASE,
        payer=account,
        payee=account,
        amount_fen=placed.amount_fen,
        freeze=freeze_of(tender_id),
    )
    desk.request(entry_id, loan_id, tender_id, [movement])


def freeze_of(tender_id: str) -> str:
    return movement_id(f"T-{tender_id}", 1)


def take_step(desk: Desk, step: investment.InvestmentEvent) -> None:
    state = desk.investment(step.tender_id)
    desk.record(investment_stream(step.tender_id), *investment.decide(state, step))


def end_debt(desk: Desk, loan: Loan) -> None:
    terms = loan.known()
    desk.record(
        member_stream(terms.borrower_id),
        DebtEnded(member_id=terms.borrower_id, loan_id=terms.loan_id),
    )


def _record(desk: Desk, loan_id: str, events: Sequence[LoanEvent]) -> None:
    desk.record(loan_stream(loan_id), *events)
