"""Columns written by us are what PostgreSQL reads."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from infra.arrays import array
from infra.postgres import connect


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint", [0, -1, 2**63 - 1, -(2**63)]),
        ("bool", [True, False]),
        ("bytea", [b"", b'\x00\\"{},\xff', b"x" * 70_000]),
        ("text", ["", "风险准备金", 'a"b\\c{},NULL']),
        ("text", ["first", None, "last"]),
    ],
)
def test_a_column_arrives_as_it_was(database: str, kind: str, values: list[Any]) -> None:
    with connect(database) as connection:
        query = f"SELECT * FROM unnest(%b::{kind}[])".encode()
        rows = connection.execute(query, [array(kind, values)], binary=True).fetchall()
    assert [value for (value,) in rows] == values


def test_a_value_of_another_kind_is_an_error_and_not_a_row(database: str) -> None:
    with connect(database) as connection, pytest.raises(psycopg.errors.DatatypeMismatch):
        connection.execute("SELECT unnest(%b::bigint[])", [array("text", ["1"])])
