"""What the bank gives of a day that is over: the services of /download."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from services.sandbox_bank import files, queries, tampering
from services.sandbox_bank.book import Book
from services.sandbox_bank.camt053 import camt053
from services.sandbox_bank.errors import Refused
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.mt940 import mt940
from services.sandbox_bank.statements import account_days

_CAMT053 = "camt.053.001."
_FORMATS = frozenset({f"{_CAMT053}02", f"{_CAMT053}08", "MT940"})


@dataclass(frozen=True, slots=True)
class Download:
    data: bytes
    media_type: str


def find_day(book: Book, fields: Fields) -> date | Refused:
    """The day whose files are given for the fileDate that is asked for. Reads the tables."""
    try:
        return tampering.decide(book, queries.ended_day(book, fields))
    except Refused as refused:
        return refused


def _check_files(url: str, platform_no: str, day: date, _fields: Fields) -> Download:
    return Download(files.archive(url, platform_no, day), "application/zip")


def _statement(url: str, _platform_no: str, day: date, fields: Fields) -> Download:
    form = fields.choice("statementFormat", _FORMATS)
    accounts = account_days(url, day)
    if form == "MT940":
        return Download(mt940(accounts, day), "text/plain; charset=utf-8")
    return Download(camt053(accounts, day, form.removeprefix(_CAMT053)), "application/xml")


SERVICES: Mapping[str, Callable[[str, str, date, Fields], Download]] = {
    "DOWNLOAD_CHECKFILE": _check_files,
    "DOWNLOAD_STATEMENT": _statement,
}
