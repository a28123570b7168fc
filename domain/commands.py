"""The published language: every command that may arrive, in the imperative.

A command carries its caller's id (kept by the caller, used once), the platform it is for, who
acts, an effective date where that is not the business date, and a reason where one is needed.
Commands under "from the bank" and "from the day end" are made by our own services; a publisher
that sends one is turned away.
"""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from domain import authorisation, blacklist
from domain.accounts import Role
from domain.collection_events import LawsuitStep
from domain.collection_rules import STAGES, Stage, StageFrom
from domain.conduct import Means, Outcome, Party
from domain.loan_guarantee import Contribution, SecurityKind
from domain.model import CommandId, Fen, Id, Message, OutsideId, Text
from domain.operators import NewOperator, OperatorRole, PublicKey, Signature
from domain.policy import PolicyTerms, Provider
from domain.purposes import Purpose
from domain.schedule import Method

MemberRole = Literal[Role.INVESTOR, Role.BORROWER, Role.GUARANTOR]
Actor = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:@-]{1,64}$")]
RateText = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,6})?$")]
Grade = Annotated[str, Field(pattern=r"^[A-Z]{1,3}[0-9]?$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
BankRef = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Digits = Annotated[str, Field(pattern=r"^[0-9]{8,32}$")]
Phone = Annotated[str, Field(pattern=r"^\+?[0-9]{6,20}$")]
AccountName = Annotated[
    str,
    Field(
        pattern=r"^([A-Za-z0-9_-]{1,32}:(investor|borrower|guarantor)"
        r"|platform:(reserve|income|marketing))$"
    ),
]
IdNumber = Annotated[str, Field(pattern=r"^[0-9A-Z]{8,20}$")]


def _each_once(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    if len(set(roles)) < len(roles):
        raise ValueError("each role may stand once")
    return roles


def _rising(stages: tuple[StageFrom, ...]) -> tuple[StageFrom, ...]:
    order = list(Stage)
    places = [(order.index(each.stage), each.from_days) for each in stages]
    if any(a[0] >= b[0] or a[1] >= b[1] for a, b in pairwise(places)):
        raise ValueError("each stage is harder than the one before, and starts later")
    return stages


_BARRED_AT_THE_BANK = frozenset(',"\\')  # They would break the lines of its check files.


def _for_the_bank(name: str) -> str:
    if not _BARRED_AT_THE_BANK.isdisjoint(name):
        raise ValueError("may not hold a comma, a double quote or a backslash: the bank bars them")
    return name


class Command(Message):
    """What every command carries. `type` names it in JSON."""

    FROM_OUTSIDE: ClassVar[bool] = True
    NEW_BUSINESS: ClassVar[bool] = False
    """Refused once the platform winds down (清盘)."""

    type: str
    id: OutsideId
    platform: Id
    actor: Actor
    correlation_id: CommandId | None = None
    effective_on: date | None = None
    reason: Text | None = None

    def text_to_sign(self) -> str:
        """What two people sign: the command as RFC 8785 writes JSON, without their signatures and
        without what is null or has its default, however it was sent."""
        said = self.model_dump(mode="json", exclude_defaults=True, exclude={"maker", "checker"})
        said["type"] = self.type
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class SignedByTwo(Command):
    """One person makes it, another one checks it, and both sign it (docs/two-people.md)."""

    maker: Signature
    checker: Signature


class Manual(SignedByTwo):
    """Done by hand: refused unless the two are registered, and are two."""


# -- the platform itself ----------------------------------------------------------------


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


# -- members ----------------------------------------------------------------------------


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


# -- loans ------------------------------------------------------------------------------


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


# -- claims that change hands -----------------------------------------------------------


class OfferClaim(Command):
    """债权转让: a holder offers his claim, or a part of it. The buyer also pays the interest that
    has accrued to the day on which he buys."""

    NEW_BUSINESS: ClassVar[bool] = True
    type: Literal["offer_claim"] = "offer_claim"
    assignment_id: Id
    loan_id: Id
    claim_id: BankRef  # The tender, or the claim that came of an assignment.
    seller_id: Id
    principal_fen: Fen  # What of its open principal is offered.
    price_fen: Fen  # For that principal: above it or below.
    valid_until: date  # Not bought by the end of this business date: over.


class BuyClaim(Command):
    """An investor buys what is offered, as it is offered; his money is frozen at the bank."""

    NEW_BUSINESS: ClassVar[bool] = True
    type: Literal["buy_claim"] = "buy_claim"
    assignment_id: Id
    buyer_id: Id
    amount_max_fen: Fen  # What he agreed to pay at most, accrued interest included.


class WithdrawOffer(Command):
    """撤销转让. Only before it is bought."""

    type: Literal["withdraw_offer"] = "withdraw_offer"
    assignment_id: Id


# -- collections, blacklist, wind-down --------------------------------------------------


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


# -- guarantee --------------------------------------------------------------------------


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
    """Name a guarantor of the loan (担保), before it is published; asked again, another one.

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
    """逾期确认 by a named person: the guarantor must advance the instalment by his deadline."""

    type: Literal["confirm_overdue"] = "confirm_overdue"
    loan_id: Id
    period: Annotated[int, Field(ge=1, le=600)]


class RequestAdvance(Command):
    """代偿: the guarantor pays what is open of an instalment to the investors, as he must."""

    type: Literal["request_advance"] = "request_advance"
    advance_id: Id
    guarantor_id: Id
    loan_id: Id
    period: Annotated[int, Field(ge=1, le=600)]


class ReimburseAdvance(Command):
    """The guarantor pays who paid an instalment in his place (追偿、分担), all that is left of it:
    the reserve, or the co-guarantor `to`."""

    type: Literal["reimburse_advance"] = "reimburse_advance"
    reimbursement_id: Id
    guarantor_id: Id
    loan_id: Id
    period: Annotated[int, Field(ge=1, le=600)]
    to: Id | None = None


# -- from the bank (made by custody) ----------------------------------------------------


class Internal(Command):
    """Made by zhuanhu itself: whoever else sends it is turned away."""

    FROM_OUTSIDE: ClassVar[bool] = False
    id: CommandId


class FromBank(Internal):
    bank_code: Annotated[str, Field(max_length=64)] = ""  # The bank's own code, for people.


class SettleEntry(FromBank):
    """The bank carried out every movement of the entry."""

    type: Literal["settle_entry"] = "settle_entry"
    entry_id: BankRef
    bank_date: date


class RejectEntry(FromBank):
    """The bank finally refused every movement of the entry."""

    type: Literal["reject_entry"] = "reject_entry"
    entry_id: BankRef


class DecideWithdrawal(FromBank):
    """The bank holds the money of a withdrawal and waits for our word (待确认提现)."""

    type: Literal["decide_withdrawal"] = "decide_withdrawal"
    entry_id: BankRef


class RefuseStop(FromBank):
    """The bank does not stop the withdrawal."""

    type: Literal["refuse_stop"] = "refuse_stop"
    entry_id: BankRef


class ConfirmAccount(FromBank):
    type: Literal["confirm_account"] = "confirm_account"
    member_id: Id
    role: MemberRole


class RefuseAccount(FromBank):
    type: Literal["refuse_account"] = "refuse_account"
    member_id: Id
    role: MemberRole


class ConfirmBinding(FromBank):
    type: Literal["confirm_binding"] = "confirm_binding"
    member_id: Id
    binding_id: Id


class RefuseBinding(FromBank):
    type: Literal["refuse_binding"] = "refuse_binding"
    member_id: Id
    binding_id: Id


class ConfirmUnbinding(FromBank):
    type: Literal["confirm_unbinding"] = "confirm_unbinding"
    member_id: Id
    binding_id: Id


class RefuseUnbinding(FromBank):
    type: Literal["refuse_unbinding"] = "refuse_unbinding"
    member_id: Id
    binding_id: Id


class AboutAuthorisation(FromBank):
    member_id: Id
    number: Annotated[int, Field(ge=1)]


class ConfirmAuthorisation(AboutAuthorisation):
    type: Literal["confirm_authorisation"] = "confirm_authorisation"


class RefuseAuthorisation(AboutAuthorisation):
    type: Literal["refuse_authorisation"] = "refuse_authorisation"


class ConfirmAuthorisationEnd(AboutAuthorisation):
    type: Literal["confirm_authorisation_end"] = "confirm_authorisation_end"


class RefuseAuthorisationEnd(AboutAuthorisation):
    type: Literal["refuse_authorisation_end"] = "refuse_authorisation_end"


class RecordAuthorisation(FromBank):
    """What a member has authorised at the bank by himself; without terms: has ended.

    `bank_record` is the bank's own number of it, `act` its count: of two the higher is the later.
    """

    type: Literal["record_authorisation"] = "record_authorisation"
    bank_record: BankRef
    member_id: Id
    role: MemberRole
    kind: authorisation.Kind
    act: Annotated[int, Field(ge=1)]
    ends_on: date | None = None
    limit_fen: Fen | None = None


class AboutVisit(FromBank):
    member_id: Id
    number: Annotated[int, Field(ge=1)]


class ConfirmVisit(AboutVisit):
    """The member did at the bank's page what he was led there for."""

    type: Literal["confirm_visit"] = "confirm_visit"


class RefuseVisit(AboutVisit):
    type: Literal["refuse_visit"] = "refuse_visit"


class ConfirmProject(FromBank):
    """The bank knows the loan: tenders may come."""

    type: Literal["confirm_project"] = "confirm_project"
    loan_id: Id


class RefuseProject(FromBank):
    type: Literal["refuse_project"] = "refuse_project"
    loan_id: Id


class AboutOffer(FromBank):
    assignment_id: Id


class ConfirmOffer(AboutOffer):
    """The bank knows the offer: it may be bought."""

    type: Literal["confirm_offer"] = "confirm_offer"


class RefuseOffer(AboutOffer):
    type: Literal["refuse_offer"] = "refuse_offer"


class RecordBankMovement(FromBank):
    """Money that the bank moved by itself: a returned withdrawal, interest, an adjustment.

    `bank_record` is the bank's own number of the fact; the movement's id is derived from it.
    """

    type: Literal["record_bank_movement"] = "record_bank_movement"
    bank_record: BankRef
    purpose: Literal[Purpose.RETURNED_WITHDRAWAL, Purpose.BANK_INTEREST, Purpose.BANK_ADJUSTMENT]
    account: AccountName
    amount_fen: Fen
    credit: bool = True
    bank_date: date
    origin: BankRef | None = None  # The withdrawal that came back.


# -- from the day end -------------------------------------------------------------------


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


AnyCommand = Annotated[
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
    | RegisterMember
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
    | RequestLoan
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
    | OfferClaim
    | BuyClaim
    | WithdrawOffer
    | ConfirmOffer
    | RefuseOffer
    | ExpireOffer
    | SetCollectionRules
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
    | AppointGuarantor
    | GuaranteeLoan
    | ConfirmOverdue
    | RequestAdvance
    | ReimburseAdvance
    | SettleEntry
    | RejectEntry
    | DecideWithdrawal
    | RefuseStop
    | ConfirmAccount
    | RefuseAccount
    | ConfirmBinding
    | RefuseBinding
    | ConfirmUnbinding
    | RefuseUnbinding
    | ConfirmAuthorisation
    | RefuseAuthorisation
    | ConfirmAuthorisationEnd
    | RefuseAuthorisationEnd
    | RecordAuthorisation
    | ConfirmVisit
    | RefuseVisit
    | ConfirmProject
    | RefuseProject
    | RecordBankMovement
    | RollBusinessDate
    | AssessLoan
    | MiscarryLoan
    | RunReservePayouts
    | AssessCase
    | ReportEmptied
    | JudgeObligations
    | AdvanceObligations
    | SpreadTonight,
    Field(discriminator="type"),
]

COMMANDS: dict[str, type[Command]] = {
    kind.model_fields["type"].default: kind for kind in get_args(get_args(AnyCommand)[0])
}
NOT_FROM_OUTSIDE = "is made by zhuanhu itself and is not taken from outside"
FROM_OUTSIDE = {name: kind for name, kind in COMMANDS.items() if kind.FROM_OUTSIDE}
