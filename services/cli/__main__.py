"""The command `zhuanhu`: the table of contents of its commands."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

from infra import logs
from infra.settings import LogLevel
from services.cli import (
    bank_statements,
    blacklist,
    calculators,
    cases,
    catch_up,
    commands_list,
    day_work,
    disclosure,
    doctor,
    kafka,
    loan_views,
    operators,
    overdue,
    parked,
    parts,
    policies,
    proving,
    publish,
    releases,
    reserve_views,
    shows,
    top,
    topics,
    up,
)
from services.cli.demo import command as demo
from services.cli.errors import run

app = typer.Typer(
    name="zhuanhu",
    help="Settlement backend for online lending: bank custody, risk reserve, exact to the fen.",
    no_args_is_help=True,
    add_completion=False,
)
for part in (
    demo,
    up,
    parts,
    publish,
    commands_list,
    operators,
    policies,
    shows,
    loan_views,
    reserve_views,
    releases,
    cases,
    blacklist,
    overdue,
    disclosure,
    day_work,
    catch_up,
    proving,
    kafka,
    topics,
    parked,
    top,
    doctor,
    bank_statements,
    calculators,
):
    app.add_typer(part.app)


def main() -> NoReturn:
    logs.configure(LogLevel.WARNING)  # On standard error: the answer has the other to itself.
    sys.exit(run(app, sys.argv[1:]))


if __name__ == "__main__":
    main()
