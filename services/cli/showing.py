"""Answers: JSON for machines, tables for people. Machines get fen, people get yuan."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from pydantic import BaseModel
from rich.console import Console, JustifyMethod
from rich.table import Table

from domain.model import State
from domain.money import yuan

_OF_FIGURES = frozenset("0123456789.,-+:")
_LEAST_WIDTH = 4  # Of what may be folded.
_BORDER_WIDTH = 3  # With the blanks beside each column.


def show_json(answer: object) -> None:
    """One line, in ASCII; whole numbers stay exact at any size."""
    print(json.dumps(plain(answer)), flush=True)


def plain(value: object) -> Any:
    """The same in words that JSON has: names of fields, ISO dates, decimals as text."""
    match value:
        case BaseModel():
            return value.model_dump(mode="json")
        case State():
            return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
        case msgspec.Struct():
            return msgspec.to_builtins(value, enc_hook=plain)
        case Mapping():
            return {str(plain(key)): plain(each) for key, each in value.items()}
        case date() | Decimal():
            return value.isoformat() if isinstance(value, date) else str(value)
        case AbstractSet():
            return sorted(map(plain, value))
        case tuple() if hasattr(value, "_asdict"):
            return plain(value._asdict())
        case list() | tuple():
            return [plain(each) for each in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
        case _:
            return value


def show_table(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Columns are named by the keys of the first row, without those that are empty in each; a
    `_fen` column is shown in yuan."""
    console = Console(markup=False, highlight=False)
    if not rows:
        console.print(f"{title}: none")
        return
    table = Table(title=title)
    keys = [key for key in rows[0] if any(row[key] is not None for row in rows)]
    whole = _whole(rows, keys, console.width)
    for key in keys:
        heading = "\n".join(_words(key)) if key in whole else " ".join(_words(key))
        justify: JustifyMethod = "right" if isinstance(rows[0][key], int) else "left"
        table.add_column(heading, justify=justify, overflow="fold", no_wrap=key in whole)
    for row in rows:
        table.add_row(*(_cell(key, row[key]) for key in keys))
    console.print(table)


def _words(key: str) -> list[str]:
    return key.removesuffix("_fen").split("_")


def _whole(rows: Sequence[Mapping[str, object]], keys: Sequence[str], width: int) -> set[str]:
    """Columns of days and figures, which are misread when cut in two; none where the table would
    be too narrow for them, and would leave some out."""
    cells = {key: [_cell(key, row[key]) for row in rows] for key in keys}
    whole = {key: found for key, found in cells.items() if _all_figures(found)}
    wide = sum(max(map(len, (*found, *_words(key)))) for key, found in whole.items())
    others = (len(cells) - len(whole)) * _LEAST_WIDTH
    return set(whole) if wide + others + len(cells) * _BORDER_WIDTH + 1 <= width else set()


def _all_figures(cells: Sequence[str]) -> bool:
    return any(cells) and all(set(cell) <= _OF_FIGURES for cell in cells)


def show_record(title: str, record: Mapping[str, object]) -> None:
    """One thing, a line for each of its fields."""
    table = Table(title=title, show_header=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for key, value in record.items():
        table.add_row(key.removesuffix("_fen").replace("_", " "), _cell(key, value))
    Console(markup=False, highlight=False).print(table)


def _cell(key: str, value: object) -> str:
    if isinstance(value, int) and key.endswith("_fen"):
        return yuan(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
