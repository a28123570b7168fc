"""A column of values as PostgreSQL's binary array: several times as quick as the driver's own way,
which asks for each element how to write it.

    cursor.execute("INSERT ... SELECT * FROM unnest(%b::bigint[], %b::text[])",
                   [array("bigint", ids), array("text", names)])

The statement must name the type of each parameter; NULLs are allowed in text alone.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format


@dataclass(frozen=True, slots=True)
class Array:
    """What stands for the column in a statement's parameters."""

    wire: bytes


def array(kind: str, values: Sequence[Any]) -> Array:
    """`kind`: bigint, bool, bytea or text. Raises KeyError for any other, struct.error or
    AttributeError for a value that is none of the kind."""
    oid, write = _KINDS[kind]
    has_null = int(None in values) if kind == "text" else 0
    return Array(_HEAD.pack(1, has_null, oid, len(values), 1) + write(values))


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Array) -> bytes:
        return obj.wire


psycopg.adapters.register_dumper(Array, _ArrayDumper)


_HEAD = struct.Struct("!5i")  # Dimensions, whether NULLs are in it, element type, length, origin.
_LENGTH = struct.Struct("!i")
_NULL = _LENGTH.pack(-1)


def _fixed(code: str) -> Callable[[Sequence[Any]], bytes]:
    width = struct.calcsize(f"!{code}")

    def write(values: Sequence[Any]) -> bytes:
        flat = chain.from_iterable(zip(repeat(width), values, strict=False))
        return struct.pack("!" + f"i{code}" * len(values), *flat)

    return write


def _bytes(values: Sequence[bytes]) -> bytes:
    pack = _LENGTH.pack
    return b"".join([piece for value in values for piece in (pack(len(value)), value)])


def _texts(values: Sequence[str | None]) -> bytes:
    if None not in values:
        return _bytes([value.encode() for value in values])  # type: ignore[union-attr]
    return b"".join([_NULL if value is None else _bytes([value.encode()]) for value in values])


_KINDS: dict[str, tuple[int, Callable[[Sequence[Any]], bytes]]] = {
    "bigint": (20, _fixed("q")),
    "bool": (16, _fixed("?")),
    "bytea": (17, _bytes),
    "text": (25, _texts),
}
