"""Commands from a file, one JSON object a line. One malformed line, and none is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from pydantic import ValidationError

from domain.commands import COMMANDS, FROM_OUTSIDE, NOT_FROM_OUTSIDE, Command
from domain.complaint import MUST_BE_A_COMMAND, complaint
from services.cli.failure import CliError
from services.cli.reading import read_text

HINT = "nothing was sent; zhuanhu commands --json gives every command's schema and an example"


def read_commands(file: str) -> list[Command]:
    """All commands of the file, or of standard input for `-`. Raises CliError that names the line,
    the field and the rule, and never a value: it may be personal."""
    commands = [_command(number, line) for number, line in _lines(read_text(file))]
    if not commands:
        raise CliError("bad_input", "file: holds no command", "file", HINT)
    return commands


def read_command_line(message: bytes) -> Command:
    """One command from outside. Raises CliError as read_commands does."""
    return _command(1, message.decode(errors="replace"))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if line.strip():
            yield number, line


def _command(number: int, line: str) -> Command:
    try:
        parsed = json.loads(line, object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise _bad(number, None, f"must be JSON: {said}") from None
    if not isinstance(parsed, dict):
        raise _bad(number, None, "must be a JSON object")
    name = parsed.get("type")
    if not isinstance(name, str) or name not in COMMANDS:
        raise _bad(number, "type", MUST_BE_A_COMMAND)
    if name not in FROM_OUTSIDE:
        raise _bad(number, "type", f"{name} {NOT_FROM_OUTSIDE}")
    try:
        return FROM_OUTSIDE[name].model_validate_json(line)
    except ValidationError as error:
        field, rule = complaint(error)
        raise _bad(number, field or None, rule) from None


def _bad(number: int, field: str | None, rule: str) -> CliError:
    place = f"line {number}" if field is None else f"line {number}: {field}"
    return CliError("bad_command", f"{place}: {rule}", field, HINT)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return made


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")
