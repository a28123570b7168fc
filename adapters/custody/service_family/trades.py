"""Money between accounts -> reqData fields: freezes, trades with their legs, batches of trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.custody.service_family import words
from adapters.custody.service_family.accounts import user_no
from adapters.custody.service_family.calls import REQUEST_NO_MAX, SERVICE, Call, NotCarried
from domain.bank_requests import Execute, Freeze, Leg, Offered
from domain.money import yuan
from domain.purposes import Purpose


def hold(request: Freeze) -> dict[str, str]:
    fields = {
        "platformUserNo": user_no(request.account),
        "bizType": _word(words.FREEZE_TYPES, request.purpose),
        "amount": yuan(request.amount_fen),
        "projectNo": request.project_no,
    }
    if request.offered is not None:
        fields["share"] = yuan(request.offered.share_fen)
        fields["creditsaleRequestNo"] = request.offered.request_no
    return fields


def batch(batch_no: str, trades: Sequence[Execute]) -> Call:
    if len(batch_no) > REQUEST_NO_MAX:
        raise ValueError(f"batch_no: at most {REQUEST_NO_MAX} characters")
    fields = {"batchNo": batch_no, "bizDetails": [trade(each) for each in trades]}
    return Call(SERVICE, "ASYNC_TRANSACTION", fields)


def trade(request: Execute) -> dict[str, Any]:
    came_from = {
        passed_on.movement_id: advance.freeze_request_no for advance, passed_on in request.advances
    }
    fields: dict[str, Any] = {
        "requestNo": request.request_no,
        "tradeType": _word(words.TRADE_TYPES, request.purpose),
        "details": [
            _detail(leg, leg.freeze_request_no or came_from.get(leg.movement_id), request.offered)
            for leg in request.legs
        ],
    }
    if request.offered is not None:
        fields["saleRequestNo"] = request.offered.request_no
    if request.project_no is not None:
        fields["projectNo"] = request.project_no
    return fields


def _detail(leg: Leg, freeze_request_no: str | None, offered: Offered | None) -> dict[str, str]:
    """What is passed on names the freeze that it came from; what buys a claim, the share of it."""
    detail = {
        "bizType": _word(words.LEG_TYPES, leg.purpose),
        "sourcePlatformUserNo": user_no(leg.payer),
        "targetPlatformUserNo": user_no(leg.payee),
        "amount": yuan(leg.amount_fen),
        "customDefine": leg.movement_id,
    }
    if leg.interest_fen:
        detail["income"] = yuan(leg.interest_fen)
    if leg.purpose is Purpose.ASSIGNMENT and offered is not None:
        detail["share"] = yuan(offered.share_fen)
    if freeze_request_no is not None:
        detail["freezeRequestNo"] = freeze_request_no
    return detail


def _word(table: Mapping[Purpose, str], purpose: Purpose) -> str:
    word = table.get(purpose)
    if word is None:
        raise NotCarried(f"purpose: no instruction for {purpose.value} here")
    return word
