"""The command `zhuanhu`: the table of contents of its commands."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

from services.cli import calculators
from services.cli.errors import run

app = typer.Typer(
    name="zhuanhu",
    help="Settlement backend for online lending: bank custody, risk reserve, exact to the fen.",
    no_args_is_help=True,
    add_completion=False,
)
app.add_typer(calculators.app)


def main() -> NoReturn:
    sys.exit(run(app, sys.argv[1:]))


if __name__ == "__main__":
    main()
