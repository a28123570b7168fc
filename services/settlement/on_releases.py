"""Releases (解冻) that the bank refused, asked for again: by the day end, and by people."""

from __future__ import annotations

from domain import commands as c
from domain import release
from services.settlement.desk import Desk


def ask_release_again(desk: Desk, command: c.AskReleaseAgain | c.AskReleaseTonight) -> None:
    following = desk.entry(release.following_id(command.entry_id))
    desk.post(release.ask_again(desk.entry(command.entry_id), following))
