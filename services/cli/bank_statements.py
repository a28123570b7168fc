"""`zhuanhu bank-statement show`: a bank's file, read as strictly as it would be taken in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from pathlib import PurePath
from typing import Annotated

import typer

from adapters.custody.batch_family.aleve import aleve_statement, read_aleve
from adapters.custody.batch_family.eve import eve_statement, read_eve
from adapters.custody.batch_family.file_choices import FileChoices
from adapters.statements.camt053 import read_camt053
from adapters.statements.model import Statement
from adapters.statements.mt940 import read_mt940
from services.cli.failure import CliError, bad_input
from services.cli.looking import day as read_day
from services.cli.looking import show
from services.cli.options import AsJson
from services.cli.reading import read_bytes
from services.cli.showing import plain, show_json

app = typer.Typer()
statement_app = typer.Typer(help="Files that a bank gives.", no_args_is_help=True)
app.add_typer(statement_app, name="bank-statement")


class Format(StrEnum):
    CAMT053 = "camt053"
    MT940 = "mt940"
    ALEVE = "aleve"
    EVE = "eve"


class Flag(StrEnum):
    C = "C"
    D = "D"


class Encoding(StrEnum):
    UTF_8 = "utf-8"
    GBK = "gbk"


_NAMES = {Format.ALEVE: re.compile(r"-ALEVE"), Format.EVE: re.compile(r"-EVE")}
_DAY_IN_NAME = re.compile(r"-([0-9]{4})([0-9]{2})([0-9]{2})$")
_BEGINNINGS = {Format.CAMT053: re.compile(rb"\s*<"), Format.MT940: re.compile(rb"\s*(:20:|\{1:)")}


@statement_app.command("show")
def show_command(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The bank's file, or - for standard input.")
    ],
    form: Annotated[
        Format | None,
        typer.Option("--format", help="Default: told from the file's name and beginning."),
    ] = None,
    currency: Annotated[
        list[str] | None,
        typer.Option(
            "--currency", metavar="CODE", help="Allowed in camt.053 and MT940; default CNY."
        ),
    ] = None,
    encoding: Annotated[
        Encoding, typer.Option("--encoding", help="Of an MT940 file.")
    ] = Encoding.UTF_8,
    money_in: Annotated[
        Flag, typer.Option("--money-in", help="ALEVE and EVE: the CRFLAG of what an account gains.")
    ] = Flag.D,
    on: Annotated[
        str | None,
        typer.Option("--day", metavar="DATE", help="Of an EVE file; default: from its name."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Lines and balances of a bank's file: camt.053 (.02, .08), MT940, ALEVE or EVE. A file that is
    cut off, mis-encoded, doubled or invalid is refused whole, with place and reason (exit 2). What
    is shown may be personal data, which a refusal never is.

    Example: zhuanhu bank-statement show statement.xml --json
    """
    content = read_bytes(file)
    name = PurePath(file).name
    form = form or _format(name, content)
    allowed = frozenset(currency or ["CNY"])
    choices = FileChoices(money_in="C" if money_in is Flag.C else "D")
    readers: dict[Format, Callable[[], tuple[Statement, ...]]] = {
        Format.CAMT053: lambda: read_camt053(content, allowed),
        Format.MT940: lambda: read_mt940(content, allowed, encoding),
        Format.ALEVE: lambda: (aleve_statement(name, read_aleve(content, choices), choices),),
        Format.EVE: lambda: (
            eve_statement(name, _day(name, on), read_eve(content, choices), choices),
        ),
    }
    statements = readers[form]()
    if as_json:
        show_json({"format": form, "statements": statements})
        return
    for each in map(plain, statements):
        show(f"statement {each['id']}", each, as_json)


def _format(name: str, content: bytes) -> Format:
    for form, pattern in _NAMES.items():
        if pattern.search(name):
            return form
    for form, beginning in _BEGINNINGS.items():
        if beginning.match(content.removeprefix(b"\xef\xbb\xbf")):
            return form
    raise CliError(
        "bad_input",
        "file: its format is not told by its name or its beginning",
        "file",
        "name it with --format",
    )


def _day(name: str, on: str | None) -> date:
    if on is not None:
        return read_day(on, "day")
    found = _DAY_IN_NAME.search(name)
    if found is None:
        raise bad_input("day", "must be given where the file's name does not end with it")
    return read_day("-".join(found.groups()), "day")
