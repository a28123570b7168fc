"""Commands about guarantors and what they advance (担保, 代偿)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from domain.commands.base import Command, Manual, Sha256
from domain.loan_guarantee import Contribution, SecurityKind
from domain.model import Fen, Id, Message
from domain.policy import Provider

Period = Annotated[int, Field(ge=1, le=9_999)]
"""An instalment; parts that are paid early are numbered after those of the schedule."""


class AppointGuarantor(Manual):
    """The member may guarantee loans (担保人), for so much in all; asked again, another limit."""

    type: Literal["appoint_guarantor"] = "appoint_guarantor"
    guarantor_id: Id
    limit_fen: Fen


class CounterGuaranteeGiven(Message):
    """反担保: the document's number at the platform, and its hash; nothing personal."""

    kind: SecurityKind
    reference: Id
    document_hash: Sha256


class GuaranteeLoan(Command):
    """Name a guarantor of the loan (担保), before it is published; asked again, one more.

    `share_bp`: the share that he stands for, of 10,000 (按份); left out: the whole (连带). Only who
    stands for the whole may name a `contribution`: what the borrower does not pay back is borne in
    equal parts by all who do. `stands_as`: as its guarantor, or as the third party or the platform
    that the policy names among its providers."""

    type: Literal["guarantee_loan"] = "guarantee_loan"
    loan_id: Id
    guarantor_id: Id
    counter_guarantee: CounterGuaranteeGiven | None = None
    share_bp: Annotated[int, Field(ge=1, le=10_000)] | None = None
    contribution: Contribution | None = None
    stands_as: Literal[Provider.GUARANTOR, Provider.THIRD_PARTY, Provider.PLATFORM] = (
        Provider.GUARANTOR
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.share_bp is not None and self.contribution is not None:
            raise ValueError("contribution: only of a guarantor who stands for the whole")
        return self


class ConfirmOverdue(Manual):
    """逾期确认 by a named person: the loan's guarantors must advance the instalment in time."""

    type: Literal["confirm_overdue"] = "confirm_overdue"
    loan_id: Id
    period: Period


class RequestAdvance(Command):
    """代偿: the guarantor pays what is open of an instalment to the investors, as he must."""

    type: Literal["request_advance"] = "request_advance"
    advance_id: Id
    guarantor_id: Id
    loan_id: Id
    period: Period


class ReimburseAdvance(Command):
    """The guarantor pays who paid an instalment in his place (追偿、分担), all that is left of it:
    the reserve, or the co-guarantor `to`."""

    type: Literal["reimburse_advance"] = "reimburse_advance"
    reimbursement_id: Id
    guarantor_id: Id
    loan_id: Id
    period: Period
    to: Id | None = None


GuaranteeCommand = (
    AppointGuarantor | GuaranteeLoan | ConfirmOverdue | RequestAdvance | ReimburseAdvance
)
