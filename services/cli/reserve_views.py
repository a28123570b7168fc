"""`zhuanhu reserve`: what the reserve has, why a payout was what it was, and how long it lasts.

reserve show   reserve explain PAYOUT   reserve stress --scenario FILE
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

import typer

from adapters.read_models.as_known_lines import MonthLine
from domain import stress
from domain.accounts import RESERVE_ACCOUNT
from domain.loan import Status
from domain.platform import Platform as Books
from domain.policies import Policies
from domain.reserve import RULES, Reserve
from domain.streams import PLATFORM, POLICY, RESERVE, loan_stream
from domain.stress_scenario import BadDebts, Scenario, choose
from services.cli.calendar_in_use import calendar_in_use
from services.cli.failure import CliError, bad_input
from services.cli.known import known_on
from services.cli.looking import Answer, Look, looking, show
from services.cli.options import AsJson, AsOf, Data, Platform
from services.cli.reading import read_input
from services.cli.showing import plain, show_json, show_record, show_table
from services.cli.stress_inputs import ScenarioIn
from services.cli.trends import Line, trend
from services.proof.as_of import balances_as_of, state_as_of, states_as_of
from services.proof.payouts import Explained, explained

app = typer.Typer()
reserve_app = typer.Typer(help="The risk reserve.", no_args_is_help=True)
app.add_typer(reserve_app, name="reserve")


@reserve_app.command("show")
def show_command(
    as_of: AsOf = None, data: Data = None, platform: Platform = None, as_json: AsJson = False
) -> None:
    """The reserve's money, its flows, its queue and its payouts; its coverage (覆盖率), which is
    what it has in per cent of all outstanding principal. For people also its money, and its
    coverage of what it protects, at the last 24 month ends.

    Example: zhuanhu reserve show --json
    """
    months: list[MonthLine] = []
    with looking(data, platform) as look:
        if as_of is None:
            months = [] if as_json else _months(look)
            seen = look.views.reserve()
            balance = seen.value.balance
            coverage = _coverage(look, balance.available_fen + balance.frozen_fen)
            answer = (
                {"fund": _fund(look), "queued_fen": seen.value.queued_fen}
                | coverage
                | plain(seen.value)
                | {"view": look.view(seen)}
            )
        else:
            moment = look.moment(as_of)
            position = moment["position"]
            balances = balances_as_of(look.url, look.platform, position)
            answer = {
                "balance": plain(balances.get(RESERVE_ACCOUNT)),
                "reserve": plain(state_as_of(look.url, look.platform, RESERVE, position)),
                "as_of": moment,
            }
    show("reserve", answer, as_json)
    for line in trend(months, Line.RESERVE, Line.COVERAGE):
        print(line)


def _months(look: Look) -> list[MonthLine]:
    """None where the books are not open."""
    days = look.views.business_days().value
    if not days:
        return []
    with known_on(look, days[-1].business_date, "as_of") as known:
        return known.months()


def _fund(look: Look) -> str | None:
    """What the reserve is called today."""
    head = look.head()
    policies: Policies = state_as_of(look.url, look.platform, POLICY, head)
    books: Books = state_as_of(look.url, look.platform, PLATFORM, head)
    terms = policies.latest(books.business_date)
    return terms.fund if terms else None


def _coverage(look: Look, balance_fen: int) -> Answer:
    loans = look.views.loans().value
    outstanding_fen = sum(loan.outstanding_principal_fen for loan in loans)
    ratio = f"{Decimal(balance_fen * 100) / outstanding_fen:.2f}" if outstanding_fen else None
    return {"outstanding_principal_fen": outstanding_fen, "coverage_percent": ratio}


# -- why a payout was what it was -----------------------------------------------------------


@reserve_app.command("explain")
def explain_command(
    payout: Annotated[str, typer.Argument(metavar="PAYOUT", help="Its number, as in P-17.")],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """One payout: the policy version that promised it and the one that the reserve goes by, the
    rules that allowed it, its bucket, every claim that its run looked at, the shares, and the
    balance before and after.

    Example: zhuanhu reserve explain P-17 --json
    """
    number = payout.removeprefix("P-")
    with looking(data, platform) as look:
        told = explained(look.url, look.platform, number)
    if told is None:
        hint = "zhuanhu reserve show lists them"
        raise CliError("not_found", f"no payout {number!r} of the reserve", "payout", hint)
    answer = _told(told)
    if as_json:
        show_json(answer)
        return
    lists = ("rules", "considered", "investors")
    show_record(f"payout {number}", {k: v for k, v in answer.items() if k not in lists})
    for each in lists:
        show_table(each, answer[each])


def _told(told: Explained) -> Answer:
    held, run = told.held, told.run
    return {
        "payout_id": held.payout_id,
        "status": told.status,
        "claim_id": held.claim_id,
        "loan_id": held.loan_id,
        "policy_version": held.policy_version,
        "reserve_policy_version": run.policy_version,
        "run_on": held.run_on.isoformat(),
        "order": run.order.value,
        "bucket": held.bucket,
        "claim_fen": held.claim_fen,
        "amount_fen": held.amount_fen,
        "balance_before_fen": run.balance_before_fen,
        "balance_after_fen": run.balance_after_fen,
        "rules": [{"rule": number, "says": RULES[number]} for number in held.rules],
        "considered": [each._asdict() for each in run.considered],
        "investors": [
            {"tender_id": tender_id, "amount_fen": fen} for tender_id, fen in held.investors.items()
        ],
    }


# -- how long it lasts ----------------------------------------------------------------------


@reserve_app.command("stress")
def stress_command(
    scenario: Annotated[
        str,
        typer.Option(
            "--scenario",
            metavar="FILE",
            help='JSON, or -: {"name": "winter", "days": 180, "bad_debts": [{"percent": "30",'
            ' "within_days": 60, "grades": ["D", "E"]}]}.',
        ),
    ],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Bad debts cluster: how many days does the reserve last, and who waits for what (压力测试)?
    Over the real book, which it does not touch.

    Who is late stays late, those chosen stop paying, all others pay on the day; nothing is lent or
    paid in. Of what is paid out comes back what "recoveries" says, as in {"percent": "40",
    "after_days": 90, "from_days": 1, "to_days": 60}: the payout's days late, days after it. The
    same seed chooses the same loans.

    Example: echo '{"name": "winter", "days": 180, "bad_debts": [{"percent": "30"}]}' |
    zhuanhu reserve stress --scenario - --json
    """
    asked = read_input(scenario, ScenarioIn)
    bad_debts, recoveries = asked.rules()
    with looking(data, platform) as look:
        book, stops_on = _book(look, bad_debts, asked.seed)
        until = book.today + timedelta(days=asked.days)
        scene = Scenario(until, stops_on, recoveries)
        outcome = stress.run(book, scene, calendar_in_use())
        answer = {
            "scenario": asked.name,
            "from": book.today.isoformat(),
            "until": until.isoformat(),
            "late_loans": sum(bool(loan.overdue) for loan in book.loans.values()),
            "defaulting_loans": len(stops_on),
            **_coverage(look, book.balance_fen),
            "lasts_days": outcome.lasts_days,
            "short_on": outcome.short_on.isoformat() if outcome.short_on else None,
            "balance_before_fen": outcome.balance_before_fen,
            "balance_after_fen": outcome.balance_after_fen,
            "claims": outcome.claims,
            "paid_fen": outcome.paid_fen,
            "recovered_fen": outcome.recovered_fen,
            "waiting_fen": outcome.waiting_fen,
            "waiting": [
                {
                    "claim_id": each.claim_id,
                    "loan_id": each.loan_id,
                    "since": each.since.isoformat(),
                    "amount_fen": each.amount_fen,
                }
                for each in outcome.waiting
            ],
            "investors": [
                {"investor_id": investor, "waits_for_fen": fen}
                for investor, fen in outcome.by_investor.items()
            ],
        }
    show(f"stress run: {asked.name}", answer, as_json)


