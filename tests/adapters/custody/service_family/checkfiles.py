"""Builds a day's zip as the bank would, and spoils it where a test says so."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from adapters.custody.service_family.checkfile import LAYOUTS
from tests.adapters.custody.service_family.scenes import PLATFORM_NO

Files = dict[str, str]


def name(kind: str, day: str = "20180105") -> str:
    return f"{day}_{PLATFORM_NO}_{kind}.txt"


def empty_day() -> Files:
    return {name(kind): ",".join(columns) + "\n" for kind, columns in LAYOUTS.items()}


def line(kind: str, **cells: str) -> str:
    """One line with these cells by their Chinese column; the usual ones are filled in."""
    columns = LAYOUTS[kind]
    usual = {"平台商编": PLATFORM_NO, "币种": "CNY"}
    usual |= {column: "20180105120000" for column in columns if column.endswith("时间")}
    unknown = set(cells) - set(columns)
    if unknown:
        raise KeyError(f"{kind} has no column {unknown}")
    return ",".join((usual | cells).get(column, "") for column in columns) + "\n"


def archive(files: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for each, content in files.items():
            zipped.writestr(each, content)
    return buffer.getvalue()
