"""A batch's lines: which trade each is, who may pay whom in it, and its fees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.sandbox_bank import projects, trades
from services.sandbox_bank.book import Book
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields, money
from services.sandbox_bank.keys import Key, Kind
from services.sandbox_bank.rows import COMPENSATORY, INCOME, Request

Fees = tuple[tuple[str, str, str], ...]

_REPAYING = frozenset({"REPAYING"})


@dataclass(frozen=True, slots=True)
class Service:
    """Which trade a line is, the states its product may be in, the field that names its freeze,
    its fees: field, who pays, who gets it; `through`: the line passes through a third account,
    which keeps nothing of it (间接代偿)."""

    trade: str
    biz_type: str
    product: frozenset[str] = _REPAYING
    freeze: str = ""
    fees: Fees = ()
    through: bool = False


_FEES: Fees = (("txFeeOut", "accountId", INCOME), ("txFeeIn", "forAccountId", INCOME))
SERVICES = {
    "batchLendPay": Service(
        "TENDER",
        "TENDER",
        # The first line that is paid lets the product be repaid; the others still follow.
        _REPAYING | {"COLLECTING"},
        "authCode",
        (
            ("bidFee", "accountId", INCOME),
            ("debtFee", "forAccountId", INCOME),
            ("bailFee", "forAccountId", COMPENSATORY),
        ),
    ),
    "batchRepay": Service("REPAYMENT", "REPAYMENT", freeze="freezeOrderId", fees=_FEES),
    "batchRepayBail": Service(
        "REPAYMENT", "COMPENSATORY_REPAYMENT", freeze="freezeOrderId", fees=_FEES
    ),
    "batchBailRepay": Service(
        "INDIRECT_COMPENSATORY", "COMPENSATORY", freeze="freezeOrderId", through=True
    ),
    "batchSubstRepay": Service("COMPENSATORY", "COMPENSATORY"),
    "batchCreditInvest": Service(
        "CREDIT_ASSIGNMENT", "CREDIT_ASSIGNMENT", freeze="freezeOrderId", fees=_FEES
    ),
    "batchTransfer": Service("FUNDS_TRANSFER", "FUNDS_TRANSFER"),
    "batchVoucherPay": Service("PLATFORM_INDEPENDENT_PROFIT", "PROFIT"),
}


def keys_of(lines: Sequence[Mapping[str, Any]]) -> frozenset[Key]:
    """What settling these will read."""
    names: tuple[tuple[Kind, str], ...] = (
        *(("account", "accountId"), ("account", "forAccountId"), ("project", "productId")),
        *(("account", "debtAccountId"), ("freeze", "authCode"), ("freeze", "freezeOrderId")),
    )
    return frozenset(
        Key(kind, no)
        for line in lines
        for kind, name in names
        if isinstance(no := line.get(name), str) and no
    )


def settle(book: Book, batch: Request, line: Fields) -> None:
    """One line with its fees, whole or not at all."""
    service = SERVICES[batch.service]
    rule = trades.RULES[service.trade]
    product_no = line.optional("productId", 50)
    project = projects.find(book, product_no) if product_no else None
    if project and project.status not in service.product:
        raise Refused(Code.PROJECT_STATE, f"标的状态为 {project.status}")
    interest_fen = line.amount_or_zero("intAmount")
    amount_fen = line.amount_or_zero("txAmount") + interest_fen
    no, order_no = (batch.data or {})["acqRes"], line.text("orderId", 40)
    freeze_no = line.optional(service.freeze, 50) if service.freeze else None
    payer = line.text("accountId", 19)
    payee, biz_type = line.text("forAccountId", 19), service.biz_type
    if service.through:
        middle, onward_no = line.text("debtAccountId", 19), line.text("debtOrderId", 40)
        details = [
            (biz_type, payer, middle, amount_fen, order_no),
            (biz_type, middle, payee, amount_fen, onward_no),
        ]
    else:
        details = [(biz_type, payer, payee, amount_fen, order_no)]
    for name, owner, taker in service.fees:
        fee_fen = line.amount_or_zero(name)
        details.append(("COMMISSION", line.text(owner, 19), taker, fee_fen, order_no))
    for biz_type, source, target, fen, named in details:
        if not fen:
            continue
        detail = {
            "bizType": biz_type,
            "sourcePlatformUserNo": source,
            "targetPlatformUserNo": target,
            "amount": money(fen),
            "customDefine": named,
        }
        if biz_type != "COMMISSION":
            detail["income"] = money(interest_fen)
        if biz_type == "CREDIT_ASSIGNMENT":
            detail["share"] = money(line.amount("tsfAmount"))
        if freeze_no and source == payer:
            detail["freezeRequestNo"] = freeze_no
        trades.pay(book, no, rule, project, Fields(detail))
    if service.trade == "TENDER" and project and project.status == "COLLECTING":
        book.projects.put(replace(project, status="REPAYING"))
