"""Commands from a file, one JSON object a line. One malformed line, and none is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from pydantic import ValidationError

from adapters.signing import NOT_YET
from domain.commands import COMMANDS, FROM_OUTSIDE, NOT_FROM_OUTSIDE, Command
from domain.complaint import MUST_BE_A_COMMAND, complaint
from domain.operators import Part
from services.cli.failure import CliError
from services.cli.reading import read_text

HINT = "nothing was sent; zhuanhu commands --json gives every command's schema and an example"


class Unsigned(NamedTuple):
    number: int  # Of the line.
    said: dict[str, Any]  # What stands there.
    command: Command


def read_commands(file: str) -> list[Command]:
    """All commands of the file, or of standard input for `-`. Raises CliError that names the line,
    the field and the rule, and never a value: it may be personal."""
    commands = [_command(number, line) for number, line in _lines(read_text(file))]
    if not commands:
        raise CliError("bad_input", "file: holds no command", "file", HINT)
    return commands


def read_command_line(message: bytes) -> Command:
    """One command from outside. Raises CliError as read_commands does."""
    try:
        return _command(1, message.decode())
    except UnicodeDecodeError:  # To guess what was meant would be another command.
        raise _bad(1, None, "must be JSON in UTF-8") from None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if line.strip():
            yield number, line


def read_unsigned(file: str) -> list[Unsigned]:
    """The commands of a file that two people sign, whether one has signed or none. Raises CliError
    as read_commands does."""
    unsigned = [_unsigned(number, line) for number, line in _lines(read_text(file))]
    if not unsigned:
        raise CliError("bad_input", "file: holds no command", "file", HINT)
    return unsigned


def standing_in(kind: type[Command], said: Mapping[str, Any]) -> Command:
    """The command, with something in the place of a signature that is not there yet. Raises
    ValidationError."""
    signed = {name: each for name, each in said.items() if each is not None}
    return kind.model_validate_json(json.dumps(dict.fromkeys(Part, NOT_YET.model_dump()) | signed))


def _unsigned(number: int, line: str) -> Unsigned:
    said = _said(number, line)
    kind = FROM_OUTSIDE[said["type"]]
    if Part.MAKER not in kind.model_fields:
        raise _bad(number, "type", f"{said['type']} is not signed by two people")
    try:
        return Unsigned(number, said, standing_in(kind, said))
    except ValidationError as error:
        raise _broken(number, error) from None


def _command(number: int, line: str) -> Command:
    said = _said(number, line)
    try:
        return FROM_OUTSIDE[said["type"]].model_validate_json(line)
    except ValidationError as error:
        raise _broken(number, error) from None


def _said(number: int, line: str) -> dict[str, Any]:
    """A JSON object whose type is a command's that may come from outside."""
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
    return parsed


def _broken(number: int, error: ValidationError) -> CliError:
    field, rule = complaint(error)
    return _bad(number, field or None, rule)


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
