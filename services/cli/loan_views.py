"""`zhuanhu loan`: a loan with all that belongs to it, and why it owes what it owes.

loan show   loan explain
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from adapters.codec import Recorded
from domain import loan as loans
from domain import loan_evolution
from domain.loan import Loan
from domain.loan_figures import changes, figures
from domain.platform import Platform as Books
from domain.streams import PLATFORM, fold_of, loan_stream
from services.cli.failure import CliError
from services.cli.looking import Answer, day, looking, show
from services.cli.options import AsJson, AsOf, Data, Platform
from services.cli.showing import plain
from services.proof.as_of import events_of, state_as_of

app = typer.Typer()
loan_app = typer.Typer(help="A loan with all that belongs to it.", no_args_is_help=True)
app.add_typer(loan_app, name="loan")

LoanId = Annotated[str, typer.Argument(metavar="LOAN")]
SPELLED = "is the id spelled right?"


@loan_app.command("show")
def show_command(
    loan_id: LoanId,
    as_of: AsOf = None,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """A loan with its schedule, tenders, payments and claims; as of a moment, its replayed state.

    Example: zhuanhu loan show L00001 --as-of 1200 --json
    """
    with looking(data, platform) as look:
        if as_of is None:
            seen = look.views.loan(loan_id)
            answer = plain(seen.value) | {"view": look.view(seen)}
        else:
            moment = look.moment(as_of)
            stream = loan_stream(loan_id)
            state = state_as_of(look.url, look.platform, stream, moment["position"])
            if state == fold_of(stream).initial:
                told = f"no loan {loan_id!r} up to position {moment['position']}"
                raise CliError("not_found", told, "loan", SPELLED)
            answer = {"loan_id": loan_id, "loan": plain(state), "as_of": moment}
    show(f"loan {loan_id}", answer, as_json)


@loan_app.command("explain")
def explain_command(
    loan_id: LoanId,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="DATE", help="Reckoned on it; default: the business date."),
    ] = None,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """What the loan owes on a day, and every event that changed one of its figures, reckoned on
    that day: so a backdated payment shows what penalty it took off. Of a rest that was called in it
    says why, and whether that still stands.

    Example: zhuanhu loan explain L00001 --on 2024-03-31 --json
    """
    with looking(data, platform) as look:
        head = look.head()
        books: Books = state_as_of(look.url, look.platform, PLATFORM, head)
        reckoned_on = books.business_date if on is None else day(on, "on")
        recorded = events_of(look.url, look.platform, loan_stream(loan_id), head)
    if not recorded:
        raise CliError("not_found", f"no loan {loan_id!r}", "loan", SPELLED)
    loan: Loan = loans.INITIAL
    events: list[Any] = [each.event for each in recorded]
    for event in events:
        loan = loan_evolution.evolve(loan, event)
    answer: Answer = {
        "loan_id": loan_id,
        "on": reckoned_on.isoformat(),
        "status": loan.status.value,
        "policy_version": loan.policy.version if loan.concluded else None,
        "law_table": loan.law_table,
        "called_in": _called_in(loan),
        "owed": [
            {"period": period, "figure": figure.value, "amount_fen": fen}
            for (period, figure), fen in figures(loan, reckoned_on).items()
        ],
        "changes": [
            {
                **_told(recorded[change.place]),
                "period": change.period,
                "figure": change.figure.value,
                "before_fen": change.before_fen,
                "after_fen": change.after_fen,
            }
            for change in changes(events, reckoned_on)
        ],
    }
    show(f"loan {loan_id}", answer, as_json)


def _called_in(loan: Loan) -> Answer | None:
    """Of a rest that fell due: on what that rests, by what is known now. Where `stands` is false a
    payment that was booked later disproved it, and something of the rest was paid before."""
    if (call_in := loan.call_in) is None:
        return None
    return {
        "period": call_in.period,
        "on": call_in.called_in_on.isoformat(),
        "why": call_in.why.value,
        "stands": call_in.stands(loan.policy),
        "late_enough": sorted(call_in.late),
        "were_overdue": sorted(call_in.was_overdue),
    }


def _told(recorded: Recorded) -> Answer:
    effective_on = getattr(recorded.event, "effective_on", None)
    return {
        "position": recorded.position,
        "business_date": recorded.business_date.isoformat(),
        "topic": recorded.topic,
        "command": recorded.cause,
        "actor": recorded.actor,
        "effective_on": effective_on.isoformat() if effective_on else None,
    }
