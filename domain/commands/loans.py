"""Commands about a loan, from its request to its last repayment."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from domain.commands.base import Command, Grade, RateText, Sha256
from domain.model import Fen, Id, Text
from domain.operators import Signature
from domain.policy import ProductName
from domain.schedule import Method


class RequestLoan(Command):
    NEW_BUSINESS: ClassVar[bool] = True
    type: Literal["request_loan"] = "request_loan"
    loan_id: Id
    borrower_id: Id
    amount_fen: Fen
    annual_rate: RateText  # Per cent a year.
    periods: Annotated[int, Field(ge=1, le=600)]
    method: Method
    purpose: Text  # 借款用途
    # On other platforms, as far as the platform knows: for the limits over all of them.
    owed_elsewhere_fen: Annotated[int, Field(ge=0, le=10**15)] = 0
    product: ProductName | None = None  # Of those that the policy has terms of their own for.


class RateLoan(Command):
    type: Literal["rate_loan"] = "rate_loan"
    loan_id: Id
    grade: Grade


class PublishLoan(Command):
    """Check admission (准入) and put the loan before the investors."""

    NEW_BUSINESS: ClassVar[bool] = True
    type: Literal["publish_loan"] = "publish_loan"
    loan_id: Id
    deadline: date  # Not full at the end of this business date: miscarried (流标).


class SetAutoTender(Command):
    """智能分散投标: what a lender lets be placed for him, in place of what he set before."""

    type: Literal["set_auto_tender"] = "set_auto_tender"
    member_id: Id
    per_loan_fen: Fen
    per_borrower_fen: Fen  # Over all loans of one borrower, tendered and lent.
    keep_fen: Annotated[int, Field(ge=0, le=10**15)] = 0  # Stays free on his account.
    grades: Annotated[tuple[Grade, ...], Field(max_length=26, strict=False)] = ()  # None: any.
    periods_max: Annotated[int, Field(ge=1, le=600)] = 600


class StopAutoTender(Command):
    """Nothing more is placed for the lender; what is placed stays."""

    type: Literal["stop_auto_tender"] = "stop_auto_tender"
    member_id: Id


class ScheduleAutoTender(Command):
    """From now on each day end spreads every published loan over at least so many lenders, as
    `spread_loan` does. Without `investors` none does any more."""

    type: Literal["schedule_auto_tender"] = "schedule_auto_tender"
    investors: Annotated[int, Field(ge=1, le=990)] | None = None


class SpreadLoan(Command):
    """Spreads what a published loan still lacks over at least so many lenders, by their rules and
    their turns. Asked again under another id, it fills what was left or refused."""

    NEW_BUSINESS: ClassVar[bool] = True
    type: Literal["spread_loan"] = "spread_loan"
    spread_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,28}$")]
    loan_id: Id
    investors: Annotated[int, Field(ge=1, le=990)]


class PlaceTender(Command):
    """投标: an investor offers money to one loan; it is frozen at the bank, as he has authorised,
    or by himself at the bank's page."""

    NEW_BUSINESS: ClassVar[bool] = True
    type: Literal["place_tender"] = "place_tender"
    tender_id: Id
    loan_id: Id
    investor_id: Id
    amount_fen: Fen
    by_member: bool = False


class ConcludeLoan(Command):
    """The contract of a full loan is signed: its hash and who signed go on record."""

    type: Literal["conclude_loan"] = "conclude_loan"
    loan_id: Id
    contract_hash: Sha256


class DisburseLoan(Command):
    """放款: investors' frozen money to the borrower, less fee and reserve contribution."""

    type: Literal["disburse_loan"] = "disburse_loan"
    loan_id: Id


class RepayLoan(Command):
    """还款 from the borrower's account. `in_full` also pays what is not yet due (提前结清);
    `in_part` pays principal early (提前部分还款) with all that is left after the running month,
    where the loan's policy has it (`early_part`), and the loan off where it is enough.

    Backdated by `effective_on` it is done by hand, and needs its two signatures.
    """

    type: Literal["repay_loan"] = "repay_loan"
    payment_id: Id
    loan_id: Id
    amount_fen: Fen
    in_full: bool = False
    in_part: bool = False
    maker: Signature | None = None
    checker: Signature | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.in_full and self.in_part:
            raise ValueError("in_part: not together with in_full")
        return self


LoansCommand = (
    RequestLoan
    | RateLoan
    | PublishLoan
    | SetAutoTender
    | StopAutoTender
    | ScheduleAutoTender
    | SpreadLoan
    | PlaceTender
    | ConcludeLoan
    | DisburseLoan
    | RepayLoan
)
