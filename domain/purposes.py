"""What money may move for (专款专用): the allow-matrix, one line a purpose.

A movement is one payer -> payee transfer with one purpose. Three shapes exist besides the plain
transfer: a *freeze* turns the payer's available money into frozen money and stays in his account;
a *release* gives a freeze back, whole or in part; an *inflow* / *outflow* crosses the border of the
bank. `needs` names the freeze that a transfer must consume.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.accounts import Role


class Purpose(StrEnum):
    RECHARGE = "recharge"  # 充值
    WITHDRAWAL = "withdrawal"  # 提现
    RETURNED_WITHDRAWAL = "returned_withdrawal"  # 提现退票 / 资金回退
    TENDER = "tender"  # 投标冻结
    TENDER_RELEASE = "tender_release"  # 投标解冻
    DISBURSEMENT = "disbursement"  # 放款
    REPAYMENT_HOLD = "repayment_hold"  # 还款冻结
    REPAYMENT_RELEASE = "repayment_release"  # 还款解冻
    REPAYMENT = "repayment"  # 还款
    FEE = "fee"  # 服务费
    RESERVE_CONTRIBUTION = "reserve_contribution"  # 风险准备金计提
    RESERVE_PAYOUT = "reserve_payout"  # 风险准备金代偿
    SUBROGATED_RECOVERY = "subrogated_recovery"  # 还代偿款
    GUARANTEE_HOLD = "guarantee_hold"  # 代偿冻结
    GUARANTEE_RELEASE = "guarantee_release"  # 代偿解冻
    GUARANTEE_ADVANCE = "guarantee_advance"  # 间接代偿, 担保人付借款人
    ADVANCE_PASSED_ON = "advance_passed_on"  # 间接代偿, 借款人转付出借人
    GUARANTEE_RECOVERY = "guarantee_recovery"  # 还代偿款给担保人
    REIMBURSEMENT = "reimbursement"  # 担保人付代其履行者
    ASSIGNMENT_HOLD = "assignment_hold"  # 债权认购冻结
    ASSIGNMENT_RELEASE = "assignment_release"  # 债权认购解冻
    ASSIGNMENT = "assignment"  # 债权转让
    ASSIGNMENT_FEE = "assignment_fee"  # 转让管理费
    RESERVE_SURPLUS = "reserve_surplus"  # 超额划出
    ADMINISTRATIVE_FREEZE = "administrative_freeze"  # 司法冻结
    ADMINISTRATIVE_RELEASE = "administrative_release"  # 司法解冻
    BANK_INTEREST = "bank_interest"  # 结息
    BANK_ADJUSTMENT = "bank_adjustment"  # 调账
    BANK_REVERSAL = "bank_reversal"  # 银行冲正
    REVERSAL = "reversal"  # 冲正
    SHORTFALL_COVER = "shortfall_cover"  # 平台垫补

    __hash__ = str.__hash__  # As Role's.


class Shape(StrEnum):
    FREEZE = "freeze"
    RELEASE = "release"
    TRANSFER = "transfer"
    INFLOW = "inflow"
    OUTFLOW = "outflow"


@dataclass(frozen=True, slots=True)
class Rule:
    shape: Shape
    payers: frozenset[Role]
    payees: frozenset[Role]
    needs: Purpose | None = None
    by_bank: bool = False  # Only the bank may start it.

    @property
    def stays(self) -> bool:
        """Does the money stay in its account?"""
        return self.shape in (Shape.FREEZE, Shape.RELEASE)


def _rule(
    shape: Shape, payers: str, payees: str, needs: Purpose | None = None, *, by_bank: bool = False
) -> Rule:
    def roles(words: str) -> frozenset[Role]:
        return frozenset(Role(word) for word in words.split())

    return Rule(shape, roles(payers), roles(payees), needs, by_bank)


_MEMBERS = "investor borrower guarantor"
_PLATFORM = "reserve income marketing"
_ALL = f"{_MEMBERS} {_PLATFORM}"

MATRIX: dict[Purpose, Rule] = {
    Purpose.RECHARGE: _rule(Shape.INFLOW, "outside", _ALL),
    Purpose.WITHDRAWAL: _rule(Shape.OUTFLOW, f"{_MEMBERS} income", "outside"),
    Purpose.RETURNED_WITHDRAWAL: _rule(Shape.INFLOW, "outside", f"{_MEMBERS} income", by_bank=True),
    Purpose.TENDER: _rule(Shape.FREEZE, "investor", "investor"),
    Purpose.TENDER_RELEASE: _rule(Shape.RELEASE, "investor", "investor", Purpose.TENDER),
    Purpose.DISBURSEMENT: _rule(Shape.TRANSFER, "investor", "borrower", Purpose.TENDER),
    Purpose.REPAYMENT_HOLD: _rule(Shape.FREEZE, "borrower", "borrower"),
    Purpose.REPAYMENT_RELEASE: _rule(Shape.RELEASE, "borrower", "borrower", Purpose.REPAYMENT_HOLD),
    Purpose.REPAYMENT: _rule(Shape.TRANSFER, "borrower", "investor", Purpose.REPAYMENT_HOLD),
    # At disbursement a fee comes out of the proceeds, in the same atomic entry; at a repayment
    # out of the repayment's freeze.
    Purpose.FEE: _rule(Shape.TRANSFER, "borrower", "income"),
    Purpose.RESERVE_CONTRIBUTION: _rule(Shape.TRANSFER, "borrower", "reserve"),
    Purpose.RESERVE_PAYOUT: _rule(Shape.TRANSFER, "reserve", "investor"),
    Purpose.SUBROGATED_RECOVERY: _rule(
        Shape.TRANSFER, "borrower", "reserve", Purpose.REPAYMENT_HOLD
    ),
    Purpose.GUARANTEE_HOLD: _rule(Shape.FREEZE, "guarantor", "guarantor"),
    Purpose.GUARANTEE_RELEASE: _rule(
        Shape.RELEASE, "guarantor", "guarantor", Purpose.GUARANTEE_HOLD
    ),
    Purpose.GUARANTEE_ADVANCE: _rule(
        Shape.TRANSFER, "guarantor", "borrower", Purpose.GUARANTEE_HOLD
    ),
    # Out of the advance that arrives in the same entry, of the borrower's own nothing: the cash
    # book holds them together.
    Purpose.ADVANCE_PASSED_ON: _rule(Shape.TRANSFER, "borrower", "investor"),
    Purpose.GUARANTEE_RECOVERY: _rule(
        Shape.TRANSFER, "borrower", "guarantor", Purpose.REPAYMENT_HOLD
    ),
    Purpose.REIMBURSEMENT: _rule(Shape.TRANSFER, "guarantor", "reserve guarantor"),
    Purpose.ASSIGNMENT_HOLD: _rule(Shape.FREEZE, "investor", "investor"),
    Purpose.ASSIGNMENT_RELEASE: _rule(
        Shape.RELEASE, "investor", "investor", Purpose.ASSIGNMENT_HOLD
    ),
    Purpose.ASSIGNMENT: _rule(Shape.TRANSFER, "investor", "investor", Purpose.ASSIGNMENT_HOLD),
    # Out of what the seller is paid in the same entry: the cash book sees to it.
    Purpose.ASSIGNMENT_FEE: _rule(Shape.TRANSFER, "investor", "income"),
    Purpose.RESERVE_SURPLUS: _rule(Shape.TRANSFER, "reserve", "income"),
    # By hand of two people, at the order of a court or an authority.
    Purpose.ADMINISTRATIVE_FREEZE: _rule(Shape.FREEZE, _MEMBERS, _MEMBERS),
    Purpose.ADMINISTRATIVE_RELEASE: _rule(
        Shape.RELEASE, _MEMBERS, _MEMBERS, Purpose.ADMINISTRATIVE_FREEZE
    ),
    Purpose.BANK_INTEREST: _rule(Shape.INFLOW, "outside", _ALL, by_bank=True),
    Purpose.BANK_ADJUSTMENT: _rule(
        Shape.INFLOW, f"outside {_ALL}", f"outside {_ALL}", by_bank=True
    ),
    # What the bank took back of a movement of ours, and lists by no line of its own.
    Purpose.BANK_REVERSAL: _rule(Shape.INFLOW, f"outside {_ALL}", f"outside {_ALL}", by_bank=True),
    # Only what came to the platform's income goes back by a reversal: see domain.reversal.
    Purpose.REVERSAL: _rule(Shape.TRANSFER, "income", "borrower investor reserve"),
    Purpose.SHORTFALL_COVER: _rule(Shape.TRANSFER, "income", f"{_MEMBERS} reserve marketing"),
}


_ALLOWED = frozenset(
    (purpose, payer, payee)
    for purpose, rule in MATRIX.items()
    for payer in rule.payers
    for payee in rule.payees
    if payer is payee or not rule.stays
)


def allowed(purpose: Purpose, payer: Role, payee: Role) -> bool:
    return (purpose, payer, payee) in _ALLOWED
