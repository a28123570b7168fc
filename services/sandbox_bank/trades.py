"""交易: SYNC_TRANSACTION, all details or none. `RULES` says who may pay whom in which trade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.sandbox_bank import freezes, projects, sales
from services.sandbox_bank.book import Book
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.rows import PLATFORM_ROLES, Account, Pot, Project, Request

_DETAILS = 2000


def _roles(words: str) -> frozenset[str]:
    return frozenset(words.split())


_MEMBERS = _roles("INVESTOR BORROWERS GUARANTEECORP INTERMEDIATOR COLLABORATOR SUPPLIER")
_PLATFORM = frozenset(PLATFORM_ROLES.values())
_COMMISSION_TO = _roles("PLATFORM_INCOME PLATFORM_COMPENSATORY")


@dataclass(frozen=True, slots=True)
class Detail:
    """One bizType of a trade: who may pay, who may be paid."""

    payers: frozenset[str]
    payees: frozenset[str]


@dataclass(frozen=True, slots=True)
class Trade:
    """`frozen_for` is the bizType of the freezes it may consume; `project` the state that its
    project must be in; `bound`: it cannot do without a project; `passes_on`: its borrower gives
    all that he gets and nothing of his own."""

    details: dict[str, Detail]
    frozen_for: str | None = None
    project: str | None = None
    bound: bool = False
    passes_on: bool = False


_COMMISSION = Detail(_roles("INVESTOR BORROWERS"), _COMMISSION_TO)

RULES = {
    "TENDER": Trade(
        {
            "TENDER": Detail(_roles("INVESTOR"), _roles("BORROWERS")),
            "COMMISSION": _COMMISSION,
            "MARKETING": Detail(_roles("PLATFORM_MARKETING"), _roles("INVESTOR")),
        },
        frozen_for="TENDER",
        project="COLLECTING",
        bound=True,
    ),
    "REPAYMENT": Trade(
        {
            "REPAYMENT": Detail(_roles("BORROWERS"), _roles("INVESTOR")),
            "COMPENSATORY_REPAYMENT": Detail(
                _roles("BORROWERS GUARANTEECORP"),
                _roles("PLATFORM_COMPENSATORY GUARANTEECORP"),
            ),
            "COMMISSION": _COMMISSION,
        },
        frozen_for="REPAYMENT",
        project="REPAYING",
        bound=True,
    ),
    "COMPENSATORY": Trade(
        {
            "COMPENSATORY": Detail(
                _roles("PLATFORM_COMPENSATORY GUARANTEECORP"), _roles("INVESTOR")
            ),
            "COMMISSION": _COMMISSION,
        },
        frozen_for="COMPENSATORY",
        project="REPAYING",
    ),
    "INDIRECT_COMPENSATORY": Trade(
        {
            "COMPENSATORY": Detail(
                _roles("PLATFORM_COMPENSATORY GUARANTEECORP BORROWERS"),
                _roles("BORROWERS INVESTOR"),
            ),
            "REPAYMENT": Detail(_roles("BORROWERS"), _roles("INVESTOR")),
        },
        frozen_for="COMPENSATORY",
        project="REPAYING",
        bound=True,
        passes_on=True,
    ),
    "CREDIT_ASSIGNMENT": Trade(
        {
            "CREDIT_ASSIGNMENT": Detail(_roles("INVESTOR"), _roles("INVESTOR")),
            "COMMISSION": _COMMISSION,
        },
        frozen_for="CREDIT_ASSIGNMENT",
        project="REPAYING",
        bound=True,
    ),
    "PLATFORM_INDEPENDENT_PROFIT": Trade(
        {"PROFIT": Detail(_roles("PLATFORM_PROFIT PLATFORM_INCOME"), _MEMBERS | _PLATFORM)}
    ),
    "PLATFORM_SERVICE_DEDUCT": Trade({"DEDUCT": Detail(_MEMBERS, _roles("PLATFORM_INCOME"))}),
    "MARKETING": Trade({"MARKETING": Detail(_roles("PLATFORM_MARKETING"), _MEMBERS)}),
    "FUNDS_TRANSFER": Trade({"FUNDS_TRANSFER": Detail(_PLATFORM, _PLATFORM)}),
}


def trade(book: Book, request: Request, fields: Fields) -> Request:
    trade_type = fields.choice("tradeType", frozenset(RULES))
    rule = RULES[trade_type]
    project_no = fields.text("projectNo", 50) if rule.bound else fields.optional("projectNo", 50)
    details = fields.items("details", _DETAILS)
    no = request.request_no
    project = None
    if project_no is not None:
        project = projects.find(book, project_no)
        if rule.project is not None:
            projects.require(book, project_no, rule.project)
    if trade_type == "CREDIT_ASSIGNMENT":
        sales.sell(book, fields, details)
    if rule.passes_on and project is not None:
        _require_passed_on(project.borrower, details)
    total_fen = sum(pay(book, no, rule, project, detail) for detail in details)
    return replace(request, status="SUCCESS", amount_fen=total_fen, data=None)


def _require_passed_on(borrower: str, details: Sequence[Fields]) -> None:
    """间接代偿: every detail has the borrower on one side, names the freeze, and leaves him as he
    was."""
    got_fen = gave_fen = 0
    for detail in details:
        detail.text("freezeRequestNo", 50)
        pays = detail.optional("sourcePlatformUserNo", 50) == borrower
        gets = detail.text("targetPlatformUserNo", 50) == borrower
        if pays == gets:
            raise Refused(Code.NOT_PERMITTED, "间接代偿须经借款人")
        got_fen += detail.amount("amount") if gets else 0
        gave_fen += detail.amount("amount") if pays else 0
    if got_fen != gave_fen:
        raise Refused(Code.NOT_PERMITTED, "借款人须全额转付代偿款")


def pay(book: Book, no: str, rule: Trade, project: Project | None, fields: Fields) -> int:
    """Move one detail's money under the request number `no`. The amount moved."""
    biz_type = fields.choice("bizType", frozenset(rule.details))
    amount_fen = fields.amount("amount")
    income_fen = fields.amount_or_zero("income")
    if income_fen > amount_fen:
        raise fields.bad("income", "must not be more than amount")
    freeze_no = fields.optional("freezeRequestNo", 50)
    project_no = project.no if project else None
    payer, pot = _payer(book, rule, project_no, freeze_no, amount_fen, fields)
    payee = book.account(fields.text("targetPlatformUserNo", 50))
    allowed = rule.details[biz_type]
    if payer.role not in allowed.payers or payee.role not in allowed.payees:
        raise Refused(Code.NOT_PERMITTED, f"{biz_type} 不能由 {payer.role} 付给 {payee.role}")
    strangers = {party.no for party in (payer, payee) if party.role == "BORROWERS"}
    if project is not None and strangers - {project.borrower}:
        raise Refused(Code.NOT_PERMITTED, "借款人与标的不符")
    if payer.no == payee.no:
        raise Refused(Code.NOT_PERMITTED, "付款方与收款方相同")
    book.move(
        "COMMISSION" if biz_type == "COMMISSION" else "TRANSACTION",
        no,
        (payer.no, pot),
        (payee.no, "available"),
        amount_fen,
        biz_type=biz_type,
        income_fen=income_fen,
        project_no=project_no,
        origin_no=freeze_no,
        remark=fields.optional("remark"),
        share=fields.optional("share"),
        custom_define=fields.optional("customDefine"),
    )
    return amount_fen


def _payer(
    book: Book,
    rule: Trade,
    project_no: str | None,
    freeze_no: str | None,
    amount_fen: int,
    fields: Fields,
) -> tuple[Account, Pot]:
    """Whose money, and from which pot. A freeze that is named is consumed by its owner's leg; the
    onward leg of an indirect advance (间接代偿) names it too, and pays from what it got."""
    if freeze_no is None:
        return book.account(fields.text("sourcePlatformUserNo", 50)), "available"
    held = freezes.find(book, freeze_no)
    if held.biz_type != rule.frozen_for:
        raise Refused(Code.REFUSED, f"{held.biz_type} 预处理不能用于该交易")
    if held.project_no != project_no:
        raise Refused(Code.REFUSED, "预处理不属于该标的")
    source = fields.optional("sourcePlatformUserNo", 50) or held.account_no
    if source != held.account_no:
        if rule is not RULES["INDIRECT_COMPENSATORY"]:
            raise Refused(Code.REFUSED, "预处理不属于付款方")
        return book.account(source), "available"
    freezes.consume(book, held, amount_fen)
    return book.account(source), "frozen"
