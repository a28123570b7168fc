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
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table

from domain.model import State
from domain.money import yuan

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
    `_fen` column is shown in yuan. No word is cut in two: a table that is too wide loses its
    lines, and one that still is too wide is written as pairs of name and value."""
    console = Console(markup=False, highlight=False)
    if not rows:
        console.print(f"{title}: none")
        return
    keys = [key for key in rows[0] if any(row[key] is not None for row in rows)]
    cells = {key: [_cell(key, row[key]) for row in rows] for key in keys}
    table = Table(title=title)
    widths = _widths(cells, console.width - len(keys) * _BORDER_WIDTH - 1)
    if widths is None:
        table = Table(title=title, box=SIMPLE_HEAD, show_edge=False, padding=0)
        widths = _widths(cells, console.width - len(keys) + 1)
    if widths is None:
        _show_pairs(console, title, cells)
        return
    for key, width in widths.items():
        justify: JustifyMethod = "right" if isinstance(rows[0][key], int) else "left"
        table.add_column(_heading(key), justify=justify, overflow="fold", width=width)
    for row in zip(*cells.values(), strict=True):
        table.add_row(*row)
    console.print(table)


def _heading(key: str) -> str:
    return key.removesuffix("_fen").replace("_", " ")


def _widths(cells: Mapping[str, Sequence[str]], room: int) -> dict[str, int] | None:
    """Of each column at least its longest word; what room is left goes to those that want least
    of it. None where there is no room for every word."""
    texts = {key: (_heading(key), *found) for key, found in cells.items()}
    widths = {
        key: max(cell_len(word) for text in found for word in text.split() or [""])
        for key, found in texts.items()
    }
    left = room - sum(widths.values())
    if left < 0:
        return None
    wanted = {key: max(map(cell_len, found)) - widths[key] for key, found in texts.items()}
    for key in sorted(wanted, key=wanted.__getitem__):
        given = min(wanted[key], left)
        widths[key] += given
        left -= given
    return widths


def _show_pairs(console: Console, title: str, cells: Mapping[str, Sequence[str]]) -> None:
    """A paragraph for each row, of what it has."""
    console.print(title)
    for row in zip(*cells.values(), strict=True):
        line = ""
        for key, cell in zip(cells, row, strict=True):
            pair = f"  {_heading(key)}: {cell}" if cell else ""
            if line.strip() and cell_len(line + pair) > console.width:
                console.print(line, soft_wrap=True)
                line = "  "
            line += pair
        console.print(line, soft_wrap=True)


def show_record(title: str, record: Mapping[str, object]) -> None:
    """One thing, a line for each of its fields."""
    table = Table(title=title, show_header=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for key, value in record.items():
        table.add_row(_heading(key), _cell(key, value))
    Console(markup=False, highlight=False).print(table)


def _cell(key: str, value: object) -> str:
    if isinstance(value, int) and key.endswith("_fen"):
        return yuan(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
