"""Every reason for a refusal, reached through the writer; and no refusal changes anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from domain import commands as c
from domain.accounts import Role
from domain.authorisation import Kind
from domain.collection_events import LawsuitStep
from domain.commands import Command
from domain.policy import Provider
from domain.purposes import Purpose
from domain.refusals import Code
from tests.exemplars import ANN, BEN, TODAY, command, id_no_of
from tests.house import House
from tests.scenarios.asking import (
    CARD,
    LIST,
    PAPER,
    Ask,
    another_payload,
    ask,
    authorise,
    by_hand,
    cover,
    join,
    new_operator,
    payout,
    policy,
    publish,
    repay,
    reverse,
    rules,
    tender,
    unbind,
    unfreeze,
)
from tests.scenarios.every_state import fill

REACHED: dict[Code, Ask] = {
    Code.COMMAND_ID_REUSED: another_payload,
    Code.PLATFORM_UNKNOWN: lambda house: (
        house.writer.submit([command(c.AssessLoan, platform="another", loan_id="REPAYING")])[0].code
    ),
    Code.PLATFORM_ALREADY_OPEN: ask(c.OpenPlatform, business_date=TODAY, law_table="none"),
    Code.EFFECTIVE_DATE_IN_FUTURE: repay("REPAYING", effective_on=TODAY + timedelta(days=1)),
    Code.EFFECTIVE_DATE_NEEDS_REASON: repay("REPAYING", effective_on=TODAY - timedelta(days=1)),
    Code.ID_TAKEN: join("lucy"),
    Code.OPERATORS_APPOINTED: ask(c.AppointOperators, operators=(ANN.operator, BEN.operator)),
    Code.OPERATOR_UNKNOWN: ask(c.RetireOperator, operator_id="ghost"),
    Code.OPERATOR_RETIRED: by_hand("ann", "dan"),
    Code.SECOND_PERSON_REQUIRED: by_hand("ann", "ann"),
    Code.CHECKER_NOT_OPERATOR: by_hand("ann", "web"),
    Code.SIGNATURE_WRONG: by_hand("ann", "ben"),
    Code.KEY_TAKEN: ask(c.RegisterOperator, **new_operator("twin", ANN)),
    Code.OPERATORS_TOO_FEW: ask(c.RetireOperator, operator_id="ben"),
    Code.POLICY_VERSION_TAKEN: policy(valid_from=date(2019, 1, 1)),
    Code.POLICY_IN_PAST: policy(version="v9", valid_from=TODAY - timedelta(days=1)),
    Code.POLICY_OVERLAPS: policy(version="v9", valid_from=date(2018, 3, 1)),
    Code.POLICY_LEAVES_GAP: policy(version="v9", valid_from=date(2018, 7, 2)),
    Code.POLICY_UNLAWFUL: policy(
        version="v9", valid_from=date(2018, 7, 1), providers=(Provider.PLATFORM,)
    ),
    Code.CONTRIBUTION_ABOVE_FEE: policy(
        version="v9", valid_from=date(2018, 7, 1), contribution_by_grade={"A": "4"}
    ),
    Code.IDENTITY_TAKEN: join("lucy2", Role.BORROWER, id_no=id_no_of("lucy")),
    Code.MEMBER_UNKNOWN: ask(c.ConfirmAccount, member_id="ghost", role=Role.INVESTOR),
    Code.ROLE_MISSING: payout(role=Role.BORROWER),
    Code.ACCOUNT_NOT_OPEN: payout(member_id="shut"),
    Code.BINDING_EXISTS: ask(
        c.BindBankAccount, member_id="lucy", role=Role.INVESTOR, binding_id="b8", **CARD
    ),
    Code.BANK_ACCOUNT_NOT_OWN: payout(binding_id="b9"),
    Code.BANK_ACCOUNT_NOT_BOUND: ask(c.ConfirmBinding, member_id="lucy", binding_id="b1"),
    Code.BANK_ACCOUNT_COOLING_OFF: payout(member_id="max", binding_id="b3"),
    Code.BANK_ACCOUNT_SUSPENDED: payout(member_id="sue", binding_id="b4"),
    Code.SECOND_FACTOR_REQUIRED: ask(c.UnbindBankAccount, member_id="lucy", binding_id="b1"),
    Code.SECOND_FACTOR_USED: unbind("f1", 0),
    Code.SECOND_FACTOR_EXPIRED: unbind("f2", 6),
    Code.WITHDRAWAL_ABOVE_SINGLE: payout(amount_fen=10**12 + 1),
    Code.WITHDRAWAL_ABOVE_DAILY: payout(member_id="dot", binding_id="b5", amount_fen=10**12),
    Code.AUTHORISATION_ROLE: authorise("lucy", Kind.WITHDRAWAL),
    Code.AUTHORISATION_UNDER_WAY: authorise("bob", Kind.REPAYMENT),
    Code.AUTHORISATION_NOT_OPEN: ask(c.ConfirmAuthorisation, member_id="amy", number=1),
    Code.AUTHORISATION_MISSING: ask(c.CancelAuthorisation, member_id="lucy", kind=Kind.TENDER),
    Code.AUTHORISATION_ENDED: authorise("lucy", ends_on=TODAY - timedelta(days=1)),
    Code.AUTHORISATION_EXCEEDED: tender("OPEN", 11, investor_id="amy"),
    Code.VISIT_NOT_OPEN: ask(c.ConfirmVisit, member_id="lucy", number=1),
    Code.INSUFFICIENT_BALANCE: payout(amount_fen=10**12),
    Code.ENTRY_UNKNOWN: ask(c.SettleEntry, entry_id="C-ghost", bank_date=TODAY),
    Code.ENTRY_CLOSED: ask(c.RejectEntry, entry_id="D-REPAYING-1"),
    Code.NOT_A_RELEASE: ask(c.AskReleaseAgain, entry_id="D-REPAYING-1"),
    Code.WITHDRAWAL_STOPPING: ask(c.StopWithdrawal, withdrawal_id="w0"),
    Code.MOVEMENT_NOT_ALLOWED: ask(
        c.RecordBankMovement,
        bank_record="x",
        purpose=Purpose.RETURNED_WITHDRAWAL,
        account="platform:reserve",
        amount_fen=1,
        bank_date=TODAY,
    ),
    Code.MOVEMENT_UNKNOWN: reverse("D-GHOST-1.1"),
    Code.MOVEMENT_NOT_REVERSIBLE: reverse("D-REPAYING-1.1"),
    Code.REVERSAL_ABOVE_MOVEMENT: reverse("D-REPAYING-1.2", 31),
    Code.BANK_DATE_IN_FUTURE: ask(
        c.RecordBankReversal,
        movement_id="D-REPAYING-1.1",
        bank_date=TODAY + timedelta(days=1),
        reason="they say so",
    ),
    Code.FREEZE_UNKNOWN: unfreeze("k9"),
    Code.RELEASE_ABOVE_FREEZE: unfreeze("k1", 2),
    Code.SHORTFALL_UNKNOWN: cover("B-ghost"),
    Code.SHORTFALL_BELOW: cover("B-1", 2),
    Code.LOAN_UNKNOWN: repay("GHOST"),
    Code.CLAIM_UNKNOWN: ask(
        c.OfferClaim,
        assignment_id="a1",
        loan_id="REPAYING",
        claim_id="ghost",
        seller_id="lucy",
        principal_fen=1,
        price_fen=1,
        valid_until=TODAY,
    ),
    Code.ASSIGNMENT_UNKNOWN: ask(c.WithdrawOffer, assignment_id="ghost"),
    Code.LOAN_NOT_GUARANTEED: ask(c.ConfirmOverdue, loan_id="REPAYING", period=1),
    Code.NOT_GUARANTOR: ask(
        c.RequestAdvance, advance_id="x", guarantor_id="lucy", loan_id="REPAYING", period=1
    ),
    Code.AUTO_TENDER_NOT_SET: ask(c.StopAutoTender, member_id="lucy"),
    Code.LOAN_WRONG_STATE: ask(c.RateLoan, loan_id="REPAYING", grade="A"),
    Code.LOAN_NOT_OPEN: tender("REPAYING"),
    Code.DEADLINE_IN_PAST: publish("RATED", TODAY - timedelta(days=1)),
    Code.DEADLINE_NOT_REACHED: ask(c.MiscarryLoan, loan_id="OPEN"),
    Code.BUSINESS_NOT_LAWFUL: publish("SHADY"),
    Code.BLACKLISTED: publish("BLACK"),
    Code.LEGAL_LIMIT_EXCEEDED: publish("HUGE"),
    Code.RELATED_PARTY: publish("RELATED"),
    Code.TENDER_ABOVE_LEFT: tender("OPEN", 5_001),
    Code.TENDER_ABOVE_LIMIT: tender("OPEN", 4_001),
    Code.TENDERS_TOO_MANY: tender("CROWDED"),
    Code.SELF_TENDER: tender("OWN", investor_id="bob"),
    Code.NOT_CONCLUDED: ask(c.DisburseLoan, loan_id="OPEN"),
    Code.AMOUNT_BELOW_PAYOFF: repay("REPAYING", in_full=True),
    Code.EARLY_PART_FORBIDDEN: repay("REPAYING", in_part=True),
    Code.EFFECTIVE_DATE_BEFORE_LOAN: repay(
        "REPAYING", effective_on=TODAY - timedelta(days=1), reason="by mistake"
    ),
    Code.NOTHING_DUE: repay("REPAYING"),
    Code.SURPLUS_BELOW_CAP: ask(c.MoveReserveSurplus, surplus_id="z", amount_fen=1),
    Code.DATE_NOT_NEXT: ask(c.RollBusinessDate, business_date=TODAY),
    Code.NOT_WINDING_DOWN: ask(c.ReportEmptied),
    Code.CONDUCT_TABLE_UNKNOWN: rules("nowhere"),
    Code.COLLECTION_RULES_IN_PAST: rules("none", TODAY - timedelta(days=1)),
    Code.COLLECTION_RULES_OVERLAP: rules("none"),
    Code.CASE_NOT_OPEN: ask(c.TakeBackCase, borrower_id="bob"),
    Code.LAWSUIT_WRONG_STEP: ask(
        c.RecordLawsuit,
        borrower_id="bob",
        lawsuit_id="s1",
        step=LawsuitStep.ENFORCED,
        on=TODAY,
        document_hash="0" * 64,
    ),
    Code.EVIDENCE_MISSING: ask(c.BlacklistMember, member_id="bob", evidence="x", **PAPER),
    Code.NOT_BLACKLISTED: ask(c.RemoveFromBlacklist, member_id="bob", **PAPER),
    Code.APPEAL_OPEN: ask(c.AppealBlacklisting, member_id="black", **PAPER),
    Code.APPEAL_MISSING: ask(c.RejectAppeal, member_id="bob", **PAPER),
    Code.BLACKLIST_KEY_OTHER: ask(c.ImportBlacklist, **LIST.model_dump()),
}
ELSEWHERE = {
    Code.CALENDAR_UNKNOWN: "only in a year that nobody knows: domain/test_acceleration",
    Code.POLICY_MISSING: "only before the first policy: test_no_loan_without_a_policy",
    Code.LAW_TABLE_UNKNOWN: "only before the platform is open: settlement/test_writer",
    Code.POLICY_LIMIT_EXCEEDED: "settlement/test_policy_parameters",
    Code.EARLY_PART_TOO_SMALL: "domain/test_early_part, test_early_part",
    Code.COLLECTION_TOO_EARLY: "settlement/test_policy_parameters",
    Code.WINDING_DOWN: "it has no way back: day_end/test_cases",
    **dict.fromkeys((Code.ACTION_IN_FUTURE, Code.BLACKLISTED_ELSEWHERE), "day_end/test_cases"),
    **dict.fromkeys(
        (
            Code.STAGE_TOO_EARLY,
            Code.AGENCY_NOT_MANDATED,
            Code.CASE_HANDED_OVER,
            Code.PROMISE_OPEN,
            Code.CONTACT_AT_NIGHT,
            Code.CALLS_TOO_MANY,
            Code.ASKED_WHO_OWES_NOTHING,
            Code.DEBT_DISCLOSED,
            Code.CONTACT_DECLINED,
            Code.DEBTOR_REACHABLE,
        ),
        "domain/test_collections, domain/test_collection_actions, domain/test_conduct",
    ),
    **dict.fromkeys(
        (Code.BLACKLIST_KEY_MISSING, Code.BLACKLIST_FORGED, Code.BLACKLIST_OUTDATED),
        "domain/test_blacklist",
    ),
    **dict.fromkeys(
        (
            Code.CLAIM_NOT_OWN,
            Code.CLAIM_OVERDUE,
            Code.CLAIM_LINES_MOVING,
            Code.CLAIMS_TOO_MANY,
            Code.ASSIGNMENT_NOT_OPEN,
            Code.ASSIGNMENT_TO_SELF,
            Code.ASSIGNMENT_ABOVE_OPEN,
            Code.ASSIGNMENT_ABOVE_LIMIT,
            Code.ASSIGNMENT_ABOVE_AGREED,
        ),
        "domain/test_claims, domain/test_assignment, test_claims",
    ),
    **dict.fromkeys(
        (
            Code.SELF_GUARANTEE,
            Code.GUARANTOR_NOT_APPOINTED,
            Code.GUARANTEE_ABOVE_LIMIT,
            Code.LOAN_GUARANTEED,
            Code.INSTALMENT_NOT_OVERDUE,
            Code.OVERDUE_CONFIRMED,
            Code.OBLIGATION_UNKNOWN,
            Code.ADVANCE_UNDER_WAY,
            Code.ADVANCE_MADE,
            Code.NOTHING_TO_ADVANCE,
            Code.LINES_MOVING,
        ),
        "domain/test_guarantee, test_guarantee",
    ),
    **dict.fromkeys(
        (
            Code.GUARANTORS_TOO_MANY,
            Code.GUARANTEE_NOT_WHOLE,
            Code.GUARANTEE_LAW_REPEALED,
            Code.PROVIDER_UNNAMED,
            Code.NOTHING_TO_REIMBURSE,
        ),
        "domain/test_co_guarantors, domain/test_reimbursement, test_co_guarantors",
    ),
    **dict.fromkeys(
        (Code.LIMITS_CONTRADICT, Code.AUTO_TENDER_NOBODY),
        "domain/test_auto_tender, settlement/test_auto_tender",
    ),
    **dict.fromkeys(
        (Code.RELEASE_NOT_REFUSED, Code.RELEASE_ASKED_AGAIN, Code.RELEASE_ASKED_TOO_OFTEN),
        "domain/test_release, test_refused_releases",
    ),
    Code.PRODUCT_UNKNOWN: "domain/test_funding, day_end/test_day_end",
    Code.GUARANTOR_RELATED: "test_a_related_party_guarantees_no_loan",
    Code.IDENTITY_NOT_VERIFIED: "a loan is asked for only after that: domain/test_funding",
}


@pytest.fixture
def town(new_house: Callable[..., House]) -> House:
    house = new_house(today=TODAY - timedelta(days=1))
    fill(house)
    return house


def test_every_code_is_reached_and_changes_nothing(town: House) -> None:
    assert REACHED.keys() | ELSEWHERE.keys() == set(Code)
    assert {code: reach(town) for code, reach in REACHED.items()} == {c: c for c in REACHED}


def test_no_loan_without_a_policy(new_house: Callable[..., House]) -> None:
    """It could once be filled, and then neither be concluded nor end."""
    house = new_house(today=TODAY - timedelta(days=1))
    house.open(policy={"valid_from": TODAY})
    house.member("bob", Role.BORROWER)
    house.rated("EARLY", "bob", 1_00)
    assert publish("EARLY")(house) == Code.POLICY_MISSING
    house.roll_to(TODAY)
    house.do(c.PublishLoan, loan_id="EARLY", deadline=TODAY)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (c.RequestRecharge, {"recharge_id": "x", "member_id": "lucy", "role": Role.INVESTOR}),
        (
            c.RequestWithdrawal,
            {
                "withdrawal_id": "x",
                "member_id": "lucy",
                "role": Role.INVESTOR,
                "binding_id": "b1",
            },
        ),
        (c.SeedReserve, {"seed_id": "x"}),
    ],
)
def test_an_id_that_is_taken_is_named_by_its_field(
    town: House, kind: type[Command], fields: dict[str, Any]
) -> None:
    town.do(kind, amount_fen=1, **fields)
    receipt = town.ask(kind, amount_fen=1, **fields)
    assert (receipt.code, receipt.field) == (Code.ID_TAKEN, next(iter(fields)))
