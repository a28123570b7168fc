"""Our words -> the bank's enums. What is missing here has no instruction in this protocol."""

from __future__ import annotations

from enum import StrEnum

from domain.authorisation import Kind as Authorised
from domain.bank_requests import ProjectStage
from domain.purposes import Purpose


class RechargeWay(StrEnum):
    """充值方式. BACKROLL is the bank's own, of a withdrawal that came back."""

    WEB = "WEB"  # 网银
    SWIFT = "SWIFT"  # 快捷
    BACKROLL = "BACKROLL"  # 资金回退
    PROXY = "PROXY"  # 代扣: without the member


class WithdrawType(StrEnum):
    """提现类型: when the money leaves."""

    NORMAL = "NORMAL"  # T+1
    NORMAL_URGENT = "NORMAL_URGENT"  # T+0 where it can be, else T+1
    URGENT = "URGENT"  # T+0


FREEZE_TYPES = {
    Purpose.TENDER: "TENDER",
    Purpose.REPAYMENT_HOLD: "REPAYMENT",
    Purpose.GUARANTEE_HOLD: "COMPENSATORY",
    Purpose.ASSIGNMENT_HOLD: "CREDIT_ASSIGNMENT",
}
AUTHORISATIONS = {
    Authorised.TENDER: "TENDER",
    Authorised.REPAYMENT: "REPAYMENT",
    Authorised.CREDIT_ASSIGNMENT: "CREDIT_ASSIGNMENT",
    Authorised.COMPENSATORY: "COMPENSATORY",
    Authorised.WITHDRAWAL: "WITHDRAW",
    Authorised.RECHARGE: "RECHARGE",
}
TRADE_TYPES = {
    Purpose.DISBURSEMENT: "TENDER",
    Purpose.REPAYMENT: "REPAYMENT",
    Purpose.SUBROGATED_RECOVERY: "REPAYMENT",
    Purpose.GUARANTEE_RECOVERY: "REPAYMENT",
    Purpose.REIMBURSEMENT: "REPAYMENT",
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
    Purpose.REIMBURSEMENT: "COMPENSATORY_REPAYMENT",
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
