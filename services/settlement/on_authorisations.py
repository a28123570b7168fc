"""Commands about what a member authorises at the bank."""

from __future__ import annotations

from domain import authorisation
from domain import commands as c
from domain.authorisation import ROLE_OF, AuthorisationEvent
from domain.streams import member_stream
from services.settlement.desk import Desk


def request_authorisation(desk: Desk, command: c.RequestAuthorisation) -> None:
    member = desk.member(command.member_id)
    member.account(ROLE_OF[command.kind], "kind")
    wanted = authorisation.request(
        member.authorisations,
        command.member_id,
        command.kind,
        command.ends_on,
        command.limit_fen,
        desk.today,
    )
    _record(desk, wanted)


def cancel_authorisation(desk: Desk, command: c.CancelAuthorisation) -> None:
    member = desk.member(command.member_id)
    member.known()
    _record(desk, authorisation.cancel(member.authorisations, command.member_id, command.kind))


def answer(desk: Desk, command: c.ConfirmAuthorisation | c.RefuseAuthorisation) -> None:
    refused_code = command.bank_code if isinstance(command, c.RefuseAuthorisation) else None
    known = desk.member(command.member_id).authorisations
    _record(desk, authorisation.answer(known, command.member_id, command.number, refused_code))


def answer_cancellation(
    desk: Desk, command: c.ConfirmAuthorisationEnd | c.RefuseAuthorisationEnd
) -> None:
    refused_code = command.bank_code if isinstance(command, c.RefuseAuthorisationEnd) else None
    known = desk.member(command.member_id).authorisations
    _record(
        desk,
        authorisation.answer_cancellation(known, command.member_id, command.number, refused_code),
    )


def check(desk: Desk, member_id: str, kind: authorisation.Kind, amount_fen: int) -> None:
    """Before money of a member is moved without him at the bank's page."""
    authorisation.check(
        desk.member(member_id).authorisations,
        kind,
        amount_fen,
        desk.today,
        required=desk.platform.rules.authorisations_required,
    )


def _record(desk: Desk, event: AuthorisationEvent) -> None:
    desk.record(member_stream(event.member_id), event)
