"""What is wrong with a message, as its sender is told: the field and the rule, never the value."""

from __future__ import annotations

import re
from typing import NamedTuple

from pydantic import ValidationError

TEXT_MAX = 200
MUST_BE_A_COMMAND = "must name a command: see zhuanhu commands"
_TAGS = {"union_tag_invalid", "union_tag_not_found"}  # Commands alone are told apart by a tag.
_NAME = re.compile(r"[A-Za-z_]{1,40}")
_MEMBER = re.compile(r"<\w+\.\w+: '([^']*)'>")  # <Role.INVESTOR: 'investor'>


class Complaint(NamedTuple):
    field: str  # Dotted; empty where it is the message as a whole.
    rule: str

    def __str__(self) -> str:
        return f"{self.field}: {self.rule}" if self.field else self.rule


def complaint(error: ValidationError) -> Complaint:
    """The first of what pydantic found. The value may be personal, and is not told."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] in _TAGS:
        return Complaint("type", MUST_BE_A_COMMAND)
    rule = _MEMBER.sub(r"'\1'", first["msg"].removeprefix("Value error, "))
    return Complaint(_line(".".join(map(_step, first["loc"]))), _line(rule))


def _step(step: int | str) -> str:
    """A name that is none of ours may be anything, a person's too; then it is not told."""
    return str(step) if isinstance(step, int) or _NAME.fullmatch(step) else "?"


def _line(text: str) -> str:
    """Names that the sender made up may stand in it, of any length and of any characters."""
    return "".join(each if each.isprintable() else "?" for each in text[:TEXT_MAX])
