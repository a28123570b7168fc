"""Looks at one thing or a list of things: through the views, or as it stood (`--as-of`).

command show   account show   member show    guarantee show    auto-tender
positions      holders        assignments    statement
"""

from __future__ import annotations

from contextlib import closing
from datetime import date
from typing import Annotated

import typer

from adapters.event_log import LogReader
from adapters.outcomes import outcome_of
from domain.assignment import Status as Sale
from domain.streams import AUTO_TENDER
from services.cli.failure import CliError
from services.cli.looking import Answer, Look, day, looking, show
from services.cli.options import AsJson, AsOf, Data, Platform
from services.cli.publish import receipt_json
from services.cli.showing import plain
from services.proof.as_of import balances_as_of, state_as_of

app = typer.Typer()
command_app = typer.Typer(help="One command's outcome.", no_args_is_help=True)
account_app = typer.Typer(help="What an account has.", no_args_is_help=True)
guarantee_app = typer.Typer(help="What a guarantor stands for.", no_args_is_help=True)
member_app = typer.Typer(help="A member; references only.", no_args_is_help=True)
for name, group in (
    ("command", command_app),
    ("account", account_app),
    ("guarantee", guarantee_app),
    ("member", member_app),
):
    app.add_typer(group, name=name)


@command_app.command("show")
def command_show(
    command_id: Annotated[str, typer.Argument(metavar="ID")],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """The stored outcome of a command, and the events that it caused.

    Example: zhuanhu command show C-000001 --json
    """
    with looking(data, platform) as look:
        receipt = outcome_of(look.url, look.platform, command_id)
        if receipt is None:
            raise CliError(
                "not_found", f"no command {command_id!r} was decided", "id", "is the id right?"
            )
        events = []
        if receipt.first_position:
            count = receipt.last_position - receipt.first_position + 1
            with closing(LogReader(look.url, look.platform)) as log:
                events = log.read(receipt.first_position - 1, count, upto=receipt.last_position)
        answer = {
            "receipt": receipt_json(receipt),
            "events": [
                {"position": each.position, "stream": each.stream, "topic": each.topic}
                for each in events
            ],
        }
    show(f"command {command_id}", answer, as_json)


@account_app.command("show")
def account_show(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="such as I1:investor")],
    as_of: AsOf = None,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """What an account has, available and frozen.

    Example: zhuanhu account show platform:reserve --as-of 2024-03-31 --json
    """
    with looking(data, platform) as look:
        if as_of is None:
            seen = look.views.account(account)
            answer = plain(seen.value) | {"view": look.view(seen)}
        else:
            answer = {"account": account} | _account_as_of(look, account, as_of)
    show(f"account {account}", answer, as_json)


def _account_as_of(look: Look, account: str, as_of: str) -> Answer:
    moment = look.moment(as_of)
    balance = balances_as_of(look.url, look.platform, moment["position"]).get(account)
    if balance is None:
        raise CliError(
            "not_found",
            f"no account {account!r} up to position {moment['position']}",
            "account",
            "an account is called MEMBER:ROLE, such as I1:investor",
        )
    return {**plain(balance), "as_of": moment}


@guarantee_app.command("show")
def guarantee_show(
    guarantor: Annotated[str, typer.Argument(metavar="GUARANTOR")],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """A guarantor's exposure and limit, its loans, and its obligations with their deadlines.

    Example: zhuanhu guarantee show G00001 --json
    """
    with looking(data, platform) as look:
        seen = look.views.guarantor(guarantor)
        answer = plain(seen.value) | {"view": look.view(seen)}
    show(f"guarantor {guarantor}", answer, as_json)


@member_app.command("show")
def member_show(
    member_id: Annotated[str, typer.Argument(metavar="MEMBER")],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """A member's roles, bank accounts and debts. Names and numbers stay in the vault.

    Example: zhuanhu member show I00001 --json
    """
    with looking(data, platform) as look:
        seen = look.views.member(member_id)
        answer = plain(seen.value) | {"view": look.view(seen)}
    show(f"member {member_id}", answer, as_json)


@app.command("positions")
def positions_command(
    investor: Annotated[str, typer.Argument(metavar="INVESTOR")],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """An investor's claims: what is open of each, and what it has received.

    Example: zhuanhu positions I00001 --json
    """
    with looking(data, platform) as look:
        look.views.member(investor)  # A member that nobody knows has no empty list.
        seen = look.views.positions_of(investor)
        answer = {
            "investor_id": investor,
            "claims": plain(seen.value),
            "view": look.view(seen),
        }
    show(f"positions of {investor}", answer, as_json)


@app.command("holders")
def holders_command(
    loan: Annotated[str, typer.Argument(metavar="LOAN")],
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Default: the business date.")
    ] = None,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Who holds a loan's claims, or held them at the end of a day.

    Example: zhuanhu holders L00001 --on 2024-03-31 --json
    """
    with looking(data, platform) as look:
        on_day = _date_on(look, on)
        seen = look.views.holders(loan, on_day)
        answer = {
            "loan_id": loan,
            "on": on_day.isoformat(),
            "holders": plain(seen.value),
            "view": look.view(seen),
        }
    show(f"holders of {loan}", answer, as_json)


@app.command("assignments")
def assignments_command(
    status: Annotated[
        str | None,
        typer.Option(
            "--status", metavar="STATUS", help="offered, listed, bought, settled or ended."
        ),
    ] = None,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Claims on sale (债权转让), and what became of those that were.

    Example: zhuanhu assignments --status listed --json
    """
    if status is not None and status not in set(Sale):
        raise CliError("bad_input", f"status: there is no {status!r}", "status", "see --help")
    with looking(data, platform) as look:
        seen = look.views.assignments(status)
        answer = {"assignments": plain(seen.value), "view": look.view(seen)}
    show("assignments", answer, as_json)


def _date_on(look: Look, on: str | None) -> date:
    """The day asked for, else the running one."""
    days = look.views.business_days().value
    if on is None and not days:
        raise CliError(
            "not_found", "the platform has no business date yet", "on", "name one with --on"
        )
    return day(on, "on") if on is not None else days[-1].business_date


@app.command("auto-tender")
def auto_tender_command(
    as_of: AsOf = None, data: Data = None, platform: Platform = None, as_json: AsJson = False
) -> None:
    """Every lender's rules for auto-tender (智能分散投标), in the order of their turns.

    Example: zhuanhu auto-tender --json
    """
    with looking(data, platform) as look:
        moment = look.moment(as_of or str(look.head()))
        known = state_as_of(look.url, look.platform, AUTO_TENDER, moment["position"])
        answer = {"line": plain(list(known.line.values())), "as_of": moment}
    show("auto-tender", answer, as_json)


@app.command("statement")
def statement_command(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="such as I1:investor")],
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="First business day.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Last business day.")],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Every line of an account over some business days, both included.

    Example: zhuanhu statement I00001:investor --from 2024-03-01 --to 2024-03-31 --json
    """
    begin, end = day(first, "from"), day(last, "to")
    if end < begin:
        raise CliError("bad_input", "to: must not be before --from", "to", "swap the two dates")
    with looking(data, platform) as look:
        seen = look.views.statement(account, begin, end)
        answer = plain(seen.value) | {"view": look.view(seen)}
    show(f"statement of {account}", answer, as_json)
