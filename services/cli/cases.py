"""`zhuanhu case`: who is late, what was done, what was promised.
`zhuanhu credit-bureau`: the records of some days."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from adapters.credit_bureau import records_of
from adapters.event_log import LogReader
from services.cli.failure import CliError
from services.cli.looking import day, looking, show
from services.cli.options import AsJson, Data, Platform
from services.cli.showing import plain, show_json

app = typer.Typer()
case_app = typer.Typer(help="Collection cases (docs/collections.md).", no_args_is_help=True)
bureau_app = typer.Typer(help="What the credit bureau is told.", no_args_is_help=True)
app.add_typer(case_app, name="case")
app.add_typer(bureau_app, name="credit-bureau")


@case_app.command("list")
def case_list(
    everything: Annotated[bool, typer.Option("--all", help="The closed ones too.")] = False,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Open collection cases (催收案件), the longest overdue first.

    Example: zhuanhu case list --json
    """
    with looking(data, platform) as look:
        seen = look.views.cases(everything=everything)
        answer = {"cases": plain(seen.value), "view": look.view(seen)}
    show("collection cases", answer, as_json)


@case_app.command("show")
def case_show(
    borrower_id: Annotated[str, typer.Argument(metavar="BORROWER")],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """A borrower's case with its actions, promises and lawsuits. What was said is in the vault.

    Example: zhuanhu case show B00017 --json
    """
    with looking(data, platform) as look:
        seen = look.views.case(borrower_id)
        answer = plain(seen.value) | {"view": look.view(seen)}
    show(f"collection case of {borrower_id}", answer, as_json)


@bureau_app.command("export")
def bureau_export(
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="First business day.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Last business day.")],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """One JSON line a record (百行征信): loans, repayments and overdue instalments, with A, M or D.
    The same days always give the same lines.

    Example: zhuanhu credit-bureau export --from 2024-03-01 --to 2024-03-31 > march.jsonl
    """
    begin, end = day(first, "from"), day(last, "to")
    if end < begin:
        raise CliError("bad_input", "to: must not be before --from", "to", "swap the two dates")
    with looking(data, platform) as look, closing(LogReader(look.url, look.platform)) as log:
        for record in records_of(log, begin, end):
            show_json(record)
