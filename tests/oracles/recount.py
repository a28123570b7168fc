"""Counts overdue view, roll rates and disclosure again, straight from the stored events.

It shares no line with the product: envelopes are read as JSON, loans are folded into plain
dictionaries up to a day, and everything is counted from these.

    python -m tests.oracles.recount DATA-FOLDER DATE     holds the product's own answers against it
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

Event = tuple[date, str, Mapping[str, Any]]  # Business date, topic, data.


def event_of(topic: str, state: bytes) -> Event:
    envelope = json.loads(state)
    return date.fromisoformat(envelope["on"]), topic, envelope["data"]


def pct(part: int, whole: int) -> str:
    share = Decimal(100 * part) / whole if whole else Decimal(0)
    return str(share.quantize(Decimal("0.01"), ROUND_HALF_UP))


class Loan:
    def __init__(self, borrower: str) -> None:
        self.borrower = borrower
        self.grade = ""
        self.lent = 0
        self.out_on: date | None = None
        self.schedule: dict[int, int] = {}  # Interest of each month.
        self.holders: list[str] = []
        self.principal: list[int] = []  # Each lender's own, not yet back.
        self.taken_principal = 0  # What others paid him and have not got back.
        self.billed: dict[int, dict[str, Any]] = {}
        self.rest_with: int | None = None
        self.payments: dict[str, list[Any]] = {}
        self.advances: dict[str, Any] = {}

    def drawn_anew(self, rows: Iterable[tuple[int, str, int, int]]) -> None:
        """What is left of the schedule after a part was paid early."""
        self.schedule.update({no: interest for no, _, _, interest in rows})

    def owed_principal(self) -> int:
        return sum(self.principal) + self.taken_principal

    def owed_interest(self) -> int:
        open_now: int = sum(sum(each["i"]) + each["ti"] for each in self.billed.values())
        if self.rest_with is not None:
            return open_now
        return open_now + sum(fen for no, fen in self.schedule.items() if no not in self.billed)

    def late(self, day: date) -> list[dict[str, Any]]:
        return [b for b in self.billed.values() if b["due"] < day and (_lenders(b) or _taken(b))]

    def days(self, day: date) -> int:
        return max(((day - b["due"]).days for b in self.late(day)), default=0)

    def lenders_days(self, day: date) -> int:
        late = [b for b in self.late(day) if _lenders(b)]
        return max(((day - b["due"]).days for b in late), default=0)

    def waiting(self) -> list[str]:
        """Lenders who have principal of their own to come back."""
        pairs = zip(self.holders, self.principal, strict=True)
        return sorted({who for who, fen in pairs if fen})

    def lenders_late(self, day: date) -> int:
        return sum(map(_lenders, self.late(day)))


def _lenders(billed: Mapping[str, Any]) -> int:
    return int(sum(billed["p"]) + sum(billed["i"]))


def _taken(billed: Mapping[str, Any]) -> int:
    return int(billed["tp"] + billed["ti"])


class Recount:
    """The book after all `events` up to the close of `day`."""

    def __init__(self, events: Iterable[Event], day: date) -> None:
        self.day = day
        self.loans: dict[str, Loan] = {}
        self.related: set[str] = set()
        self.entries: dict[str, list[tuple[str, int]]] = {}  # Guarantors' advances, requested.
        self.advanced: defaultdict[str, list[int]] = defaultdict(list)
        for on, topic, data in events:
            if on <= day:
                self._take(on, topic, data)
        self.out = {name: loan for name, loan in self.loans.items() if loan.out_on}
        self.open = {
            name: loan
            for name, loan in self.out.items()
            if loan.owed_principal() or loan.owed_interest()
        }

    def _take(self, on: date, topic: str, data: Mapping[str, Any]) -> None:
        name = data.get("loan_id", "")
        match topic:
            case "member.registered.v1":
                if data["related_party"]:
                    self.related.add(data["member_id"])
            case "member.related-party-registered.v1":
                (self.related.add if data["related"] else self.related.discard)(data["member_id"])
            case "loan.requested.v1":
                self.loans[name] = Loan(data["borrower_id"])
            case "loan.rated.v1":
                self.loans[name].grade = data["grade"]
            case "loan.disbursed.v1":
                loan = self.loans[name]
                loan.out_on = on
                loan.holders = [investor for _, investor, _ in data["claims"]]
                loan.principal = [fen for _, _, fen in data["claims"]]
                loan.lent = sum(loan.principal)
                loan.schedule = {no: interest for no, _, _, interest in data["schedule"]}
            case "cash.entry-requested.v1":
                mine = [m for m in data["movements"] if m["purpose"] == "guarantee_advance"]
                if mine:
                    fen = sum(m["amount_fen"] for m in mine)
                    self.entries[data["entry_id"]] = [(data["subject"], fen)]
            case "cash.entry-settled.v1":
                for loan_id, fen_in_all in self.entries.pop(data["entry_id"], ()):
                    self.advanced[loan_id].append(fen_in_all)
            case _ if name in self.loans:
                self._repay(self.loans[name], topic, data)

    def _repay(self, loan: Loan, topic: str, data: Mapping[str, Any]) -> None:
        match topic:
            case "loan.instalment-billed.v1" | "loan.early-part-billed.v1":
                loan.billed[data["period"]] = {
                    "due": date.fromisoformat(data["due_on"]),
                    "p": list(data["principal"]),
                    "i": list(data["interest"]),
                    "tp": 0,
                    "ti": 0,
                }
                if data.get("whole_rest"):
                    loan.rest_with = data["period"]
                loan.drawn_anew(data.get("rows", ()))
            case "loan.early-part-undone.v1":
                del loan.billed[data["period"]]
                loan.drawn_anew(data["rows"])
            case "loan.due-date-rolled.v1":
                loan.billed[data["period"]]["due"] = date.fromisoformat(data["due_on"])
            case "loan.early-billing-undone.v1":
                del loan.billed[data["period"]]
                loan.rest_with = None
            case "loan.repayment-routed.v1":
                loan.payments[data["payment_id"]] = data["parts"]
            case "loan.repayment-settled.v1":
                for period, principal, interest, _, taken_p, taken_i, *_ in loan.payments[
                    data["payment_id"]
                ]:
                    billed = loan.billed[period]
                    for place, fen in enumerate(principal):
                        billed["p"][place] -= fen
                        loan.principal[place] -= fen
                    for place, fen in enumerate(interest):
                        billed["i"][place] -= fen
                    billed["tp"] -= taken_p
                    billed["ti"] -= taken_i
                    loan.taken_principal -= taken_p
            case "loan.advance-opened.v1":
                loan.advances[data["payout_id"]] = data
            case "loan.advance-paid.v1":
                opened = loan.advances[data["payout_id"]]
                billed = loan.billed[opened["period"]]
                for place, fen in enumerate(opened["principal"]):
                    billed["p"][place] -= fen
                    loan.principal[place] -= fen
                    billed["tp"] += fen
                    loan.taken_principal += fen
                for place, fen in enumerate(opened["interest"]):
                    billed["i"][place] -= fen
                    billed["ti"] += fen

    # -- what is counted ------------------------------------------------------------------

    def stages(self, table: Iterable[tuple[str, int]]) -> dict[str, dict[str, int]]:
        counted = {name: Counter[str]() for name, _ in table}
        for loan in self.open.values():
            if days := loan.days(self.day):
                line = counted[stage_of(days, table)]
                late = loan.late(self.day)
                line["loans"] += 1
                line["instalments"] += len(late)
                line["principal_fen"] += sum(sum(b["p"]) + b["tp"] for b in late)
                line["interest_fen"] += sum(sum(b["i"]) + b["ti"] for b in late)
                line["lenders_fen"] += loan.lenders_late(self.day)
        names = ("loans", "instalments", "principal_fen", "interest_fen", "lenders_fen")
        return {stage: {name: line[name] for name in names} for stage, line in counted.items()}

    def stood(self, table: Iterable[tuple[str, int]]) -> dict[str, str]:
        return {
            name: stage_of(loan.days(self.day), table) if loan.days(self.day) else "current"
            for name, loan in self.open.items()
        }

    def disclosure(self) -> dict[str, Any]:
        out, still = list(self.out.values()), list(self.open.values())
        principal = sum(loan.owed_principal() for loan in still)
        by_borrower: Counter[str] = Counter()
        for loan in still:
            by_borrower[loan.borrower] += loan.owed_principal()
        top = sorted(by_borrower.values(), reverse=True)
        overdue = [loan for loan in still if loan.lenders_late(self.day)]
        fen = sum(loan.lenders_late(self.day) for loan in overdue)
        bad = [loan for loan in overdue if loan.lenders_days(self.day) > 90]
        related = [loan for loan in still if loan.borrower in self.related]

        def band(first: int, last: int) -> str:
            mine = [loan for loan in overdue if first <= loan.lenders_days(self.day) <= last]
            return pct(sum(loan.lenders_late(self.day) for loan in mine), principal)

        return {
            "lent_fen": sum(loan.lent for loan in out),
            "lent_loans": len(out),
            "outstanding_fen": principal,
            "outstanding_loans": len(still),
            "outstanding_interest_fen": sum(loan.owed_interest() for loan in still),
            "lenders": len({who for loan in out for who in loan.holders}),
            "current_lenders": len({who for loan in out for who in loan.waiting()}),
            "borrowers": len({loan.borrower for loan in out}),
            "current_borrowers": len({loan.borrower for loan in still}),
            "largest_ten_borrowers_pct": pct(sum(top[:10]), principal),
            "largest_borrower_pct": pct(sum(top[:1]), principal),
            "related_party_fen": sum(loan.owed_principal() for loan in related),
            "related_party_loans": len(related),
            "overdue_fen": fen,
            "overdue_loans": len(overdue),
            "overdue_over_90_fen": sum(loan.owed_principal() for loan in bad),
            "overdue_over_90_loans": len(bad),
            "advanced_fen": sum(map(sum, self.advanced.values())),
            "advances": sum(map(len, self.advanced.values())),
            "amount_overdue_rate_pct": pct(fen, principal),
            "loan_overdue_rate_pct": pct(len(overdue), len(still)),
            "overdue_rate_to_90_pct": band(1, 90),
            "overdue_rate_91_to_180_pct": band(91, 180),
            "overdue_rate_over_180_pct": band(181, 99_999),
        }

    def vintages(
        self, ends: Iterable[tuple[date, Recount]]
    ) -> dict[tuple[str, str], tuple[int, ...]]:
        """(month of issue, month end) -> loans, lent, over 30 loans and fen, over 90 loans and
        fen; `ends` are the month ends up to the day, and the book at each."""
        counted: dict[tuple[str, str], tuple[int, ...]] = {}
        for end, book in ends:
            for month in sorted({f"{loan.out_on:%Y-%m}" for loan in book.out.values()}):
                mine = [loan for loan in book.out.values() if f"{loan.out_on:%Y-%m}" == month]
                bad = [loan for loan in mine if loan.days(end) > 30]
                worse = [loan for loan in mine if loan.days(end) > 90]
                counted[month, end.isoformat()] = (
                    len(mine),
                    sum(loan.lent for loan in mine),
                    len(bad),
                    sum(loan.owed_principal() for loan in bad),
                    len(worse),
                    sum(loan.owed_principal() for loan in worse),
                )
        return counted


def stage_of(days: int, table: Iterable[tuple[str, int]]) -> str:
    return [name for name, first in table if first <= days][-1]


def rolls(
    before: Recount, after: Recount, table: Iterable[tuple[str, int]]
) -> dict[tuple[str, str], int]:
    first, last = before.stood(table), after.stood(table)
    moved = Counter((first[name], last.get(name, "settled")) for name in first)
    moved.update(("new", last[name]) for name in last.keys() - first.keys())
    return dict(moved)


def month_end_before(day: date) -> date:
    return day.replace(day=1) - timedelta(days=1)


def differences(ask: Any, events: list[Event], end: date) -> list[str]:
    """What the product answers otherwise for a month end. `ask(*words)` gives its JSON."""
    book, before = Recount(events, end), Recount(events, month_end_before(end))
    told = ask("overdue", "--as-of", end.isoformat())["stages"]
    table = [(line["stage"], line["from_days"]) for line in told]
    found: list[str] = []

    def hold(what: str, ours: object, theirs: object) -> None:
        if ours != theirs:
            found.append(f"{what}: the product says {theirs}, the events {ours}")

    for line in told:
        ours = book.stages(table)[line["stage"]]
        hold(f"stage {line['stage']}", ours, {name: line[name] for name in ours})
    roll = ask("overdue", "--as-of", end.isoformat(), "--by", "roll")["rolls"]
    theirs = {(line["from_stage"], line["to_stage"]): line["loans"] for line in roll}
    hold("roll rates", rolls(before, book, table), theirs)
    figures = ask("disclosure", f"{end:%Y-%m}")["figures"]
    counted = {figure["name"]: figure["value"] for figure in figures}
    for name, value in book.disclosure().items():
        hold(name, value, counted[name])
    # They agree with one another, too.
    hold("overdue in all", sum(line["lenders_fen"] for line in told), counted["overdue_fen"])
    standing = sum(loans for (_, to), loans in theirs.items() if to != "settled")
    hold("loans that stand somewhere", standing, counted["outstanding_loans"])
    return found


def events_in(folder: Path) -> list[Event]:
    """Of the log in a data folder, in its order."""
    import psycopg  # What stands above needs nothing of these.

    from adapters.shard_schema import shard_schema
    from services.cli.opening import database, find

    place = find(folder, None)
    with database(place) as url, psycopg.connect(url) as connection:
        rows = connection.execute(
            f"SELECT topic, state FROM {shard_schema(place.platform)}.stored_events"
            " ORDER BY notification_id"
        )
        return [event_of(topic, bytes(state)) for topic, state in rows]


def main(folder: str, day: str) -> int:
    from tests.services.cli.conftest import zhuanhu_process

    def ask(*words: str) -> Any:
        return zhuanhu_process(*words, "--data", folder, "--json").json

    events = events_in(Path(folder))
    found = differences(ask, events, date.fromisoformat(day))
    sys.stdout.write("\n".join(found or [f"{len(events)} events: equal"]) + "\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
