"""Commands that custody makes of the bank's words. Nobody else's are taken."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain import authorisation
from domain.commands.base import AccountName, BankRef, Internal, MemberRole
from domain.model import Fen, Id
from domain.purposes import Purpose


class FromBank(Internal):
    bank_code: Annotated[str, Field(max_length=64)] = ""  # The bank's own code, for people.


class SettleEntry(FromBank):
    """The bank carried out every movement of the entry."""

    type: Literal["settle_entry"] = "settle_entry"
    entry_id: BankRef
    bank_date: date


class RejectEntry(FromBank):
    """The bank finally refused every movement of the entry."""

    type: Literal["reject_entry"] = "reject_entry"
    entry_id: BankRef


class DecideWithdrawal(FromBank):
    """The bank holds the money of a withdrawal and waits for our word (待确认提现)."""

    type: Literal["decide_withdrawal"] = "decide_withdrawal"
    entry_id: BankRef


class RefuseStop(FromBank):
    """The bank does not stop the withdrawal."""

    type: Literal["refuse_stop"] = "refuse_stop"
    entry_id: BankRef


class ConfirmAccount(FromBank):
    type: Literal["confirm_account"] = "confirm_account"
    member_id: Id
    role: MemberRole


class RefuseAccount(FromBank):
    type: Literal["refuse_account"] = "refuse_account"
    member_id: Id
    role: MemberRole


class ConfirmBinding(FromBank):
    type: Literal["confirm_binding"] = "confirm_binding"
    member_id: Id
    binding_id: Id


class RefuseBinding(FromBank):
    type: Literal["refuse_binding"] = "refuse_binding"
    member_id: Id
    binding_id: Id


class ConfirmUnbinding(FromBank):
    type: Literal["confirm_unbinding"] = "confirm_unbinding"
    member_id: Id
    binding_id: Id


class RefuseUnbinding(FromBank):
    type: Literal["refuse_unbinding"] = "refuse_unbinding"
    member_id: Id
    binding_id: Id


class AboutAuthorisation(FromBank):
    member_id: Id
    number: Annotated[int, Field(ge=1)]


class ConfirmAuthorisation(AboutAuthorisation):
    type: Literal["confirm_authorisation"] = "confirm_authorisation"


class RefuseAuthorisation(AboutAuthorisation):
    type: Literal["refuse_authorisation"] = "refuse_authorisation"


class ConfirmAuthorisationEnd(AboutAuthorisation):
    type: Literal["confirm_authorisation_end"] = "confirm_authorisation_end"


class RefuseAuthorisationEnd(AboutAuthorisation):
    type: Literal["refuse_authorisation_end"] = "refuse_authorisation_end"


class RecordAuthorisation(FromBank):
    """What a member has authorised at the bank by himself; without terms: has ended.

    `bank_record` is the bank's own number of it, `act` its count: of two the higher is the later.
    """

    type: Literal["record_authorisation"] = "record_authorisation"
    bank_record: BankRef
    member_id: Id
    role: MemberRole
    kind: authorisation.Kind
    act: Annotated[int, Field(ge=1)]
    ends_on: date | None = None
    limit_fen: Fen | None = None


class AboutVisit(FromBank):
    member_id: Id
    number: Annotated[int, Field(ge=1)]


class ConfirmVisit(AboutVisit):
    """The member did at the bank's page what he was led there for."""

    type: Literal["confirm_visit"] = "confirm_visit"


class RefuseVisit(AboutVisit):
    type: Literal["refuse_visit"] = "refuse_visit"


class ConfirmProject(FromBank):
    """The bank knows the loan: tenders may come."""

    type: Literal["confirm_project"] = "confirm_project"
    loan_id: Id


class RefuseProject(FromBank):
    type: Literal["refuse_project"] = "refuse_project"
    loan_id: Id


class AboutOffer(FromBank):
    assignment_id: Id


class ConfirmOffer(AboutOffer):
    """The bank knows the offer: it may be bought."""

    type: Literal["confirm_offer"] = "confirm_offer"


class RefuseOffer(AboutOffer):
    type: Literal["refuse_offer"] = "refuse_offer"


class RecordBankMovement(FromBank):
    """Money that the bank moved by itself: a returned withdrawal, interest, an adjustment.

    `bank_record` is the bank's own number of the fact; the movement's id is derived from it.
    """

    type: Literal["record_bank_movement"] = "record_bank_movement"
    bank_record: BankRef
    purpose: Literal[Purpose.RETURNED_WITHDRAWAL, Purpose.BANK_INTEREST, Purpose.BANK_ADJUSTMENT]
    account: AccountName
    amount_fen: Fen
    credit: bool = True
    bank_date: date
    origin: BankRef | None = None  # The withdrawal that came back.


BankCommand = (
    ConfirmOffer
    | RefuseOffer
    | SettleEntry
    | RejectEntry
    | DecideWithdrawal
    | RefuseStop
    | ConfirmAccount
    | RefuseAccount
    | ConfirmBinding
    | RefuseBinding
    | ConfirmUnbinding
    | RefuseUnbinding
    | ConfirmAuthorisation
    | RefuseAuthorisation
    | ConfirmAuthorisationEnd
    | RefuseAuthorisationEnd
    | RecordAuthorisation
    | ConfirmVisit
    | RefuseVisit
    | ConfirmProject
    | RefuseProject
    | RecordBankMovement
)
