"""Records of fixed width in GBK, read from bytes and written back to the same bytes.

Offsets count bytes, so a character of two bytes may end a column or begin one, but never lie across
its border. Each record ends its line. What the published layout leaves open is chosen here: texts
are filled up with spaces on the right, amounts with zeros on the left, and a column that is filled
up in another way is refused, for it could not be written back as it came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from domain.bank_statement import StatementUnreadable

ENCODING = "gbk"

RecordT = TypeVar("RecordT")


class BadColumn(ValueError):
    """A value that its column cannot hold. Names column and rule, never the value."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a column's text becomes a value, and back. `pattern` is what the text must match."""

    pattern: re.Pattern[str]
    rule: str
    read: Callable[[str], Any]
    write: Callable[[Any, int], str]


@dataclass(frozen=True, slots=True)
class Column:
    """The bytes from `start` up to `end`, and the field of the record that holds them."""

    name: str
    field: str
    start: int
    end: int
    kind: Kind

    @property
    def width(self) -> int:
        return self.end - self.start


def _padded(value: str, width: int) -> str:
    return value + " " * (width - len(value.encode(ENCODING)))


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


TEXT = Kind(
    re.compile(r"[^\x00-\x1f\x7f]*"),
    "must hold no control character",
    lambda text: text.rstrip(" "),
    _padded,
)
FEN = Kind(
    re.compile(r"[0-9]+", re.ASCII),
    "must be digits, with zeros on the left",
    int,
    lambda fen, width: f"{fen:0{width}d}",
)
DAY = Kind(
    re.compile(r"[0-9]{8}", re.ASCII),
    "must be a date yyyyMMdd",
    _day,
    lambda day, _width: day.isoformat().replace("-", ""),
)


def choice(characters: str) -> Kind:
    """One of these characters; a space is a text of none."""
    shown = " or ".join("a space" if each == " " else each for each in characters)
    return Kind(re.compile(f"[{characters}]"), f"must be {shown}", str.strip, _padded)


def digits(pattern: str, rule: str) -> Kind:
    return Kind(re.compile(pattern, re.ASCII), rule, str, _padded)


class FixedWidth(Generic[RecordT]):
    """A file of records of one kind. The columns cover every byte of it, in order."""

    def __init__(
        self, record: type[RecordT], columns: Sequence[Column], newline: bytes = b"\n"
    ) -> None:
        self._record = record
        self._columns = columns
        self._newline = newline
        self._width = columns[-1].end

    def read(self, content: bytes) -> tuple[RecordT, ...]:
        """The records of a file; none, of an empty one. Raises StatementUnreadable, naming line,
        bytes, column and rule."""
        if not content:
            return ()
        if not content.endswith(self._newline):
            raise StatementUnreadable("the last line is cut off")
        raw_lines = content[: -len(self._newline)].split(self._newline)
        seen: dict[bytes, int] = {}
        for number, raw in enumerate(raw_lines, start=1):
            if len(raw) != self._width:
                raise StatementUnreadable(
                    f"line {number}: must have {self._width} bytes, and has {len(raw)}"
                )
            if seen.setdefault(raw, number) != number:
                raise StatementUnreadable(f"line {number}: is line {seen[raw]} once more")
        return tuple(self._parsed(number, raw) for number, raw in enumerate(raw_lines, start=1))

    def write(self, records: Iterable[RecordT]) -> bytes:
        """Raises BadColumn for a value that would not be read back."""
        return b"".join(self._written(each) + self._newline for each in records)

    def _parsed(self, number: int, raw: bytes) -> RecordT:
        values = {}
        for column in self._columns:
            try:
                values[column.field] = _value(column, raw[column.start : column.end])
            except BadColumn as error:
                place = f"line {number}, bytes {column.start} to {column.end}"
                raise StatementUnreadable(f"{place}, {error}") from None
        return self._record(**values)

    def _written(self, record: RecordT) -> bytes:
        return b"".join(_bytes(column, getattr(record, column.field)) for column in self._columns)


def _value(column: Column, raw: bytes) -> Any:
    try:
        text = raw.decode(ENCODING)
    except UnicodeDecodeError:
        raise BadColumn(
            f"{column.name}: is not {ENCODING}, or a character lies across its border"
        ) from None
    if column.kind.pattern.fullmatch(text) is None:
        raise BadColumn(f"{column.name}: {column.kind.rule}")
    try:
        return column.kind.read(text)
    except ValueError:
        raise BadColumn(f"{column.name}: {column.kind.rule}") from None


def _bytes(column: Column, value: Any) -> bytes:
    try:
        raw = column.kind.write(value, column.width).encode(ENCODING)
    except UnicodeEncodeError:
        raise BadColumn(f"{column.name}: holds a character that {ENCODING} does not have") from None
    if len(raw) != column.width:
        raise BadColumn(f"{column.name}: must fit into {column.width} bytes of {ENCODING}")
    if _value(column, raw) != value:
        raise BadColumn(f"{column.name}: would not be read back as it is")
    return raw
