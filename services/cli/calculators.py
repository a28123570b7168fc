"""The calculators: pure arithmetic on the command line, no database.

    schedule  share  payout-plan  allocate  penalty  deadline

Figures are read as text and checked here or in the domain, so that every error names its field.
"""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.working_days import working_days
from domain.allocation import Line, allocate
from domain.money import Rounding, percent
from domain.payout_plan import PayoutPlan, payout_plan
from domain.penalty import MAX_OVERDUE_DAYS, parse_bands, penalty_fen
from domain.schedule import MAX_ANNUAL_RATE, MAX_PERIODS, Method, schedule
from domain.sharing import ShareMethod, share
from domain.working_days import MAX_WORKING_DAYS
from services.cli.calculator_inputs import AllocateIn, CalendarIn, PayoutPlanIn
from services.cli.reading import calendar_day, read_input, whole
from services.cli.showing import show_json, show_table

app = typer.Typer()

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
File = Annotated[str, typer.Argument(metavar="FILE", help="A JSON file, or - for standard input.")]


@app.command("schedule")
def schedule_command(
    principal_fen: Annotated[str, typer.Option("--principal-fen", metavar="N", help="Whole fen.")],
    annual_rate: Annotated[
        str, typer.Option("--annual-rate", metavar="PERCENT", help="Per cent a year; 0 allowed.")
    ],
    periods: Annotated[
        str, typer.Option("--periods", metavar="N", help=f"Months, 1 to {MAX_PERIODS}.")
    ],
    method: Annotated[Method, typer.Option("--method", help="How the loan is repaid.")],
    rounding: Annotated[
        Rounding, typer.Option("--rounding", help="Of the annuity payment, and of P/n.")
    ] = Rounding.HALF_UP,
    as_json: AsJson = False,
) -> None:
    """Repayment schedule (还款计划), one row a month, balance after the payment.

    Example: zhuanhu schedule --principal-fen 1000000 --annual-rate 12 --periods 12
    --method equal-instalment --rounding half-up --json
    """
    rows = schedule(
        whole(principal_fen, "principal_fen"),
        percent(annual_rate, "annual_rate", MAX_ANNUAL_RATE),
        whole(periods, "periods", at_most=MAX_PERIODS),
        method,
        rounding,
    )
    answer = [row._asdict() for row in rows]
    if as_json:
        show_json(answer)
    else:
        show_table(f"{method}, {periods} months at {annual_rate} % a year, in yuan", answer)


@app.command("share")
def share_command(
    amount_fen: Annotated[str, typer.Option("--amount-fen", metavar="N", help="Whole fen.")],
    weights: Annotated[
        str, typer.Option("--weights", metavar="A,B,C", help="Whole numbers, not all zero.")
    ],
    method: Annotated[ShareMethod, typer.Option("--method")] = ShareMethod.LARGEST_REMAINDER,
    as_json: AsJson = False,
) -> None:
    """Share an amount in proportion to weights; the shares add up to it exactly.

    Example: zhuanhu share --amount-fen 100 --weights 1,1,1 --json
    """
    parts = [whole(word, "weights") for word in weights.split(",")]
    shares = share(whole(amount_fen, "amount_fen"), parts, method)
    if as_json:
        show_json(shares)
    else:
        pairs = zip(parts, shares, strict=True)
        show_table(
            f"{method}, in yuan",
            [{"weight": weight, "share_fen": share_fen} for weight, share_fen in pairs],
        )


@app.command("payout-plan")
def payout_plan_command(file: File, as_json: AsJson = False) -> None:
    """Who is paid what out of a limited reserve: buckets in time order, the short one shared.

    Exit 1 (refused) where a claim's investors do not add up or an id stands twice; exit 2 where
    the input is malformed.

    Example: echo '{"balance_fen": 100000, "order": "overdue", "period": "month", "claims":
    [{"id": "A", "arose_on": "2024-01-05", "overdue_on": "2024-02-05", "amount_fen": 60000,
    "investors": {"u1": 40000, "u2": 20000}}]}' | zhuanhu payout-plan - --json
    """
    read = read_input(file, PayoutPlanIn)
    claims = [claim.placed_by(read.order) for claim in read.claims]
    plan = payout_plan(read.balance_fen, claims, read.period)
    if as_json:
        show_json(_plan_json(plan))
    else:
        _show_plan(plan)


