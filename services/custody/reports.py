"""What the bank's final word on a request becomes: one command to the writer.

A command's id is derived from what it is about, so that saying it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from domain import commands as c
from domain.accounts import owner_of, role_of
from domain.authorisation import Kind as Authorised
from domain.commands import Command
from domain.purposes import Purpose
from services.custody.journal import Notice
from services.custody.requests import Kind, Open, State

ACTOR = "custody"
CODE_MAX = 64


def report(platform: str, ended: Open) -> Command | None:
    """None where nobody waits for the answer: a project's stage, an offer's end, and a withdrawal's
    last word, of which the withdrawal itself tells the end."""
    request = ended.request
    if request.kind in (Kind.CHANGE_PROJECT, Kind.END_OFFER, Kind.CONFIRM_WITHDRAWAL):
        return None
    if request.kind is Kind.STOP_WITHDRAWAL and ended.state is State.SETTLED:
        return None
    name, fields, settled, refused = _about(ended)
    common = {
        **fields,
        "id": name,
        "platform": platform,
        "actor": ACTOR,
        "correlation_id": request.correlation or None,
        "bank_code": ended.code[:CODE_MAX],
    }
    kind = settled if ended.state is State.SETTLED else refused
    return kind.model_validate(common)


def _about(ended: Open) -> tuple[str, dict[str, object], type[Command], type[Command]]:
    """Command id, its fields, and the command for a yes and for a no."""
    request = ended.request
    subject, payload = request.subject, request.payload
    match request.kind:
        case Kind.OPEN_ACCOUNT:
            role = role_of(payload["account"])
            about: dict[str, object] = {"member_id": subject, "role": role}
            return f"account:{subject}:{role}", about, c.ConfirmAccount, c.RefuseAccount
        case Kind.BIND_CARD | Kind.UNBIND_CARD:
            about = {"member_id": subject, "binding_id": payload["binding_id"]}
            number = request.request_no[2:]  # The binding's id, made unique.
            if request.kind is Kind.BIND_CARD:
                return f"binding:{number}", about, c.ConfirmBinding, c.RefuseBinding
            return f"unbinding:{number}", about, c.ConfirmUnbinding, c.RefuseUnbinding
        case Kind.AUTHORISE | Kind.END_AUTHORISATION:
            about = {"member_id": subject, "number": payload["number"]}
            name = f"authorisation:{request.request_no[2:]}"
            if request.kind is Kind.AUTHORISE:
                return name, about, c.ConfirmAuthorisation, c.RefuseAuthorisation
            return name, about, c.ConfirmAuthorisationEnd, c.RefuseAuthorisationEnd
        case Kind.CHANGE_PHONE | Kind.RESET_PASSWORD | Kind.CHECK_PASSWORD:
            about = {"member_id": subject, "number": payload["number"]}
            return f"visit:{request.request_no[2:]}", about, c.ConfirmVisit, c.RefuseVisit
        case Kind.ESTABLISH_PROJECT:
            name = f"project:{subject}:{payload['attempt']}"
            return name, {"loan_id": subject}, c.ConfirmProject, c.RefuseProject
        case Kind.OFFER_SHARE:
            name = f"offer:{subject}"
            return name, {"assignment_id": subject}, c.ConfirmOffer, c.RefuseOffer
        case Kind.STOP_WITHDRAWAL:
            name = f"stop:{request.request_no}"
            return name, {"entry_id": subject}, c.RefuseStop, c.RefuseStop
        case _:
            about = {"entry_id": subject}
            if ended.state is State.REFUSED:
                return f"reject:{subject}", about, c.SettleEntry, c.RejectEntry
            about["bank_date"] = ended.bank_date
            return f"settle:{subject}", about, c.SettleEntry, c.RejectEntry


def report_held(platform: str, withdrawal: Open) -> c.DecideWithdrawal:
    request = withdrawal.request
    return c.DecideWithdrawal(
        id=f"word:{request.subject}",
        platform=platform,
        actor=ACTOR,
        correlation_id=request.correlation or None,
        entry_id=request.subject,
    )


def report_return(platform: str, notice: Notice) -> c.RecordBankMovement:
    """退票: the money of a withdrawal is back. To the letter the command that the bank's files make
    (services.reconciliation.bank_facts), which may come first. Raises ValidationError for numbers
    that no bank record may have."""
    return c.RecordBankMovement.model_validate(
        {
            "id": f"bank:{notice.request_no}",
            "platform": platform,
            "actor": ACTOR,
            "bank_record": notice.request_no,
            "purpose": Purpose.RETURNED_WITHDRAWAL,
            "account": notice.account,
            "amount_fen": notice.amount_fen,
            "bank_date": notice.bank_date or notice.received_on,
            "origin": notice.withdrawal_request_no,
        }
    )


def report_authorised(
    platform: str, notice: Notice, told: Mapping[str, Any]
) -> c.RecordAuthorisation:
    """Raises ValueError for an account that is none of a member's, and for numbers that no bank
    record may have."""
    account = told["account"]
    return c.RecordAuthorisation.model_validate(
        {
            "id": f"authorised:{notice.request_no}",
            "platform": platform,
            "actor": ACTOR,
            "bank_record": notice.request_no,
            "member_id": owner_of(account),
            "role": role_of(account),
            "kind": Authorised(told["kind"]),
            "act": told["act"],
            "ends_on": told["ends_on"] and date.fromisoformat(told["ends_on"]),
            "limit_fen": told["limit_fen"],
        }
    )
