"""A town with somebody and something in every state that a refusal needs."""

from __future__ import annotations

from datetime import date

from adapters.signing import Signer
from domain import commands as c
from domain.accounts import Role
from domain.authorisation import Kind
from domain.funding import TENDERS_MAX
from domain.operators import OperatorRole
from domain.purposes import Purpose
from tests.exemplars import TODAY, a_policy, command
from tests.house import House
from tests.scenarios.asking import PAPER, new_operator, registration


def fill(house: House) -> None:
    """Somebody and something in every state that is needed, on the day before TODAY and on it."""
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
