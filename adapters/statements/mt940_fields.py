"""The fields of SWIFT MT940 messages: a file cut into messages, a message into tags in their order.

A message is `:20:` ... `-`, bare, or in the blocks of a FIN message: `{1:...}{2:...}{4:` ... `-}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from adapters.statements.model import decoded, unreadable

# After each tag, those that may follow. `86.` is the information on the statement as a whole.
_BALANCED = frozenset({"61", "62F", "62M"})
_ENDING = frozenset({"64", "65", "86"})
_NEXT: Mapping[str, frozenset[str]] = {
    "": frozenset({"20"}),
    "20": frozenset({"21", "25", "25P"}),
    "21": frozenset({"25", "25P"}),
    "25": frozenset({"28C"}),
    "25P": frozenset({"28C"}),
    "28C": frozenset({"60F", "60M"}),
    "60F": _BALANCED,
    "60M": _BALANCED,
    "61": _BALANCED | {"86"},
    "86": _BALANCED,
    "62F": _ENDING,
    "62M": _ENDING,
    "64": frozenset({"65", "86"}),
    "65": frozenset({"65", "86"}),
    "86.": frozenset(),
}
_MAY_END = frozenset({"62F", "62M", "64", "65", "86."})
# How many lines a field may have, where it is more than one.
_LINES = {"25P": 2, "61": 2, "86": 6}
_LONGEST = len(":61:") + 66  # An entry with all its parts.

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TAG = re.compile(r":([0-9]{2}[A-Z]?):(.*)")
_BLOCKS = re.compile(r"\{1:[^{}]*\}(?:\{2:[IO]([0-9]{3})[^{}]*\})?(?:\{3:(?:\{[^{}]*\})*\})?\{4:")
_BLOCKS_END = re.compile(r"-\}(?:\{5:(?:\{[^{}]*\})*\})?")


@dataclass(slots=True)
class Field:
    """One tag with its lines. `line` is where in the file it begins."""

    tag: str
    line: int
    lines: list[str] = field(repr=False)

    @property
    def place(self) -> str:
        return f"line {self.line}, tag {self.tag.rstrip('.')}"


def messages_of(content: bytes, encoding: str) -> list[list[Field]]:
    """The messages, each with all its fields in an order that MT940 has. Raises
    StatementUnreadable."""
    text = decoded(content, encoding).replace("\r\n", "\n").removesuffix("\n")
    messages = list(_messages(text.split("\n")))
    if not messages:
        raise unreadable("line 1", "holds no message")
    return messages


def _messages(lines: list[str]) -> Iterator[list[Field]]:
    fields: list[Field] | None = None
    in_blocks = False
    for number, line in enumerate(lines, start=1):
        if _CONTROL.search(line):
            raise unreadable(f"line {number}", "holds a control character")
        if fields is None:
            if line == "":
                continue
            fields, in_blocks = [], not line.startswith(":")
            if in_blocks:
                _check_blocks(number, line)
                continue
        if (_BLOCKS_END.fullmatch(line) is not None) if in_blocks else (line == "-"):
            _check_end(number, fields)
            yield fields
            fields = None
        else:
            _take(number, line, fields)
    if fields is not None:
        raise unreadable(f"line {len(lines)}", "the message is cut off: its end is missing")


def _check_blocks(number: int, line: str) -> None:
    blocks = _BLOCKS.fullmatch(line)
    if blocks is None:
        raise unreadable(f"line {number}", "stands outside of a message")
    if blocks[1] not in (None, "940"):
        raise unreadable(f"line {number}", f"is an MT{blocks[1]}: MT940 is read")


def _take(number: int, line: str, fields: list[Field]) -> None:
    """Put a line where it belongs: it begins a field, or goes on with one."""
    if len(line) > _LONGEST:
        raise unreadable(f"line {number}", f"is longer than {_LONGEST} characters")
    before = fields[-1].tag if fields else ""
    if tag := _TAG.fullmatch(line):
        if tag[1] not in _NEXT[before]:
            known = tag[1] in _NEXT
            rule = (
                f"must not follow {before.rstrip('.')}"
                if known and before
                else "must not stand here"
            )
            raise unreadable(f"line {number}, tag {tag[1]}", rule)
        ends = tag[1] == "86" and before not in ("61", "86")
        fields.append(Field("86." if ends else tag[1], number, [tag[2]]))
        return
    if not fields or line == "" or line.startswith((":", "-")):
        raise unreadable(f"line {number}", "is neither a tag nor goes on with one")
    if len(fields[-1].lines) >= _LINES.get(before.rstrip("."), 1):
        raise unreadable(fields[-1].place, "has too many lines")
    fields[-1].lines.append(line)


def _check_end(number: int, fields: list[Field]) -> None:
    if not fields or fields[-1].tag not in _MAY_END:
        raise unreadable(f"line {number}", "the message ends before its closing balance")
