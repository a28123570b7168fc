"""The options that several commands share, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE|POSITION",
        help="As it stood at the close of a business day, or after a position of the log.",
    ),
]