def _book(look: Look, rules: list[BadDebts], seed: str) -> tuple[stress.Book, dict[str, date]]:
    head = look.head()
    books: Books = state_as_of(look.url, look.platform, PLATFORM, head)
    rows = look.views.loans().value
    _check_grades(rules, {row.grade for row in rows})
    paying = {row.loan_id: row.grade or "" for row in rows if row.status == Status.REPAYING}
    stops_on = choose(paying, rules, books.business_date, seed)
    late = [row.loan_id for row in rows if row.status == Status.OVERDUE]
    queue: Reserve = state_as_of(look.url, look.platform, RESERVE, head)
    # With a rest that was called in a claim may wait before its loan is late with that.
    waiting = [claim.loan_id for claim in queue.queue.values()]
    streams = [loan_stream(loan_id) for loan_id in dict.fromkeys((*late, *stops_on, *waiting))]
    states = states_as_of(look.url, look.platform, streams, head)
    balance = balances_as_of(look.url, look.platform, head).get(RESERVE_ACCOUNT)
    book = stress.Book(
        today=books.business_date,
        loans={state.known().loan_id: state for state in states.values()},
        reserve=queue,
        policies=state_as_of(look.url, look.platform, POLICY, head),
        balance_fen=sum(balance) if balance else 0,
    )
    return book, stops_on


def _check_grades(rules: list[BadDebts], known: set[str | None]) -> None:
    """A grade that is misspelt would choose nobody, and the reserve last for ever."""
    for place, rule in enumerate(rules):
        for grade in sorted((rule.grades or frozenset()) - known):
            raise bad_input(f"bad_debts[{place}].grades", f"no loan of the book is graded {grade}")
