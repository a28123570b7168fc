"""What a demo ends with: the figures, where they come from, and whether they prove anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from adapters.read_models.as_known_lines import MonthLine
from adapters.read_models.reading import ReadModels
from adapters.read_models.store import views_schema
from domain.cashbook import UNBOUNDED
from domain.money import yuan
from infra.postgres import connect
from services.cli.demo.book import Book
from services.cli.demo.front import Front
from services.cli.demo.reckoning import Reckoning
from services.cli.demo.tape import Recorded
from services.cli.trends import Line, trend
from services.proof.report import Report

Figures = dict[str, Any]


def collect(front: Front, book: Book) -> Figures:
    """The figures of the contract that the views, the mirror and the bank know."""
    stack = front.stack
    with connect(stack.url, autocommit=True) as connection:
        ask = _Asker(connection, stack.platform)
        movements = ask.pairs("SELECT status, count(*) FROM {views}.movement GROUP BY status")
        flows = ask.pairs("SELECT flow, amount_fen FROM {views}.reserve_flow")
        days = [day for day in stack.reconciler.records.days() if day.verdict.clean]
        return {
            "loans": ask.number("SELECT count(*) FROM {views}.loan"),
            "investors": book.investors,
            "commands": {
                "accepted": front.outcomes["accepted"],
                "refused": front.outcomes["refused"],
            },
            "movements": {
                "settled": movements.get("settled", 0),
                "rejected": movements.get("rejected", 0),
                "open": movements.get("requested", 0),
            },
            "mirror": {
                "instructions": ask.number("SELECT count(*) FROM {custody}.instruction"),
                "unmatched": ask.number(UNMATCHED),
            },
            "overdue_loans": ask.number("SELECT count(*) FROM {views}.loan WHERE status='overdue'"),
            "reserve": {
                "contributed_fen": flows.get("contributed", 0),
                "paid_fen": flows.get("paid", 0),
                "recovered_fen": flows.get("recovered", 0),
                "queued_fen": ask.number(QUEUED),
                "balance_fen": ask.number(RESERVE_BALANCE),
            },
            "withdrawals": {
                "settled": ask.number(
                    "SELECT count(*) FROM {views}.movement"
                    " WHERE purpose = 'withdrawal' AND status = 'settled'"
                ),
                "refused": front.withdrawals_refused,
            },
            "reconciliation": {
                "days": len(days),
                "matched": sum(day.matched for day in days),
                "breaks": len(stack.reconciler.records.breaks()),
            },
            "book_total_fen": ask.number(
                "SELECT coalesce(sum(available_fen + frozen_fen), 0)::bigint FROM {views}.account"
                " WHERE account <> ALL(%s)",
                list(UNBOUNDED),
            ),
            "bank_total_fen": stack.bank.total_fen(),
        }


def tape_figures(front: Front, recorded: Sequence[Recorded]) -> Mapping[str, int]:
    """How many loans have the tape's instalment, and how many current ones its balance somewhere
    on their schedule (or before the first payment)."""
    with connect(front.stack.url, autocommit=True) as connection:
        ask = _Asker(connection, front.stack.platform)
        rows = ask.rows(
            "SELECT loan_id, amount_fen, array_agg(i.principal_fen ORDER BY period),"
            " (array_agg(i.principal_fen + i.interest_fen ORDER BY period))[1]"
            " FROM {views}.loan JOIN {views}.instalment i USING (loan_id)"
            " GROUP BY loan_id, amount_fen"
        )
    payment = {loan_id: first_fen for loan_id, _, _, first_fen in rows}
    balances = {loan_id: _balances(amount, parts) for loan_id, amount, parts, _ in rows}
    return {
        "loans": len(recorded),
        "installment_equal": sum(payment.get(r.loan_id) == r.installment_fen for r in recorded),
        "balance_equal": sum(
            r.current and r.balance_fen in balances.get(r.loan_id, ()) for r in recorded
        ),
    }


def _balances(amount_fen: int, principals: Sequence[int]) -> set[int]:
    balances, left_fen = {amount_fen}, amount_fen
    for principal_fen in principals:
        left_fen -= principal_fen
        balances.add(left_fen)
    return balances


def faults_figures(profile: str, found: Reckoning) -> Mapping[str, Any]:
    return {
        "profile": profile,
        "as_reported": found.even,
        "injected": dict(sorted(found.injected.items())),
        "incomplete_days": found.incomplete_days,
        "not_reported": [str(each) for each in found.missing],
        "unexplained": [str(each) for each in found.unexplained],
    }


def is_clean(figures: Figures, proof: Report, book: Book) -> bool:
    """Every bank day reconciled, nothing open, nothing unmatched, and every rule proved. Where the
    bank was made to misbehave, the breaks are those that were injected."""
    return (
        proof.ok
        and figures["replay_equal"]
        and figures["book_total_fen"] == figures["bank_total_fen"]
        and not figures["mirror"]["unmatched"]
        and not figures["movements"]["open"]
        and _is_reconciled(figures, (book.end - book.start).days)
    )


def _is_reconciled(figures: Figures, days: int) -> bool:
    told, faults = figures["reconciliation"], figures.get("faults")
    if faults is not None:
        return bool(faults["as_reported"])
    return not told["breaks"] and told["days"] == days


def month_ends(url: str, platform: str, end: date) -> list[MonthLine]:
    """The book at each month end of the demo."""
    with closing(ReadModels(url, platform)) as views, views.as_known(end) as known:
        return known.months()


def show(figures: Figures, proof: Report, months: Sequence[MonthLine], console: Console) -> None:
    """For a person of finance."""
    reserve, movements = figures["reserve"], figures["movements"]
    table = Table(title="The book, at the end", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column()
    rows = [
        ("Loans / investors", f"{figures['loans']:,} / {figures['investors']:,}", ""),
        (
            "Commands",
            f"{figures['commands']['accepted']:,}",
            f"accepted; {figures['commands']['refused']:,} refused by our rules",
        ),
        (
            "Movements of money",
            f"{movements['settled']:,}",
            f"settled; {movements['rejected']:,} refused by the bank, {movements['open']:,} open",
        ),
        (
            "Instructions to the bank",
            f"{figures['mirror']['instructions']:,}",
            f"one each; {figures['mirror']['unmatched']:,} without a partner",
        ),
        ("Loans overdue now", f"{figures['overdue_loans']:,}", ""),
        ("Reserve: contributed", yuan(reserve["contributed_fen"]), "yuan, out of service fees"),
        ("Reserve: paid to investors", yuan(reserve["paid_fen"]), "yuan"),
        ("Reserve: recovered", yuan(reserve["recovered_fen"]), "yuan, from borrowers later"),
        ("Reserve: still queued", yuan(reserve["queued_fen"]), "yuan wait for new money"),
        ("Reserve: balance", yuan(reserve["balance_fen"]), "yuan"),
        (
            "Withdrawals",
            f"{figures['withdrawals']['settled']:,}",
            f"paid out; {figures['withdrawals']['refused']:,} refused by our rules",
        ),
        (
            "Bank days reconciled",
            f"{figures['reconciliation']['days']:,}",
            "{matched:,} lines matched, {breaks:,} breaks".format(**figures["reconciliation"]),
        ),
        ("Our book holds", yuan(figures["book_total_fen"]), "yuan"),
        ("The bank holds", yuan(figures["bank_total_fen"]), "yuan, asked from the bank"),
        (
            "Replay from event 1",
            "equal" if figures["replay_equal"] else "DIFFERENT",
            "views rebuilt and compared byte by byte",
        ),
    ]
    if faults := figures.get("faults"):
        count = sum(faults["injected"].values())
        rows.append(("Faults of the bank", f"{count:,}", _faults(faults)))
    for row in rows:
        table.add_row(*row)
    console.print(table)
    for line in trend(months, *Line):
        console.print(line, highlight=False)
    verdict = "every rule holds" if proof.ok else "A RULE IS BROKEN: zhuanhu verify says which"
    console.print(f"Proof over {proof.events:,} events: {verdict}.")
    console.print(f"Event digest {figures['event_digest']}, {figures['seconds']} s.")


def _faults(faults: Mapping[str, Any]) -> str:
    wrong = [*faults["not_reported"], *faults["unexplained"]]
    if faults["as_reported"]:
        return f"injected ({faults['profile']}); what is to be reported is, and nothing else"
    return f"injected ({faults['profile']}); NOT AS REPORTED: " + "; ".join(wrong[:10])


class _Asker:
    def __init__(self, connection: psycopg.Connection, platform: str) -> None:
        self._connection = connection
        self._schemas = {
            "views": sql.Identifier(views_schema(platform)),
            "custody": sql.Identifier(f"custody_{platform}"),
        }

    def rows(self, query: LiteralString, *values: object) -> list[Any]:
        text = sql.SQL(query).format(**self._schemas)
        return self._connection.execute(text, values).fetchall()

    def pairs(self, query: LiteralString) -> dict[str, int]:
        return dict(self.rows(query))

    def number(self, query: LiteralString, *values: object) -> int:
        [[number]] = self.rows(query, *values)
        return int(number)


UNMATCHED: LiteralString = (
    "SELECT count(*) FROM (SELECT movement_id, amount_fen FROM {views}.movement"
    " WHERE origin IS NULL AND purpose NOT IN ('bank_interest', 'bank_adjustment',"
    " 'returned_withdrawal')) AS m"
    " FULL JOIN {custody}.instruction AS i USING (movement_id)"
    " WHERE m.amount_fen IS DISTINCT FROM i.amount_fen"
)
QUEUED: LiteralString = (
    "SELECT coalesce(sum(i.open_principal_fen + i.open_interest_fen), 0)::bigint"
    " FROM {views}.reserve_claim c JOIN {views}.instalment i"
    " ON i.loan_id = c.loan_id AND i.period = c.period WHERE c.status = 'waiting'"
)
RESERVE_BALANCE: LiteralString = (
    "SELECT coalesce(sum(available_fen + frozen_fen), 0)::bigint FROM {views}.account"
    " WHERE account = 'platform:reserve'"
)
