"""Our words -> the bank's enums. What is missing here has no instruction in this protocol."""

from __future__ import annotations

from domain.authorisation import Kind as Authorised
from domain.ports import ProjectStage
from domain.purposes import Purpose

FREEZE_TYPES = {
    Purpose.TENDER: "TENDER",
    Purpose.REPAYMENT_HOLD: "REPAYMENT",
    Purpose.GUARANTEE_HOLD: "COMPENSATORY",
    Purpose.ASSIGNMENT_HOLD: "CREDIT_ASSIGNMENT",
}
AUTHORISATIONS = {Authorised.TENDER: "TENDER", Authorised.REPAYMENT: "REPAYMENT"}
TRADE_TYPES = {
    Purpose.DISBURSEMENT: "TENDER",
    Purpose.REPAYMENT: "REPAYMENT",
    Purpose.SUBROGATED_RECOVERY: "REPAYMENT",
    Purpose.GUARANTEE_RECOVERY: "REPAYMENT",
    Purpose.FEE: "REPAYMENT",  # A repayment that pays no more than fees.
    Purpose.RESERVE_PAYOUT: "COMPENSATORY",
    Purpose.GUARANTEE_ADVANCE: "INDIRECT_COMPENSATORY",
    Purpose.ASSIGNMENT: "CREDIT_ASSIGNMENT",
    Purpose.RESERVE_SURPLUS: "FUNDS_TRANSFER",
    Purpose.REVERSAL: "PLATFORM_INDEPENDENT_PROFIT",
    Purpose.SHORTFALL_COVER: "PLATFORM_INDEPENDENT_PROFIT",
}
LEG_TYPES = {
    Purpose.DISBURSEMENT: "TENDER",
    Purpose.REPAYMENT: "REPAYMENT",
    Purpose.FEE: "COMMISSION",
    Purpose.RESERVE_CONTRIBUTION: "COMMISSION",
    Purpose.SUBROGATED_RECOVERY: "COMPENSATORY_REPAYMENT",
    Purpose.GUARANTEE_RECOVERY: "COMPENSATORY_REPAYMENT",
    Purpose.RESERVE_PAYOUT: "COMPENSATORY",
    Purpose.GUARANTEE_ADVANCE: "COMPENSATORY",
    Purpose.ADVANCE_PASSED_ON: "COMPENSATORY",
    Purpose.ASSIGNMENT: "CREDIT_ASSIGNMENT",
    Purpose.ASSIGNMENT_FEE: "COMMISSION",
    Purpose.RESERVE_SURPLUS: "FUNDS_TRANSFER",
    Purpose.REVERSAL: "PROFIT",
    Purpose.SHORTFALL_COVER: "PROFIT",
}
REPAYMENT_WAYS = {
    "equal-instalment": "FIXED_PAYMENT_MORTGAGE",
    "equal-principal": "FIXED_BASIS_MORTGAGE",
    "interest-first": "FIRSEINTREST_LASTPRICIPAL",
    "bullet": "ONE_TIME_SERVICING",
    "flat": "EQUAL_PRINCIPAL_INTEREST",
}
STAGES = {
    ProjectStage.REPAYING: "REPAYING",
    ProjectStage.FINISHED: "FINISH",
    ProjectStage.MISCARRIED: "MISCARRY",
}
