"""Commands about collections, the blacklist and the wind-down (催收, 黑名单, 清盘)."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from domain import blacklist
from domain.collection_events import LawsuitStep
from domain.collection_rules import STAGES, Stage, StageFrom
from domain.commands.base import Command, Manual, Sha256
from domain.conduct import Means, Outcome, Party
from domain.model import Fen, Id, Text
from domain.operators import PublicKey


def _rising(stages: tuple[StageFrom, ...]) -> tuple[StageFrom, ...]:
    order = list(Stage)
    places = [(order.index(each.stage), each.from_days) for each in stages]
    if any(a[0] >= b[0] or a[1] >= b[1] for a, b in pairwise(places)):
        raise ValueError("each stage is harder than the one before, and starts later")
    return stages


class SetCollectionRules(Command):
    """How the platform collects from a date on; before the first no case is opened."""

    type: Literal["set_collection_rules"] = "set_collection_rules"
    valid_from: date
    conduct_table: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    stages: Annotated[
        tuple[StageFrom, ...],
        Field(min_length=1, max_length=3, strict=False),
        AfterValidator(_rising),
    ] = STAGES
    calls_together: bool = True  # Platform and agency share the day's number of calls.
    unreachable_after: Annotated[int, Field(ge=1, le=100)] = 3  # Failed attempts in a row.


class RecordCollectionAction(Command):
    """催收行为: somebody was contacted. What breaks the rules of conduct is refused."""

    type: Literal["record_collection_action"] = "record_collection_action"
    borrower_id: Id
    action_id: Id
    means: Means
    party: Party
    person_id: Id | None = None  # Of a guarantor or another contact; a debtor is the borrower.
    agency_id: Id | None = None  # Where an agency acted.
    at: AwareDatetime
    outcome: Outcome
    asks_to_pay: bool = False
    tells_of_debt: bool = False
    agreed: bool = False  # The person agreed to be contacted at such a time.
    note: Annotated[Text | None, Field(repr=False)] = None  # Kept in the vault.


class RecordPromise(Command):
    """承诺还款: the borrower will pay so much by the end of a day."""

    type: Literal["record_promise"] = "record_promise"
    borrower_id: Id
    promise_id: Id
    amount_fen: Fen
    pay_by: date


class HandOverCase(Command):
    """委外: an agency collects from now on."""

    type: Literal["hand_over_case"] = "hand_over_case"
    borrower_id: Id
    agency_id: Id


class TakeBackCase(Command):
    """退案: the platform collects by itself again."""

    type: Literal["take_back_case"] = "take_back_case"
    borrower_id: Id


class RecordLawsuit(Command):
    """诉讼: filed, judged, enforced, in this order."""

    type: Literal["record_lawsuit"] = "record_lawsuit"
    borrower_id: Id
    lawsuit_id: Id
    step: LawsuitStep
    on: date
    document_hash: Sha256
    loan_id: Id | None = None  # When it is filed.
    court_costs_fen: Annotated[int, Field(ge=0, le=10**15)] = 0  # When it is judged.

    @model_validator(mode="after")
    def _told_with_its_step(self) -> Self:
        if (self.loan_id is not None) != (self.step is LawsuitStep.FILED):
            raise ValueError("loan_id: belongs to the step filed, and to no other")
        if self.court_costs_fen and self.step is not LawsuitStep.JUDGED:
            raise ValueError("court_costs_fen: belongs to the step judged")
        return self


class AppealBlacklisting(Command):
    """申诉: the member says that the entry is wrong."""

    type: Literal["appeal_blacklisting"] = "appeal_blacklisting"
    member_id: Id
    evidence_hash: Sha256


class RejectAppeal(Manual):
    """The entry stays."""

    type: Literal["reject_appeal"] = "reject_appeal"
    member_id: Id
    evidence_hash: Sha256


class RemoveFromBlacklist(Manual):
    """The member may borrow again; an appeal that waited is granted."""

    type: Literal["remove_from_blacklist"] = "remove_from_blacklist"
    member_id: Id
    evidence_hash: Sha256


class ImportBlacklist(Manual):
    """Another platform's signed list, or a part of it: `zhuanhu blacklist import` writes it. Who
    signs vouches for the public key."""

    type: Literal["import_blacklist"] = "import_blacklist"
    issuer: Id
    as_of: date
    key_id: blacklist.KeyId
    public_key: PublicKey
    signature: blacklist.ListSignature
    entries: blacklist.Entries


class WindDown(Manual):
    """清盘: no new loans, tenders or assignments; all else goes on until every account is empty."""

    type: Literal["wind_down"] = "wind_down"
    plan_hash: Sha256  # SHA-256 of the plan that was announced.


CollectionsCommand = (
    SetCollectionRules
    | RecordCollectionAction
    | RecordPromise
    | HandOverCase
    | TakeBackCase
    | RecordLawsuit
    | AppealBlacklisting
    | RejectAppeal
    | RemoveFromBlacklist
    | ImportBlacklist
    | WindDown
)
