"""Answers: JSON for machines, tables for people. Machines get fen, people get yuan."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from domain.money import yuan


def show_json(answer: object) -> None:
    """One line, in ASCII; whole numbers stay exact at any size."""
    print(json.dumps(answer))


def show_table(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Columns are named by the keys of the first row; a `_fen` column is shown in yuan."""
    console = Console(markup=False, highlight=False)
    if not rows:
        console.print(f"{title}: none")
        return
    table = Table(title=title)
    for key in rows[0]:
        heading = key.removesuffix("_fen").replace("_", " ")
        table.add_column(heading, justify="right" if isinstance(rows[0][key], int) else "left")
    for row in rows:
        table.add_row(*(_cell(key, value) for key, value in row.items()))
    console.print(table)


def _cell(key: str, value: object) -> str:
    if isinstance(value, int) and key.endswith("_fen"):
        return yuan(value)
    return str(value)
