"""The options that several commands share, each said once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from services.cli.failure import bad_input


def _told(what: str) -> Callable[[typer.CallbackParam, str], str]:
    def check(option: typer.CallbackParam, value: str) -> str:
        if not value.strip():
            raise bad_input(str(option.name), f"must say {what}")
        return value.strip()

    return check


AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="The data folder of the installation (ZHUANHU_DATA_DIR, else .data).",
    ),
]
Folders = Annotated[
    list[Path] | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="The data folder of an installation; may be given several times.",
    ),
]
Platform = Annotated[
    str | None,
    typer.Option("--platform", metavar="NAME", help="Default: the only one there is."),
]
By = Annotated[
    str, typer.Option("--by", metavar="NAME", help="Who decides; on record.", callback=_told("who"))
]
Reason = Annotated[
    str,
    typer.Option("--reason", metavar="TEXT", help="Why; on record.", callback=_told("why")),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE|POSITION",
        help="As it stood at the close of a business day, or after a position of the log.",
    ),
]