def _plan_json(plan: PayoutPlan) -> dict[str, object]:
    return {
        "payouts": [
            {"claim": paid.claim_id, "amount_fen": paid.amount_fen, "investors": paid.investors}
            for paid in plan.payouts
        ],
        "queued": [{"claim": line.claim_id, "amount_fen": line.amount_fen} for line in plan.queued],
        "balance_after_fen": plan.balance_after_fen,
    }


def _show_plan(plan: PayoutPlan) -> None:
    show_table(
        "paid, in yuan",
        [
            {"bucket": paid.bucket, "claim": paid.claim_id, "investor": who, "amount_fen": fen}
            for paid in plan.payouts
            for who, fen in paid.investors.items()
        ],
    )
    show_table(
        "queued, in yuan",
        [
            {"bucket": line.bucket, "claim": line.claim_id, "amount_fen": line.amount_fen}
            for line in plan.queued
        ],
    )
    show_table("balance, in yuan", [{"balance_after_fen": plan.balance_after_fen}])


@app.command("allocate")
def allocate_command(file: File, as_json: AsJson = False) -> None:
    """Apply a payment to what is overdue: fees, penalty, interest, principal (冲抵顺序).

    Example: echo '{"amount_fen": 500, "order": "category-first", "dues": [{"instalment": 1,
    "other_fee_fen": 0, "penalty_fen": 120, "overdue_fee_fen": 0, "interest_fen": 100,
    "principal_fen": 900}]}' | zhuanhu allocate - --json
    """
    read = read_input(file, AllocateIn)
    names = [due.instalment for due in read.dues]
    dues = [due.at(place) for place, due in enumerate(read.dues)]
    result = allocate(read.amount_fen, read.order, dues)

    def rows(lines: tuple[Line, ...]) -> list[dict[str, object]]:
        return [line._asdict() | {"instalment": names[line.instalment]} for line in lines]

    applied, still_open = rows(result.applied), rows(result.open)
    if as_json:
        show_json({"applied": applied, "open": still_open, "left_fen": result.left_fen})
    else:
        show_table("applied, in yuan", applied)
        show_table("still open, in yuan", still_open)
        show_table("left over, in yuan", [{"left_fen": result.left_fen}])


@app.command("penalty")
def penalty_command(
    base_fen: Annotated[str, typer.Option("--base-fen", metavar="N", help="Whole fen.")],
    days: Annotated[str, typer.Option("--days", metavar="D", help="Days late.")],
    bands: Annotated[
        str, typer.Option("--bands", metavar="BANDS", help="Per cent a day, by day of lateness.")
    ],
    as_json: AsJson = False,
) -> None:
    """Penalty interest (罚息), rounded half-up once. A day that is in no band bears nothing.

    Example: zhuanhu penalty --base-fen 1000000 --days 45 --bands 1-30:0.03,31-:0.04 --json
    """
    fen = penalty_fen(
        whole(base_fen, "base_fen"),
        whole(days, "days", at_most=MAX_OVERDUE_DAYS),
        parse_bands(bands),
    )
    if as_json:
        show_json({"penalty_fen": fen})
    else:
        show_table(f"{days} days late, in yuan", [{"penalty_fen": fen}])


@app.command("deadline")
def deadline_command(
    start: Annotated[str, typer.Option("--from", metavar="DATE", help="As in 2024-03-15.")],
    days: Annotated[
        str, typer.Option("--working-days", metavar="N", help="The first is the next one.")
    ],
    calendar: Annotated[
        str | None,
        typer.Option(
            "--calendar",
            metavar="FILE",
            help='Days that come before those of the package, as JSON: {"name": "gd-2027",'
            ' "years": [2027], "holidays": ["2027-01-01"], "made_up": ["2027-01-02"]}.',
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The last of so many Chinese working days (工作日), with the weekend days that make up for
    holidays (调休).

    Example: zhuanhu deadline --from 2024-02-08 --working-days 3 --json
    """
    overlay = read_input(calendar, CalendarIn).overlay() if calendar is not None else None
    known = working_days(overlay)
    count = whole(days, "working_days", at_most=MAX_WORKING_DAYS)
    answer = {
        "deadline": known.deadline(calendar_day(start, "from"), count, "from"),
        "calendar": known.version,
    }
    if as_json:
        show_json(answer)
    else:
        show_table(f"{count} working days from {start}", [answer])
