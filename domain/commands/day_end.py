"""Commands that the day end makes. Nobody else's are taken."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from domain.commands.base import BankRef, Internal
from domain.model import Id


class FromDayEnd(Internal):
    pass


class RollBusinessDate(FromDayEnd):
    """日切. Opens the next business date; the day before it is closed."""

    type: Literal["roll_business_date"] = "roll_business_date"
    business_date: date


class AssessLoan(FromDayEnd):
    """Bill what fell due, mark what is overdue, hand to the reserve what it must pay."""

    type: Literal["assess_loan"] = "assess_loan"
    loan_id: Id


class MiscarryLoan(FromDayEnd):
    """流标: not full by its deadline; every tender is released."""

    type: Literal["miscarry_loan"] = "miscarry_loan"
    loan_id: Id


class ExpireOffer(FromDayEnd):
    """Not bought by its date."""

    type: Literal["expire_offer"] = "expire_offer"
    assignment_id: Id


class RunReservePayouts(FromDayEnd):
    """Pay the queue by the six rules, as far as the balance goes."""

    type: Literal["run_reserve_payouts"] = "run_reserve_payouts"


class AssessCase(FromDayEnd):
    """Open, stage or close a borrower's collection case, and end a promise."""

    type: Literal["assess_case"] = "assess_case"
    borrower_id: Id


class ReportEmptied(FromDayEnd):
    """No account has any money left, and the platform winds down."""

    type: Literal["report_emptied"] = "report_emptied"


class SpreadTonight(FromDayEnd):
    """`spread_loan`, as the platform has scheduled it."""

    NEW_BUSINESS: ClassVar[bool] = True
    type: Literal["spread_tonight"] = "spread_tonight"
    spread_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,28}$")]
    loan_id: Id
    investors: Annotated[int, Field(ge=1, le=990)]


class JudgeObligations(FromDayEnd):
    """What a guarantor has not advanced by its deadline is a breach, and the next payer's."""

    type: Literal["judge_obligations"] = "judge_obligations"
    guarantor_id: Id


class AdvanceObligations(FromDayEnd):
    """Advance what a guarantor must, as far as he has authorised it at the bank."""

    type: Literal["advance_obligations"] = "advance_obligations"
    guarantor_id: Id


class AskReleaseTonight(FromDayEnd):
    """`ask_release_again`, as each day end does where the bank refused."""

    type: Literal["ask_release_tonight"] = "ask_release_tonight"
    entry_id: BankRef


DayEndCommand = (
    ExpireOffer
    | RollBusinessDate
    | AssessLoan
    | MiscarryLoan
    | RunReservePayouts
    | AssessCase
    | ReportEmptied
    | JudgeObligations
    | AdvanceObligations
    | SpreadTonight
    | AskReleaseTonight
)
