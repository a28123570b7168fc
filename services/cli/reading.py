"""What people and machines hand to a command, read strictly: figures on options, JSON from a file.

Refused with the field and the rule: what is not JSON, a key that stands twice, unknown and missing
keys, and for figures a fraction, an exponent, NaN, a boolean or text.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from services.cli.errors import CliError, bad_input

MAX_FEN = 10**18
MAX_INPUT_BYTES = 64 * 1024 * 1024

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


_NOT_TYPED = ("constrained-int", "constrained-str", "[key]")  # Pydantic's words, not the sender's.


class JsonObject(dict[str, Any]):
    """An object that remembers the first key that stood twice in it."""

    repeated: str | None = None


class Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _no_key_twice(cls, value: object) -> object:
        if isinstance(value, JsonObject) and value.repeated is not None:
            raise ValueError(f"the key {value.repeated!r} stands twice")
        return value


InputT = TypeVar("InputT", bound=Input)


def _calendar_day(value: object) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        return date.fromisoformat(value)
    raise ValueError("must be a date like 2024-03-15")


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must hold printable characters only")
    return value


WholeIn = Annotated[int, Field(ge=0, le=MAX_FEN)]
Day = Annotated[date, BeforeValidator(_calendar_day)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]


def whole(text: str, field: str, *, at_most: int = MAX_FEN) -> int:
    """A whole number from 0, in plain digits."""
    if not re.fullmatch(r"[0-9]{1,19}", text) or int(text) > at_most:
        raise bad_input(field, f"must be a whole number in digits from 0 to {at_most}")
    return int(text)


def calendar_day(text: str, field: str) -> date:
    try:
        return _calendar_day(text)
    except ValueError:
        raise bad_input(field, "must be a date like 2024-03-15") from None


def read_input(file: str, shape: type[InputT]) -> InputT:
    """The JSON of a file, or of standard input for `-`, in the given shape."""
    parsed = _json(read_text(file))
    try:
        return shape.model_validate(parsed)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise bad_input(_place(first["loc"]), first["msg"].removeprefix("Value error, ")) from None


def read_text(file: str) -> str:
    """The UTF-8 text of a file, or of standard input for `-`."""
    raw = read_bytes(file)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise bad_input("file", f"must be UTF-8, and is not at byte {error.start}") from None


def read_bytes(file: str) -> bytes:
    """What a file holds, or standard input for `-`."""
    if file == "-" and sys.stdin is None:
        raise CliError("unreadable_file", "file: standard input is closed", "file")
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(MAX_INPUT_BYTES + 1)
        else:
            with Path(file).open("rb") as stream:
                raw = stream.read(MAX_INPUT_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise CliError("unreadable_file", f"file: cannot be read: {reason}", "file") from None
    if len(raw) > MAX_INPUT_BYTES:
        raise bad_input("file", f"must not be larger than {MAX_INPUT_BYTES} bytes")
    return raw


def _json(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise bad_input("file", f"must be JSON: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    made = JsonObject(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        made.repeated = next(key for place, key in enumerate(keys) if key in keys[:place])
    return made


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


def _place(location: tuple[int | str, ...]) -> str:
    steps = [step for step in location if step not in _NOT_TYPED]
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return place.strip(".") or "file"
