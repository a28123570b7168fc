"""Examples of every command that may come from outside, as one story: in this order, with the
bank's answers in between, each is accepted. Everybody in it is made up, and so are their keys,
which anybody can derive: never appoint these operators on a platform with money."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TypedDict

from adapters.blacklist import signed
from adapters.signing import Signer, by_two
from adapters.vault import Seal
from domain import commands as c
from domain.accounts import Role
from domain.authorisation import Kind
from domain.blacklist import Ground, ListedPerson
from domain.collection_events import LawsuitStep
from domain.conduct import Means, Outcome, Party
from domain.loan_guarantee import SecurityKind
from domain.operators import OperatorRole
from domain.policy import PolicyTerms
from domain.schedule import Method

_DAY = date(2024, 1, 2)


class _By(TypedDict):
    id: str
    platform: str
    actor: str


def _by(name: str, actor: str = "web") -> _By:
    return {"id": f"example-{name}", "platform": "demo", "actor": actor}


_FINANCE_1, _FINANCE_2, _RISK_1, _RISK_2, _DESK = (
    Signer.made_up(name, "example")
    for name in ("finance-1", "finance-2", "risk-1", "risk-2", "desk-1")
)

_OTHER_PLATFORM = Signer.made_up("platform-2", "example")
[_LIST] = signed(
    "platform-2",
    _DAY,
    [ListedPerson("C9.20231130", "ab" * 32, Ground.LONG_OVERDUE, date(2023, 11, 30))],
    Seal(bytes(32), list_key=bytes(32)),
    _OTHER_PLATFORM,
)


EXAMPLES: tuple[c.Command, ...] = (
    c.OpenPlatform(business_date=_DAY, law_table="cn-p2p", **_by("open-platform", "ops-1")),
    c.PublishPolicy(
        terms=PolicyTerms(
            version="2024-1",
            valid_from=_DAY,
            fee_by_grade={"A": "1.5", "B": "2.5"},
            contribution_by_grade={"A": "0.5", "B": "1"},
        ),
        **_by("publish-policy", "risk-1"),
    ),
    by_two(
        c.AppointOperators,
        _FINANCE_1,
        _RISK_1,
        operators=tuple(each.operator for each in (_FINANCE_1, _FINANCE_2, _RISK_1)),
        **_by("appoint-operators", "ops-1"),
    ),
    by_two(
        c.SeedReserve,
        _FINANCE_1,
        _FINANCE_2,
        seed_id="seed1",
        amount_fen=1_000_000,
        **_by("seed-reserve", "finance-1"),
    ),
    c.RegisterMember(
        member_id="I1",
        kind="person",
        roles=(Role.INVESTOR,),
        name="测试投资人",
        id_no="990101000000000001",
        phone="19900000001",
        **_by("register-investor"),
    ),
    c.RegisterMember(
        member_id="B1",
        kind="person",
        roles=(Role.BORROWER,),
        name="测试借款人",
        id_no="990101000000000002",
        phone="19900000002",
        **_by("register-borrower"),
    ),
    c.BindBankAccount(
        member_id="I1",
        role=Role.INVESTOR,
        binding_id="I1-card1",
        card_no="9900000000018800",
        bank_code="ICBC",
        phone="19900000001",
        **_by("bind-bank-account"),
    ),
    c.SetMemberRules(
        authorisations_required=True,
        withdrawal_single_max_fen=5_000_000,
        withdrawal_daily_max_fen=20_000_000,
        failed_cards_suspended=True,
        **_by("set-member-rules", "risk-1"),
    ),
    c.RequestAuthorisation(
        member_id="I1",
        kind=Kind.TENDER,
        ends_on=date(2099, 12, 31),
        limit_fen=100_000,
        **_by("authorise-tenders"),
    ),
    c.RequestAuthorisation(
        member_id="B1",
        kind=Kind.REPAYMENT,
        ends_on=date(2099, 12, 31),
        limit_fen=110_000,
        **_by("authorise-repayments"),
    ),
    c.RequestRecharge(
        recharge_id="I1-1",
        member_id="I1",
        role=Role.INVESTOR,
        amount_fen=200_000,
        **_by("recharge-investor"),
    ),
    c.RequestRecharge(
        recharge_id="B1-1",
        member_id="B1",
        role=Role.BORROWER,
        amount_fen=50_000,
        **_by("recharge-borrower"),
    ),
    c.RequestLoan(
        loan_id="L1",
        borrower_id="B1",
        amount_fen=100_000,
        annual_rate="12",
        periods=12,
        method=Method.EQUAL_INSTALMENT,
        purpose="renovation",
        **_by("request-loan"),
    ),
    c.RateLoan(loan_id="L1", grade="A", **_by("rate-loan", "risk-1")),
    c.RegisterMember(
        member_id="G1",
        kind="company",
        roles=(Role.GUARANTOR,),
        name="测试担保公司",
        id_no="91990101MA00000003",
        phone="19900000003",
        lawful_business=True,
        **_by("register-guarantor"),
    ),
    by_two(
        c.AppointGuarantor,
        _FINANCE_1,
        _RISK_1,
        guarantor_id="G1",
        limit_fen=10_000_000,
        **_by("appoint-guarantor", "risk-1"),
    ),
    c.GuaranteeLoan(
        loan_id="L1",
        guarantor_id="G1",
        counter_guarantee=c.CounterGuaranteeGiven(
            kind=SecurityKind.PLEDGE, reference="pledge-0001", document_hash="7a" * 32
        ),
        **_by("guarantee-loan", "risk-1"),
    ),
    c.PublishLoan(loan_id="L1", deadline=date(2024, 1, 12), **_by("publish-loan", "risk-1")),
    c.PlaceTender(
        tender_id="T1",
        loan_id="L1",
        investor_id="I1",
        amount_fen=100_000,
        **_by("place-tender"),
    ),
    c.ConcludeLoan(loan_id="L1", contract_hash="5e" * 32, **_by("conclude-loan", "contracts")),
    c.DisburseLoan(loan_id="L1", **_by("disburse-loan", "ops-1")),
    c.RegisterMember(
        member_id="I2",
        kind="person",
        roles=(Role.INVESTOR,),
        name="测试受让人",
        id_no="990101000000000003",
        phone="19900000003",
        **_by("register-buyer"),
    ),
    c.RequestRecharge(
        recharge_id="I2-1",
        member_id="I2",
        role=Role.INVESTOR,
        amount_fen=60_000,
        **_by("recharge-buyer"),
    ),
    c.RequestAuthorisation(
        member_id="I2",
        kind=Kind.CREDIT_ASSIGNMENT,
        ends_on=date(2099, 12, 31),
        limit_fen=40_000,
        **_by("authorise-assignments"),
    ),
    c.OfferClaim(
        assignment_id="S1",
        loan_id="L1",
        claim_id="T1",
        seller_id="I1",
        principal_fen=40_000,
        price_fen=39_500,
        valid_until=date(2024, 1, 12),
        **_by("offer-claim"),
    ),
    c.BuyClaim(assignment_id="S1", buyer_id="I2", amount_max_fen=40_000, **_by("buy-claim")),
    c.OfferClaim(
        assignment_id="S2",
        loan_id="L1",
        claim_id="T1",
        seller_id="I1",
        principal_fen=10_000,
        price_fen=10_100,
        valid_until=date(2024, 1, 12),
        **_by("offer-another-claim"),
    ),
    c.WithdrawOffer(assignment_id="S2", **_by("withdraw-offer")),
    c.RepayLoan(
        payment_id="P1", loan_id="L1", amount_fen=110_000, in_full=True, **_by("repay-loan")
    ),
    c.SetAutoTender(
        member_id="I1",
        per_loan_fen=50_000,
        per_borrower_fen=80_000,
        keep_fen=10_000,
        grades=("A", "B"),
        periods_max=12,
        **_by("set-auto-tender"),
    ),
    c.RequestLoan(
        loan_id="L2",
        borrower_id="B1",
        amount_fen=60_000,
        annual_rate="9",
        periods=6,
        method=Method.EQUAL_INSTALMENT,
        purpose="stock",
        **_by("request-second-loan"),
    ),
    c.RateLoan(loan_id="L2", grade="B", **_by("rate-second-loan", "risk-1")),
    c.PublishLoan(loan_id="L2", deadline=date(2024, 1, 12), **_by("publish-second-loan", "risk-1")),
    c.SpreadLoan(spread_id="S1", loan_id="L2", investors=1, **_by("spread-loan")),
    c.StopAutoTender(member_id="I1", **_by("stop-auto-tender")),
    c.ScheduleAutoTender(investors=20, **_by("schedule-auto-tender", "risk-1")),
    c.RequestWithdrawal(
        withdrawal_id="W1",
        member_id="I1",
        role=Role.INVESTOR,
        binding_id="I1-card1",
        amount_fen=50_000,
        **_by("request-withdrawal"),
    ),
    c.RequestWithdrawal(
        withdrawal_id="W2",
        member_id="I1",
        role=Role.INVESTOR,
        binding_id="I1-card1",
        amount_fen=1_000,
        **_by("request-another-withdrawal"),
    ),
    c.StopWithdrawal(withdrawal_id="W2", **_by("stop-withdrawal")),
    c.CancelAuthorisation(member_id="I1", kind=Kind.TENDER, **_by("cancel-authorisation")),
    c.ReinstateBankAccount(
        member_id="I1", binding_id="I1-card1", **_by("reinstate-bank-account", "desk-1")
    ),
    c.UnbindBankAccount(
        member_id="I1",
        binding_id="I1-card1",
        second_factor=c.SecondFactor(
            method="sms", reference="sms-0001", passed_at=datetime(2024, 1, 2, 1, 58, tzinfo=UTC)
        ),
        **_by("unbind-bank-account", "desk-1"),
    ),
    c.ChangePhone(member_id="I1", role=Role.INVESTOR, phone="19900000011", **_by("change-phone")),
    c.ResetPassword(member_id="I1", role=Role.INVESTOR, **_by("reset-password")),
    c.CheckPassword(member_id="I1", role=Role.INVESTOR, **_by("check-password")),
    by_two(
        c.FreezeFunds,
        _FINANCE_1,
        _RISK_1,
        freeze_id="freeze1",
        member_id="I1",
        role=Role.INVESTOR,
        amount_fen=10_000,
        evidence="court order 17",
        **_by("freeze-funds", "finance-1"),
    ),
    by_two(
        c.UnfreezeFunds,
        _FINANCE_1,
        _RISK_1,
        release_id="release1",
        freeze_id="freeze1",
        amount_fen=4_000,
        evidence="court order 18",
        **_by("unfreeze-funds", "finance-1"),
    ),
    by_two(
        c.RegisterOperator,
        _FINANCE_1,
        _RISK_1,
        operator_id=_RISK_2.operator_id,
        role=OperatorRole.OPERATOR,
        public_key=_RISK_2.public_key,
        **_by("register-operator", "ops-1"),
    ),
    by_two(
        c.RegisterOperator,
        _RISK_1,
        _RISK_2,
        operator_id=_DESK.operator_id,
        role=OperatorRole.PUBLISHER,
        public_key=_DESK.public_key,
        **_by("register-publisher", "ops-1"),
    ),
    by_two(
        c.BlacklistMember,
        _DESK,
        _RISK_2,
        member_id="B1",
        evidence="case 17",
        ground=Ground.STATEMENTS_DIFFER,
        evidence_hash="e1" * 32,
        **_by("blacklist-member", "desk-1"),
    ),
    c.AppealBlacklisting(
        member_id="B1", evidence_hash="e2" * 32, **_by("appeal-blacklisting", "desk-1")
    ),
    by_two(
        c.RejectAppeal,
        _DESK,
        _RISK_2,
        member_id="B1",
        evidence_hash="e3" * 32,
        **_by("reject-appeal", "desk-1"),
    ),
    by_two(
        c.RemoveFromBlacklist,
        _RISK_1,
        _RISK_2,
        member_id="B1",
        evidence_hash="e4" * 32,
        **_by("remove-from-blacklist", "risk-1"),
    ),
    c.SetCollectionRules(
        valid_from=_DAY, conduct_table="cn-consumer", **_by("set-collection-rules", "risk-1")
    ),
    by_two(
        c.RegisterRelatedParty,
        _DESK,
        _RISK_2,
        member_id="B1",
        evidence="register of shareholders, 2024-01",
        **_by("register-related-party", "desk-1"),
    ),
    by_two(
        c.MoveReserveSurplus,
        _FINANCE_1,
        _FINANCE_2,
        surplus_id="surplus1",
        amount_fen=500_000,
        **_by("move-reserve-surplus", "finance-1"),
    ),
    by_two(
        c.ReverseMovement,
        _FINANCE_1,
        _FINANCE_2,
        reversal_id="reversal1",
        movement_id="D-L1-1.2",
        amount_fen=500,
        reason="the fee was taken at the old rate",
        **_by("reverse-movement", "finance-1"),
    ),
    by_two(
        c.RetireOperator,
        _FINANCE_1,
        _RISK_1,
        operator_id=_FINANCE_2.operator_id,
        **_by("retire-operator", "ops-1"),
    ),
)


ON_OCCASION: tuple[c.Command, ...] = (
    by_two(
        c.RecordBankReversal,
        _FINANCE_1,
        _FINANCE_2,
        movement_id="R-P1.1",
        bank_date=date(2018, 1, 5),
        reason="the bank wrote that it undid it",
        **_by("record-bank-reversal", "finance-1"),
    ),
    by_two(
        c.CoverShortfall,
        _FINANCE_1,
        _FINANCE_2,
        cover_id="cover1",
        entry_id="B-ADJ0000000000000078",
        amount_fen=200,
        **_by("cover-shortfall", "finance-1"),
    ),
    c.AskReleaseAgain(entry_id="X-T1", **_by("ask-release-again", "finance-1")),
    c.RecordCollectionAction(
        borrower_id="B2",
        action_id="call-1",
        means=Means.CALL,
        party=Party.DEBTOR,
        at=datetime(2024, 3, 4, 2, 30, tzinfo=UTC),
        outcome=Outcome.REACHED,
        asks_to_pay=True,
        note="will pay on Friday",
        **_by("record-collection-action", "collector-1"),
    ),
    c.RecordPromise(
        borrower_id="B2",
        promise_id="promise-1",
        amount_fen=8_885,
        pay_by=date(2024, 3, 8),
        **_by("record-promise", "collector-1"),
    ),
    c.HandOverCase(borrower_id="B2", agency_id="agency-7", **_by("hand-over-case", "collector-1")),
    c.TakeBackCase(borrower_id="B2", **_by("take-back-case", "collector-1")),
    c.RecordLawsuit(
        borrower_id="B2",
        lawsuit_id="suit-1",
        step=LawsuitStep.FILED,
        on=date(2024, 7, 1),
        document_hash="d1" * 32,
        loan_id="L2",
        **_by("file-lawsuit", "legal-1"),
    ),
    c.RecordLawsuit(
        borrower_id="B2",
        lawsuit_id="suit-1",
        step=LawsuitStep.JUDGED,
        on=date(2024, 9, 2),
        document_hash="d2" * 32,
        court_costs_fen=5_000,
        **_by("record-judgment", "legal-1"),
    ),
    by_two(
        c.ImportBlacklist,
        _RISK_1,
        _RISK_2,
        **_LIST.model_dump(),
        **_by("import-blacklist", "risk-1"),
    ),
    by_two(
        c.ConfirmOverdue,
        _FINANCE_1,
        _RISK_1,
        loan_id="L2",
        period=1,
        **_by("confirm-overdue", "risk-1"),
    ),
    c.RequestAdvance(
        advance_id="advance1",
        guarantor_id="G1",
        loan_id="L2",
        period=1,
        **_by("request-advance", "guarantor-1"),
    ),
    c.ReimburseAdvance(
        reimbursement_id="reimbursement1",
        guarantor_id="G1",
        loan_id="L2",
        period=1,
        **_by("reimburse-advance", "guarantor-1"),
    ),
    by_two(c.WindDown, _FINANCE_1, _RISK_1, plan_hash="f1" * 32, **_by("wind-down", "board-1")),
)
"""Not in the story: they need a debit of the bank, a release that it refused, a borrower who is
late, another platform's list, or end it."""


def examples_of(name: str) -> list[c.Command]:
    return [each for each in (*EXAMPLES, *ON_OCCASION) if each.type == name]
