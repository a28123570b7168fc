"""`zhuanhu case`: who is late, what was done, what was promised.
`zhuanhu credit-bureau`: the records of some days."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from cryptography.x509 import Certificate

from adapters.bureau_envelope import Envelopes
from adapters.credit_bureau import records_of
from adapters.event_log import LogReader
from adapters.read_models.answers import LateLoan
from adapters.read_models.cases import CaseRow
from adapters.shard_schema import shard_schema
from adapters.vault import Vault, VaultUnreadable
from infra.clock import SystemClock
from infra.keys import KeyUnusable, load_certificate
from services.cli.failure import CliError, bad_input
from services.cli.looking import Answer, day, looking, show
from services.cli.opening import seal_of
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
    """Open collection cases (催收案件), the longest overdue first: by how many days today, and with
    how much principal and interest.

    Example: zhuanhu case list --json
    """
    with looking(data, platform) as look:
        seen = look.views.cases(everything=everything)
        late: dict[str, list[LateLoan]] = {}
        for each in look.views.late().value:
            late.setdefault(each.borrower_id, []).append(each)
        cases = [_today(row, late.get(row.borrower_id, ())) for row in seen.value]
        cases.sort(key=lambda case: case["overdue_days"], reverse=True)
        answer = {"cases": cases, "view": look.view(seen)}
    show("collection cases", answer, as_json)


def _today(case: CaseRow, late: Sequence[LateLoan]) -> Answer:
    """What is late of a borrower by now; of a case that is over, how it was opened."""
    told: Answer = plain(case) | {"overdue_days": 0, "overdue_fen": 0}
    if late and case.closed_on is None:
        oldest = late[0]
        told |= {"loan_id": oldest.loan_id, "due_on": oldest.due_on.isoformat()}
        told["overdue_days"] = oldest.overdue_days
        told["overdue_fen"] = sum(each.principal_fen + each.interest_fen for each in late)
    return told


@case_app.command("show")
def case_show(
    borrower_id: Annotated[str, typer.Argument(metavar="BORROWER")],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """A borrower's case: what is late today (`loan explain` adds penalty and fees), actions,
    promises and lawsuits. What was said is in the vault.

    Example: zhuanhu case show B00017 --json
    """
    with looking(data, platform) as look:
        seen = look.views.case(borrower_id)
        case = _today(seen.value.case, seen.value.late)
        answer = plain(seen.value) | {"case": case, "view": look.view(seen)}
    show(f"collection case of {borrower_id}", answer, as_json)


@bureau_app.command("export")
def bureau_export(
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="First business day.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Last business day.")],
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate",
            metavar="FILE",
            help="The bureau's: who a borrower is is added, for the bureau alone to read.",
        ),
    ] = None,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """One JSON line a record (百行征信): loans, repayments and overdue instalments, with A, M or D.
    The same days always give the same lines, but for the envelopes of --certificate.

    Example: zhuanhu credit-bureau export --from 2024-03-01 --to 2024-03-31 > march.jsonl
    """
    begin, end = day(first, "from"), day(last, "to")
    if end < begin:
        raise CliError("bad_input", "to: must not be before --from", "to", "swap the two dates")
    bureau = _certificate(certificate)
    with looking(data, platform) as look, closing(LogReader(look.url, look.platform)) as log:
        records = records_of(log, begin, end)
        if bureau is None:
            for record in records:
                show_json(record)
            return
        seal = seal_of(look.place, look.url)
        with closing(Vault(look.url, shard_schema(look.platform), seal)) as vault:
            envelopes = Envelopes(bureau, vault)
            try:
                for record in records:
                    show_json(envelopes.enclosed(record))
            except VaultUnreadable as error:
                hint = "ZHUANHU_VAULT_KEY, or the data folder's key, is another one"
                raise CliError("key_unusable", str(error), hint=hint) from None


def _certificate(file: Path | None) -> Certificate | None:
    try:
        return None if file is None else load_certificate(file, SystemClock().now())
    except KeyUnusable as error:
        raise bad_input("certificate", str(error)) from None
