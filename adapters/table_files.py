"""Rows of a dataclass as files for other programs: CSV (UTF-8, RFC 4180) and Parquet. The same rows
give the same bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, fields
from datetime import date
from types import NoneType
from typing import Any, get_args, get_type_hints

_EPOCH = date(1970, 1, 1)


def csv_bytes(row: type[Any], rows: Sequence[Any]) -> bytes:
    """With a header, also where there are no rows; nothing known is an empty field."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(each.name for each in fields(row))
    writer.writerows(map(astuple, rows))
    return text.getvalue().encode()


def parquet_bytes(row: type[Any], rows: Sequence[Any]) -> bytes:
    """Whole numbers are int64, days date32, all else text."""
    from arro3.core import Table  # noqa: PLC0415 - a tenth of a second, for this alone.
    from arro3.io import write_parquet  # noqa: PLC0415

    hints = get_type_hints(row)
    columns: dict[str, Any] = {
        each.name: _column(hints[each.name], [getattr(line, each.name) for line in rows])
        for each in fields(row)
    }
    file = io.BytesIO()
    write_parquet(Table.from_pydict(columns), file)
    return file.getvalue()


def _column(hint: Any, values: Sequence[Any]) -> Any:
    from arro3.core import Array, DataType  # noqa: PLC0415

    kind = next((each for each in get_args(hint) if each is not NoneType), hint)
    if kind is date:
        days = [None if value is None else (value - _EPOCH).days for value in values]
        return Array(days, DataType.int32()).cast(DataType.date32())
    return Array(values, DataType.int64() if kind is int else DataType.string())
