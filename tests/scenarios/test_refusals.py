"""Every reason for a refusal, reached through the writer; and no refusal changes anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from adapters.blacklist import signed
from adapters.signing import NOT_YET, Signer
from adapters.vault import Seal
from domain import commands as c
from domain.accounts import Role
from domain.authorisation import Kind
from domain.collection_events import LawsuitStep
from domain.commands import Command
from domain.funding import TENDERS_MAX
from domain.operators import OperatorRole, Part
from domain.policy import Provider
from domain.purposes import Purpose
from domain.refusals import Code
from domain.schedule import Method
from tests.exemplars import ANN, BEN, NAME, PHONE, TODAY, a_policy, command, id_no_of
from tests.house import House

Ask = Callable[[House], str]
CARD: dict[str, Any] = {"card_no": "62220202", "bank_code": "ICBC", "phone": PHONE}
LOAN: dict[str, Any] = {
    "amount_fen": 1,
    "annual_rate": "12",
    "periods": 1,
    "method": Method.FLAT,
    "purpose": "stock",
}


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
        "domain/test_collections, domain/test_conduct",
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
    Code.GUARANTOR_RELATED: "test_a_related_party_guarantees_no_loan",
    Code.IDENTITY_NOT_VERIFIED: "a loan is asked for only after that: domain/test_funding",
}


@pytest.fixture
def town(new_house: Callable[..., House]) -> House:
    """Somebody and something in every state that is needed."""
    house = new_house(today=TODAY - timedelta(days=1))
    house.open(law_table="cn-p2p", policy={"valid_from": house.today}, tender_max_fen=4_000)
    v2 = {"version": "v2", "valid_from": date(2018, 3, 1), "valid_until": date(2018, 6, 30)}
    house.do(c.PublishPolicy, terms=a_policy(**v2))
    for name, may in (("dan", OperatorRole.OPERATOR), ("web", OperatorRole.PUBLISHER)):
        house.do(c.RegisterOperator, **new_operator(name, Signer.made_up(name, "tests"), may))
    for operator_id in ("dan", "cui"):
        house.do(c.RetireOperator, operator_id=operator_id)
    house.member("lucy", Role.INVESTOR, 10_000_00)
    house.bind("lucy", Role.INVESTOR, "b1")
    asked = {"withdrawal_id": "w0", "member_id": "lucy", "role": Role.INVESTOR}
    house.do(c.RequestWithdrawal, binding_id="b1", amount_fen=1, **asked)
    house.do(c.StopWithdrawal, withdrawal_id="w0")
    frozen = {"freeze_id": "k1", "member_id": "lucy", "role": Role.INVESTOR}
    house.do(c.FreezeFunds, amount_fen=1, evidence="order 17", **frozen)
    house.settle("K-k1")
    house.member("max", Role.INVESTOR, 1_00)
    house.bind("max", Role.INVESTOR, "b2")
    house.do(c.UnbindBankAccount, member_id="max", binding_id="b2")
    house.do(c.ConfirmUnbinding, member_id="max", binding_id="b2")
    house.bind("max", Role.INVESTOR, "b3")
    house.do(c.RegisterMember, **registration("shut"))
    house.do(c.RegisterMember, **registration("bob", Role.INVESTOR, Role.BORROWER))
    for role in (Role.INVESTOR, Role.BORROWER):
        house.do(c.ConfirmAccount, member_id="bob", role=role)
    house.member("amy", Role.INVESTOR, 1_000)
    for member_id, kind in (("amy", Kind.TENDER), ("bob", Kind.REPAYMENT)):
        terms = {"kind": kind, "ends_on": TODAY, "limit_fen": 10}
        house.do(c.RequestAuthorisation, member_id=member_id, **terms)
    house.do(c.ConfirmAuthorisation, member_id="amy", number=1)
    house.member("shady", Role.BORROWER, kind="company")
    house.member("black", Role.BORROWER)
    house.do(c.BlacklistMember, member_id="black", evidence="judgement")
    house.do(c.AppealBlacklisting, member_id="black", **PAPER)
    house.member("related", Role.BORROWER, related_party=True)
    for loan_id, borrower_id, fen in (
        ("SHADY", "shady", 1),
        ("BLACK", "black", 1),
        ("RELATED", "related", 1),
        ("RATED", "bob", 1),
        ("HUGE", "bob", 200_000_00),
    ):
        house.rated(loan_id, borrower_id, fen)
    house.published("OPEN", "bob", 5_000)
    house.published("OWN", "bob", 1_00)
    house.published("CROWDED", "bob", 2_000)
    house.writer.submit(
        [
            command(
                c.PlaceTender,
                platform=house.platform,
                tender_id=f"crowd{n}",
                loan_id="CROWDED",
                investor_id="lucy",
                amount_fen=1,
            )
            for n in range(TENDERS_MAX)
        ]
    )
    house.roll_to(TODAY)
    house.lend("REPAYING", "bob", {"lucy": 1_000})
    _keep_to_rules(house)
    house.do(c.SetCollectionRules, conduct_table="none", valid_from=TODAY)
    house.do(
        c.RecordBankMovement,
        bank_record="1",
        purpose=Purpose.BANK_ADJUSTMENT,
        account="platform:marketing",
        amount_fen=1,
        credit=False,
        bank_date=TODAY,
    )
    return house


def _keep_to_rules(house: House) -> None:
    """A card that failed, a second factor that was used, a day's limit that is used up."""
    limits = {"withdrawal_single_max_fen": 10**12, "withdrawal_daily_max_fen": 10**12}
    house.do(c.SetMemberRules, second_factor_minutes=5, failed_cards_suspended=True, **limits)
    for number, member_id in enumerate(("sue", "dot"), start=4):
        house.member(member_id, Role.INVESTOR, 1_000)
        house.bind(member_id, Role.INVESTOR, f"b{number}")
        house.do(
            c.RequestWithdrawal,
            withdrawal_id=f"w{number}",
            member_id=member_id,
            role=Role.INVESTOR,
            binding_id=f"b{number}",
            amount_fen=1,
        )
    house.reject("W-w4")
    factor = {"method": "sms", "reference": "f1", "passed_at": house.clock.now()}
    about = {"member_id": "lucy", "binding_id": "b1"}
    house.do(c.UnbindBankAccount, second_factor=factor, **about)
    house.do(c.RefuseUnbinding, bank_code="E1", **about)


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


