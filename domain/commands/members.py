"""Commands about a member: who it is, its accounts and cards, its money in and out."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from domain import authorisation, blacklist
from domain.accounts import Role
from domain.commands.base import Command, Digits, IdNumber, Manual, MemberRole, Phone, Sha256
from domain.model import Fen, Id, Message, Text


def _each_once(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    if len(set(roles)) < len(roles):
        raise ValueError("each role may stand once")
    return roles


_BARRED_AT_THE_BANK = frozenset(',"\\')  # They would break the lines of its check files.


def _for_the_bank(name: str) -> str:
    if not _BARRED_AT_THE_BANK.isdisjoint(name):
        raise ValueError("may not hold a comma, a double quote or a backslash: the bank bars them")
    return name


class RegisterMember(Command):
    """A person or a company joins; the bank verifies the identity and opens the accounts."""

    type: Literal["register_member"] = "register_member"
    member_id: Id
    kind: Literal["person", "company"]
    roles: Annotated[
        tuple[MemberRole, ...],
        Field(min_length=1, max_length=3, strict=False, json_schema_extra={"uniqueItems": True}),
        AfterValidator(_each_once),
    ]
    name: Annotated[
        str,
        Field(
            pattern=r"^[^\x00-\x1f\x7f]{1,100}$",
            repr=False,
            json_schema_extra={"pattern": r'^[^,"\\\x00-\x1f\x7f]{1,100}$'},
        ),
        AfterValidator(_for_the_bank),
    ]
    id_no: Annotated[IdNumber, Field(repr=False)]
    phone: Annotated[Phone, Field(repr=False)]
    related_party: bool = False
    lawful_business: bool = False  # Companies: licence and business scope were checked.


class SecondFactor(Message):
    """How the platform made sure of a member once more (二次验证), and when."""

    method: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,15}$")]  # sms, face, token ...
    reference: Id  # The platform's own evidence; each is used once.
    passed_at: AwareDatetime


class BindBankAccount(Command):
    """绑卡: ask the bank to bind a card to one of the member's accounts."""

    type: Literal["bind_bank_account"] = "bind_bank_account"
    member_id: Id
    role: MemberRole
    binding_id: Id
    card_no: Annotated[Digits, Field(repr=False)]
    bank_code: Annotated[str, Field(pattern=r"^[A-Z]{2,8}$")]
    phone: Annotated[Phone, Field(repr=False)]
    second_factor: SecondFactor | None = None  # Where it takes another one's place.


class UnbindBankAccount(Command):
    type: Literal["unbind_bank_account"] = "unbind_bank_account"
    member_id: Id
    binding_id: Id
    second_factor: SecondFactor | None = None


class ReinstateBankAccount(Command):
    """The member has confirmed a card to which a payment failed."""

    type: Literal["reinstate_bank_account"] = "reinstate_bank_account"
    member_id: Id
    binding_id: Id
    second_factor: SecondFactor | None = None


class ChangePhone(Command):
    """变更手机号: the member is led to the bank's page; the new phone holds once the bank says
    so."""

    type: Literal["change_phone"] = "change_phone"
    member_id: Id
    role: MemberRole
    phone: Annotated[Phone, Field(repr=False)]
    second_factor: SecondFactor | None = None


class AboutPassword(Command):
    member_id: Id
    role: MemberRole


class ResetPassword(AboutPassword):
    """重置交易密码: the member is led to the bank's page, and chooses another one there."""

    type: Literal["reset_password"] = "reset_password"


class CheckPassword(AboutPassword):
    """验证交易密码: the member is led to the bank's page, and shows there that it is he."""

    type: Literal["check_password"] = "check_password"


class RequestAuthorisation(Command):
    """授权: the member is led to the bank's page, and authorises there what may be done without
    him."""

    type: Literal["request_authorisation"] = "request_authorisation"
    member_id: Id
    kind: authorisation.Kind
    ends_on: date  # The last day on which it may be used.
    limit_fen: Fen  # Of one use.
    role: MemberRole | None = None  # Of which account: withdrawals and recharges.


class CancelAuthorisation(Command):
    """Not to be used from now on; the bank is told."""

    type: Literal["cancel_authorisation"] = "cancel_authorisation"
    member_id: Id
    kind: authorisation.Kind
    role: MemberRole | None = None


class BlacklistMember(Manual):
    """黑名单: no new loan for this member; needs evidence. With a ground and the hash of the
    evidence the entry is shared with other platforms."""

    type: Literal["blacklist_member"] = "blacklist_member"
    member_id: Id
    evidence: Text
    ground: blacklist.Ground | None = None
    evidence_hash: Sha256 | None = None


class RegisterRelatedParty(Manual):
    """关联方: of the platform: a shareholder, manager or affiliate; `related` false: no longer."""

    type: Literal["register_related_party"] = "register_related_party"
    member_id: Id
    related: bool = True
    evidence: Text


class RequestRecharge(Command):
    """充值, by the member at the bank's page; or without him, out of his card, as authorised."""

    type: Literal["request_recharge"] = "request_recharge"
    recharge_id: Id
    member_id: Id
    role: MemberRole
    amount_fen: Fen
    by_member: bool = True


class RequestWithdrawal(Command):
    """提现, by the member at the bank's page; or without him, as authorised."""

    type: Literal["request_withdrawal"] = "request_withdrawal"
    withdrawal_id: Id
    member_id: Id
    role: MemberRole
    binding_id: Id
    amount_fen: Fen
    by_member: bool = True


class StopWithdrawal(Command):
    """提现取消 / 拦截: the bank is asked not to pay it out. What is under way may be too late."""

    type: Literal["stop_withdrawal"] = "stop_withdrawal"
    withdrawal_id: Id


MembersCommand = (
    RegisterMember
    | BindBankAccount
    | UnbindBankAccount
    | ReinstateBankAccount
    | ChangePhone
    | ResetPassword
    | CheckPassword
    | RequestAuthorisation
    | CancelAuthorisation
    | BlacklistMember
    | RegisterRelatedParty
    | RequestRecharge
    | RequestWithdrawal
    | StopWithdrawal
)
