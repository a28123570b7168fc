"""Rows as CSV and Parquet, and charts: read back by somebody else, and the same each time."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from arro3.io import read_parquet
from lxml import etree

from adapters.charts import Series, bars, lines
from adapters.table_files import csv_bytes, parquet_bytes


@dataclass(frozen=True)
class Row:
    name: str
    amount_fen: int
    to_days: int | None
    on: date
    until: date | None


ROWS = (
    Row('a "b", c\nd', 2**62, None, date(2024, 2, 29), None),
    Row("逾期", -1, 7, date(1969, 12, 31), date(2024, 1, 1)),
)


def test_csv_is_read_back() -> None:
    read = list(csv.DictReader(io.StringIO(csv_bytes(Row, ROWS).decode(), newline="")))
    assert [line["name"] for line in read] == ['a "b", c\nd', "逾期"]
    assert [line["amount_fen"] for line in read] == [str(2**62), "-1"]
    assert [line["to_days"] for line in read] == ["", "7"]
    assert csv_bytes(Row, ()) == b"name,amount_fen,to_days,on,until\r\n"


@pytest.mark.parametrize("rows", [ROWS, (), ROWS[:1]])
def test_parquet_is_read_back_with_its_types(rows: Sequence[Row]) -> None:
    table = read_parquet(io.BytesIO(parquet_bytes(Row, rows))).read_all()
    schema: Any = table.schema
    assert [(field.name, str(field.type).split()[-1]) for field in schema] == [
        ("name", "arro3.core.DataType<Utf8>"),
        ("amount_fen", "arro3.core.DataType<Int64>"),
        ("to_days", "arro3.core.DataType<Int64>"),
        ("on", "arro3.core.DataType<Date32>"),
        ("until", "arro3.core.DataType<Date32>"),
    ]
    for name in table.column_names:
        column: Any = table.column(name)
        assert column.to_pylist() == [getattr(row, name) for row in rows]


def test_the_same_rows_give_the_same_bytes() -> None:
    assert parquet_bytes(Row, ROWS) == parquet_bytes(Row, ROWS)
    assert drawn({"x": [1.0, None]}) == drawn({"x": [1.0, None]})


def drawn(series: Series) -> bytes:
    return lines("a <b> & c", ["1", "2"], series)


@pytest.mark.parametrize("series", [{}, {"x": [1.0, 2.0]}, {"x": [None, None], "逾期": [0.0, 1.5]}])
def test_a_chart_is_svg_without_scripts_dates_and_addresses_to_load(
    series: dict[str, list[float | None]],
) -> None:
    for svg in (drawn(series), bars("t", ["1", "2"], series, stacked=True)):
        tree = etree.fromstring(svg)
        assert tree.tag == "{http://www.w3.org/2000/svg}svg"
        assert not tree.xpath("//comment() | //*[local-name() = 'script'] | //@src | //@href")
        text = "".join(tree.itertext())
        assert all(name in text for name in series)