def test_a_person_is_one_member_however_he_comes(new_house: Callable[..., House]) -> None:
    """Under two ids he could owe twice what the law allows, and lend to himself."""
    house = new_house()
    house.open()
    once, twice = (
        command(
            c.RegisterMember,
            platform=house.platform,
            **registration(member_id, id_no=id_no_of("lucy")),
        )
        for member_id in ("lucy", "lucy2")
    )
    codes = [receipt.code for receipt in house.writer.submit([once, twice])]
    assert codes == ["", Code.IDENTITY_TAKEN]
    house.do(c.ConfirmAccount, member_id="lucy", role=Role.INVESTOR)
    house.writer.close()
    house.writer = house.new_writer()  # It knows only what is stored.
    receipt = house.ask(c.RegisterMember, **registration("lucy3", id_no=id_no_of("lucy")))
    assert (receipt.code, receipt.field) == (Code.IDENTITY_TAKEN, "id_no")


def test_whom_the_bank_refused_may_come_again(new_house: Callable[..., House]) -> None:
    house = new_house()
    house.open()
    house.do(c.RegisterMember, **registration("lucy"))
    house.do(c.RefuseAccount, member_id="lucy", role=Role.INVESTOR, bank_code="E1")
    assert join("lucy")(house) == Code.ID_TAKEN
    house.do(c.RegisterMember, **registration("lucy2", id_no=id_no_of("lucy")))
    assert join("lucy3", id_no=id_no_of("lucy"))(house) == Code.IDENTITY_TAKEN


def test_a_related_party_is_registered_by_two_people_and_gets_no_loan(
    new_house: Callable[..., House],
) -> None:
    house = new_house()
    house.open(law_table="cn-p2p")
    house.member("bob", Role.BORROWER)
    house.rated("LATE", "bob", 1_00)
    evidence = {"member_id": "bob", "evidence": "register of shareholders"}
    house.do(c.RegisterRelatedParty, **evidence)
    assert publish("LATE")(house) == Code.RELATED_PARTY
    house.do(c.RegisterRelatedParty, related=False, **evidence)
    house.do(c.PublishLoan, loan_id="LATE", deadline=TODAY)


def test_a_related_party_guarantees_no_loan(new_house: Callable[..., House]) -> None:
    house = new_house()
    house.open(law_table="cn-p2p")
    house.member("bob", Role.BORROWER)
    house.guarantor("gus", 1_00)
    house.rated("LATE", "bob", 1_00)
    named = {"loan_id": "LATE", "guarantor_id": "gus"}
    evidence = {"member_id": "gus", "evidence": "register of shareholders"}
    house.do(c.RegisterRelatedParty, **evidence)
    assert house.refused(c.GuaranteeLoan, **named) == Code.GUARANTOR_RELATED
    house.do(c.RegisterRelatedParty, related=False, **evidence)
    house.do(c.GuaranteeLoan, **named)
    house.do(c.RegisterRelatedParty, **evidence)
    assert publish("LATE")(house) == Code.GUARANTOR_RELATED
    house.do(c.RegisterRelatedParty, related=False, **evidence)
    house.do(c.PublishLoan, loan_id="LATE", deadline=TODAY)


def test_what_is_owed_elsewhere_counts_against_the_limit_over_all(
    new_house: Callable[..., House],
) -> None:
    house = new_house()
    house.open(law_table="cn-p2p")
    house.member("bob", Role.BORROWER)
    house.rated("MUCH", "bob", 1_00, owed_elsewhere_fen=1_000_000_00)
    assert publish("MUCH")(house) == Code.LEGAL_LIMIT_EXCEEDED
    house.rated("LESS", "bob", 1_00, owed_elsewhere_fen=999_999_00)
    house.do(c.PublishLoan, loan_id="LESS", deadline=TODAY)
