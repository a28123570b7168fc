"""Members apart from their loans: the blacklist, a card, authorisations, the bank's pages."""

from __future__ import annotations

from datetime import UTC, date, datetime

from adapters.blacklist import signed
from adapters.signing import Signer
from domain import commands as c
from domain.accounts import Role
from domain.authorisation import Kind
from domain.blacklist import Ground, ListedPerson
from domain.purposes import Purpose
from tests.adapters.read_models.teller import SEAL, START, Teller


def listed(teller: Teller) -> None:
    """B9 is listed once more, appeals twice, and is removed; another platform's list comes in two
    parts, and anew on the next day."""
    b9 = {"member_id": "B9"}
    paper = {"evidence_hash": "0" * 64}
    teller.tell(c.BlacklistMember, **b9, **paper, evidence="y", ground=Ground.UNREACHABLE)
    teller.tell(c.AppealBlacklisting, **b9, **paper)
    teller.tell(c.RejectAppeal, **b9, **paper)
    teller.tell(c.AppealBlacklisting, **b9, **paper)
    teller.tell(c.RemoveFromBlacklist, **b9, **paper)
    for day, digit in ((1, "a"), (1, "b"), (2, "c")):
        person = ListedPerson(f"e{digit}", digit * 64, Ground.LONG_OVERDUE, START)
        signer = Signer.made_up("p2", "tests")
        [part] = signed("p2", date(2024, 4, day), [person], SEAL, signer)
        teller.tell(c.ImportBlacklist, **part.model_dump())


def at_the_bank(teller: Teller) -> None:
    """I1's card and withdrawals, authorisations, and visits to the bank's pages."""
    bank = {"member_id": "I1", "binding_id": "b1"}
    teller.bind("b0")
    teller.tell(c.RefuseBinding, member_id="I1", binding_id="b0", bank_code="C1")
    teller.bind("b1")
    teller.tell(c.ConfirmBinding, **bank)
    teller.tell(c.SetMemberRules, withdrawal_daily_max_fen=10**9)
    for number, amount_fen in ((1, 1_000), (2, 9_000_000)):
        teller.tell(
            c.RequestWithdrawal,
            **bank,
            withdrawal_id=f"w{number}",
            role=Role.INVESTOR,
            amount_fen=amount_fen,
        )
    teller.settle("W-w1")
    teller.tell(c.SetMemberRules, failed_cards_suspended=True)
    for record in ("k6", "k7"):
        teller.tell(
            c.RecordBankMovement,
            bank_record=record,
            purpose=Purpose.RETURNED_WITHDRAWAL,
            account="I1:investor",
            amount_fen=1,
            bank_date=teller.today,
            origin="W-w2.1",
        )
        if record == "k6":
            teller.tell(c.ReinstateBankAccount, **bank)
    for number in (1, 2, 3):
        teller.tell(
            c.RequestAuthorisation,
            member_id="I1",
            kind=Kind.TENDER,
            ends_on=date(2025, 1, 1),
            limit_fen=number * 1_000,
        )
        answer = {"member_id": "I1", "number": number, "bank_code": "C3"}
        teller.tell(c.RefuseAuthorisation if number == 2 else c.ConfirmAuthorisation, **answer)
    teller.tell(c.CancelAuthorisation, member_id="I1", kind=Kind.TENDER)
    teller.tell(c.RefuseAuthorisationEnd, member_id="I1", number=3, bank_code="C4")
    terms = {"kind": Kind.TENDER, "ends_on": date(2025, 1, 1), "limit_fen": 1}
    teller.tell(c.RequestAuthorisation, member_id="I2", **terms)
    teller.tell(c.ConfirmAuthorisation, member_id="I2", number=1)
    teller.tell(c.CancelAuthorisation, member_id="I2", kind=Kind.TENDER)
    teller.tell(c.ConfirmAuthorisationEnd, member_id="I2", number=1)
    at_bank = {"member_id": "I2", "role": Role.INVESTOR, "kind": Kind.TENDER}
    for act, at_its in ((1, {}), (2, {"ends_on": date(2025, 1, 1), "limit_fen": 5}), (4, {})):
        teller.tell(c.RecordAuthorisation, bank_record=f"a{act}", act=act, **at_bank, **at_its)
    lucy = {"member_id": "I1", "role": Role.INVESTOR}
    teller.tell(c.ChangePhone, phone="13900139000", **lucy)
    teller.tell(c.ConfirmVisit, member_id="I1", number=1)
    teller.tell(c.ResetPassword, **lucy)
    teller.tell(c.RefuseVisit, member_id="I1", number=2, bank_code="C5")
    passed_at = datetime(2024, 4, 1, tzinfo=UTC)
    factor = {"method": "sms", "reference": "f1", "passed_at": passed_at}
    teller.tell(c.UnbindBankAccount, **bank, second_factor=factor)
    teller.tell(c.RefuseUnbinding, **bank, bank_code="C2")
    teller.tell(c.UnbindBankAccount, **bank)
    teller.tell(c.ConfirmUnbinding, **bank)
