"""Commands about what a member authorises at the bank."""

from __future__ import annotations

from domain import authorisation, authorised_use
from domain import commands as c
from domain.accounts import Role
from domain.authorisation import AuthorisationEvent, whose
from domain.streams import member_stream
from services.settlement.desk import Desk


def request_authorisation(desk: Desk, command: c.RequestAuthorisation) -> None:
    member = desk.member(command.member_id)
    member.account(whose(command.kind, command.role), "kind")
    wanted = authorisation.request(
        member.authorisations,
        command.member_id,
        command.kind,
        command.ends_on,
        command.limit_fen,
        desk.today,
        command.role,
    )
    _record(desk, command.member_id, wanted)


def cancel_authorisation(desk: Desk, command: c.CancelAuthorisation) -> None:
    member = desk.member(command.member_id)
    member.known()
    ending = authorisation.cancel(
        member.authorisations, command.member_id, command.kind, command.role
    )
    _record(desk, command.member_id, ending)


def answer(desk: Desk, command: c.ConfirmAuthorisation | c.RefuseAuthorisation) -> None:
    refused_code = command.bank_code if isinstance(command, c.RefuseAuthorisation) else None
    known = desk.member(command.member_id).authorisations
    answered = authorisation.answer(known, command.member_id, command.number, refused_code)
    _record(desk, command.member_id, answered)


def answer_cancellation(
    desk: Desk, command: c.ConfirmAuthorisationEnd | c.RefuseAuthorisationEnd
) -> None:
    refused_code = command.bank_code if isinstance(command, c.RefuseAuthorisationEnd) else None
    known = desk.member(command.member_id).authorisations
    answered = authorisation.answer_cancellation(
        known, command.member_id, command.number, refused_code
    )
    _record(desk, command.member_id, *answered)


def record_authorisation(desk: Desk, command: c.RecordAuthorisation) -> None:
    member = desk.member(command.member_id)
    member.known()
    terms = None
    if command.ends_on is not None and command.limit_fen is not None:
        terms = command.ends_on, command.limit_fen
    told = authorisation.told(
        member.authorisations, command.member_id, command.kind, command.role, command.act, terms
    )
    _record(desk, command.member_id, *told)


def check(desk: Desk, member_id: str, kind: authorisation.Kind, amount_fen: int) -> None:
    """Before money of a member is moved as the platform was ever allowed to move it: for tenders,
    repayments, assignments and advances."""
    rules = desk.platform.rules
    _check(desk, member_id, kind, amount_fen, None, required=rules.authorisations_required)


def check_cash(
    desk: Desk, member_id: str, kind: authorisation.Kind, amount_fen: int, role: Role
) -> None:
    """Before his money comes or goes without him: nobody is taken to have allowed that
    elsewhere."""
    _check(desk, member_id, kind, amount_fen, role, required=True)


def _check(
    desk: Desk,
    member_id: str,
    kind: authorisation.Kind,
    amount_fen: int,
    role: Role | None,
    *,
    required: bool,
) -> None:
    known = desk.member(member_id).authorisations
    authorised_use.check(known, kind, amount_fen, desk.today, required=required, role=role)


def _record(desk: Desk, member_id: str, *events: AuthorisationEvent) -> None:
    desk.record(member_stream(member_id), *events)
