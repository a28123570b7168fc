"""Commands about the platform: its books, its rules, its operators, what is done by hand."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.commands.base import BankRef, Command, Manual, MemberRole, SignedByTwo
from domain.model import Fen, Id, Text
from domain.operators import NewOperator, OperatorRole, PublicKey
from domain.policy import PolicyTerms


class OpenPlatform(Command):
    """Start a platform's books on a business date, under a named law table."""

    type: Literal["open_platform"] = "open_platform"
    business_date: date
    law_table: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    tender_max_fen: Fen | None = None  # The most one investor may put into one loan.
    cool_off_days: Annotated[int, Field(ge=0, le=365)] = 3


class SetMemberRules(Command):
    """House rules for every member from now on, all of them: what is left out has its default."""

    type: Literal["set_member_rules"] = "set_member_rules"
    authorisations_required: bool = False  # No tender or repayment without one on record.
    withdrawal_single_max_fen: Fen | None = None
    withdrawal_daily_max_fen: Fen | None = None  # Of each account, by business date.
    # To change, unbind or reinstate a card; how long ago it may have been passed.
    second_factor_minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    failed_cards_suspended: bool = False  # A payment that fails or comes back suspends its card.


class PublishPolicy(Command):
    """A new version of the protection policy (保障政策), for loans concluded from a date on."""

    type: Literal["publish_policy"] = "publish_policy"
    terms: PolicyTerms


class AppointOperators(SignedByTwo):
    """The first of those who may act by hand; two of them sign. Only while there are none."""

    type: Literal["appoint_operators"] = "appoint_operators"
    operators: Annotated[tuple[NewOperator, ...], Field(min_length=2, max_length=32, strict=False)]


class RegisterOperator(Manual):
    """One more who may act by hand (操作员), or a service that may ask for it (publisher)."""

    type: Literal["register_operator"] = "register_operator"
    operator_id: Id
    role: OperatorRole
    public_key: PublicKey


class RetireOperator(Manual):
    """From now on nothing that the operator signs counts; the key never comes back."""

    type: Literal["retire_operator"] = "retire_operator"
    operator_id: Id


class SeedReserve(Manual):
    """Platform's own money into the reserve account (种子资金)."""

    type: Literal["seed_reserve"] = "seed_reserve"
    seed_id: Id
    amount_fen: Fen


class MoveReserveSurplus(Manual):
    """What the reserve holds above its cap goes to the platform (rule 6)."""

    type: Literal["move_reserve_surplus"] = "move_reserve_surplus"
    surplus_id: Id
    amount_fen: Fen


class ReverseMovement(Manual):
    """冲正: a fee, or reserve's surplus, that came to the platform by mistake goes back, whole or
    in part, by a new movement that names the old one."""

    type: Literal["reverse_movement"] = "reverse_movement"
    reversal_id: Id
    movement_id: BankRef
    amount_fen: Fen
    reason: Text


class RecordBankReversal(Manual):
    """银行冲正: the bank took back, whole, a movement that it had carried out for us, on its day
    `bank_date`, and lists no movement of its own for that. Nothing is sent: it has happened."""

    type: Literal["record_bank_reversal"] = "record_bank_reversal"
    movement_id: BankRef
    bank_date: date
    reason: Text  # What the bank said of it.


class CoverShortfall(Manual):
    """垫补: the platform's income pays what the bank took and an account lacks; for the book the
    claim ends with it."""

    type: Literal["cover_shortfall"] = "cover_shortfall"
    cover_id: Id
    entry_id: BankRef  # The claim: the entry of the bank's fact.
    amount_fen: Fen


class FreezeFunds(Manual):
    """司法冻结: money of a member's account stands still, at the order of a court or an
    authority."""

    type: Literal["freeze_funds"] = "freeze_funds"
    freeze_id: Id
    member_id: Id
    role: MemberRole
    amount_fen: Fen
    evidence: Text


class UnfreezeFunds(Manual):
    """司法解冻: what stood still is his again, whole or in part."""

    type: Literal["unfreeze_funds"] = "unfreeze_funds"
    release_id: Id
    freeze_id: Id
    amount_fen: Fen
    evidence: Text


class AskReleaseAgain(Command):
    """解冻再申请: the bank finally refused to give frozen money back; the same is asked for once
    more, under the next id. The next day end does so anyway."""

    type: Literal["ask_release_again"] = "ask_release_again"
    entry_id: BankRef  # The refused one that was asked last.


PlatformCommand = (
    OpenPlatform
    | SetMemberRules
    | PublishPolicy
    | AppointOperators
    | RegisterOperator
    | RetireOperator
    | SeedReserve
    | MoveReserveSurplus
    | ReverseMovement
    | RecordBankReversal
    | CoverShortfall
    | FreezeFunds
    | UnfreezeFunds
    | AskReleaseAgain
)
