"""Commands about what a member does at the bank's page about his phone and his password."""

from __future__ import annotations

from domain import commands as c
from domain import visit
from domain.card_guard import Act
from domain.streams import member_stream
from domain.visit import Errand, VisitRequested
from services.settlement import on_cards
from services.settlement.desk import Desk

_ERRANDS: dict[type[c.AboutPassword], Errand] = {
    c.ResetPassword: Errand.RESET_PASSWORD,
    c.CheckPassword: Errand.CHECK_PASSWORD,
}


def change_phone(desk: Desk, command: c.ChangePhone) -> None:
    desk.member(command.member_id).account(command.role)
    on_cards.make_sure(desk, command, Act.CHANGE_PHONE, None)
    number = _next(desk, command.member_id)
    ref = f"phone-{command.member_id}.{number}"  # Ids may hold dashes, never dots.
    _visit(
        desk,
        command.member_id,
        VisitRequested(
            member_id=command.member_id,
            number=number,
            errand=Errand.CHANGE_PHONE,
            role=command.role,
            phone_ref=ref,
        ),
    )
    desk.put_away(ref, {"phone": command.phone})


def about_password(desk: Desk, command: c.AboutPassword) -> None:
    desk.member(command.member_id).account(command.role)
    _visit(
        desk,
        command.member_id,
        VisitRequested(
            member_id=command.member_id,
            number=_next(desk, command.member_id),
            errand=_ERRANDS[type(command)],
            role=command.role,
            phone_ref=None,
        ),
    )


def end_visit(desk: Desk, command: c.ConfirmVisit | c.RefuseVisit) -> None:
    failed_code = command.bank_code if isinstance(command, c.RefuseVisit) else None
    visits = desk.member(command.member_id).visits
    _visit(
        desk, command.member_id, visit.end(visits, command.member_id, command.number, failed_code)
    )


def _next(desk: Desk, member_id: str) -> int:
    return desk.member(member_id).visits.asked + 1


def _visit(desk: Desk, member_id: str, event: visit.VisitEvent) -> None:
    desk.record(member_stream(member_id), event)
