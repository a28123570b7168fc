"""What a custodian bank is asked to do (指令), in the domain's words. Amounts are whole fen.

A request is one call to the bank. Its `request_no` is derived from our own ids, made before it is
sent and never replaced: the same request is only ever sent again byte-equal, or asked after with
`query`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from domain.authorisation import Kind as Authorised
from domain.purposes import Purpose


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """开户. Opens `account` and has the bank verify the identity."""

    request_no: str
    account: str
    company: bool
    name: str = field(repr=False)
    id_no: str = field(repr=False)  # 身份证号, or 统一社会信用代码 for a company.
    phone: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BindCard:
    """绑卡. The bank checks the four elements: name, id number, card, phone."""

    request_no: str
    account: str
    card_no: str = field(repr=False)
    bank_code: str
    phone: str = field(repr=False)
    company: bool = False


@dataclass(frozen=True, slots=True)
class UnbindCard:
    request_no: str
    account: str
    card_no: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChangePhone:
    """变更手机号: the bank makes sure of him and of the new phone at its page."""

    request_no: str
    account: str
    phone: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """重置交易密码. The password is the member's and the bank's: only that it was done comes to
    us."""

    request_no: str
    account: str


@dataclass(frozen=True, slots=True)
class CheckPassword:
    """验证交易密码: the bank makes sure that it is he."""

    request_no: str
    account: str


@dataclass(frozen=True, slots=True)
class Authorise:
    """授权. The member authorises `kind` at the bank: until `ends_on`, up to `limit_fen` a use."""

    request_no: str
    account: str
    kind: Authorised
    ends_on: date
    limit_fen: int


@dataclass(frozen=True, slots=True)
class EndAuthorisation:
    """取消授权, of whatever of the kind is granted."""

    request_no: str
    account: str
    kind: Authorised


@dataclass(frozen=True, slots=True)
class EstablishProject:
    """标的登记: the loan as the bank knows it."""

    request_no: str
    project_no: str
    borrower: str
    amount_fen: int
    name: str
    annual_rate: str  # Per cent a year, a decimal in text.
    method: str  # domain.schedule.Method value
    periods: int


class ProjectStage(StrEnum):
    REPAYING = "repaying"
    FINISHED = "finished"
    MISCARRIED = "miscarried"  # 流标


@dataclass(frozen=True, slots=True)
class ChangeProject:
    request_no: str
    project_no: str
    stage: ProjectStage


@dataclass(frozen=True, slots=True)
class Recharge:
    """充值, by the member at the bank's page; else 自动充值 out of his bound card, as he has
    authorised."""

    request_no: str
    account: str
    amount_fen: int
    by_member: bool = True


@dataclass(frozen=True, slots=True)
class Withdraw:
    """提现 to the card bound at the bank; `card_no` is what we hold to be bound, for the check. By
    the member at the bank's page; else 自动提现, as he has authorised."""

    request_no: str
    account: str
    amount_fen: int
    card_no: str = field(repr=False)
    by_member: bool = True


@dataclass(frozen=True, slots=True)
class ConfirmWithdrawal:
    """提现确认: the bank may pay out what it holds. Only where it said HELD."""

    request_no: str
    withdrawal_request_no: str


@dataclass(frozen=True, slots=True)
class StopWithdrawal:
    """提现取消 / 拦截: not to be paid out. The withdrawal's own end tells if it was in time."""

    request_no: str
    withdrawal_request_no: str


@dataclass(frozen=True, slots=True)
class OfferShare:
    """债权出让: `account` offers so much of its claims' principal on a project."""

    request_no: str
    account: str
    project_no: str
    share_fen: int


@dataclass(frozen=True, slots=True)
class EndOffer:
    """取消债权出让, of what nobody has bought."""

    request_no: str
    offer_request_no: str


@dataclass(frozen=True, slots=True)
class Offered:
    """债权份额: the offer that money is for, and how much principal it buys."""

    request_no: str
    share_fen: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """预处理: earmark money of `account` on a project. `purpose`: TENDER, REPAYMENT_HOLD,
    GUARANTEE_HOLD, or ASSIGNMENT_HOLD, which is for an offer. Without the member, as he has
    authorised, or by him at the bank's page."""

    request_no: str
    account: str
    purpose: Purpose
    amount_fen: int
    project_no: str
    by_member: bool = False
    offered: Offered | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Give back (a part of) an earlier freeze."""

    request_no: str
    freeze_request_no: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class FreezeFunds:
    """资金冻结: money of `account` stands still, for no project of ours (at a court's order)."""

    request_no: str
    account: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class UnfreezeFunds:
    """资金解冻, of (a part of) what FreezeFunds froze."""

    request_no: str
    account: str
    freeze_request_no: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Leg:
    movement_id: str
    purpose: Purpose
    payer: str
    payee: str
    amount_fen: int
    interest_fen: int = 0  # The part of amount_fen that is interest.
    freeze_request_no: str | None = None


@dataclass(frozen=True, slots=True)
class Execute:
    """Carry out all legs or none (单笔交易). A bank that works leg by leg may come to do some of
    them only: that is PARTIAL until it has done the rest as well, and REFUSED where it did none."""

    request_no: str
    purpose: Purpose  # The leading purpose: DISBURSEMENT, REPAYMENT, RESERVE_PAYOUT, ...
    project_no: str | None
    legs: tuple[Leg, ...]
    offered: Offered | None = None  # Of an ASSIGNMENT: what its leading leg pays for.

    @property
    def advances(self) -> tuple[tuple[Leg, Leg], ...]:
        """间接代偿: each advance of a guarantor's with the leg that passes it on. Both are done
        together or not at all. Raises ValueError where one is without the other."""
        advanced = (leg for leg in self.legs if leg.purpose is Purpose.GUARANTEE_ADVANCE)
        passed_on = (leg for leg in self.legs if leg.purpose is Purpose.ADVANCE_PASSED_ON)
        return tuple(zip(advanced, passed_on, strict=True))


@dataclass(frozen=True, slots=True)
class ExecuteBatch:
    """Hand in many trades; each comes to its own end later (异步批量)."""

    request_no: str  # The batch number.
    trades: tuple[Execute, ...]


BankRequest = (
    OpenAccount
    | BindCard
    | UnbindCard
    | ChangePhone
    | ResetPassword
    | CheckPassword
    | Authorise
    | EndAuthorisation
    | EstablishProject
    | ChangeProject
    | Recharge
    | Withdraw
    | ConfirmWithdrawal
    | StopWithdrawal
    | OfferShare
    | EndOffer
    | Freeze
    | Release
    | FreezeFunds
    | UnfreezeFunds
    | Execute
    | ExecuteBatch
)
