"""Rule 3: every closed day was reconciled with the bank, or its breaks have names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from domain.model import Event
from domain.platform import BusinessDateRolled
from services.proof.checks.check import Check, Fact, Look
from services.proof.snapshot import Snapshot

VERDICTS = (
    "SELECT d.bank_date, d.verdict,"
    " count(s.break_id) FILTER (WHERE b.owner <> '' AND b.status = 'open')"
    " FROM {reconciliation}.day d"
    " LEFT JOIN {reconciliation}.sighting s ON s.bank_date = d.bank_date AND NOT s.gone"
    " LEFT JOIN {reconciliation}.break b ON b.break_id = s.break_id"
    " GROUP BY d.bank_date, d.verdict"
)
"""Each reconciled day with how many open and owned breaks it has."""

CLEAN = frozenset({"reconciled", "reconciled_with_pending"})


class ReconciledDays(Check):
    """The day that was closed last may still wait for the bank's files."""

    NAME = "reconciled_days"
    RULE = 3
    TITLE = "The book equals the bank's for every closed day, or a named break says why not"

    def __init__(self) -> None:
        super().__init__()
        self._closed: list[date] = []

    def looks(self) -> Mapping[type[Event], Look]:
        return {BusinessDateRolled: self._rolled}

    def _rolled(self, fact: Fact) -> None:
        event = fact.event
        self._closed.append(event.closed)

    def finish(self, snapshot: Snapshot) -> None:
        self.looked_at["closed_days"] = len(self._closed)
        self.looked_at["reconciled_days"] = 0
        if not snapshot.has("reconciliation"):
            return  # A platform that reconciles elsewhere, or has not begun.
        days = {on: (verdict, named) for on, verdict, named in snapshot.stream(VERDICTS)}
        waiting = self._closed[-1:]
        for closed in self._closed:
            verdict, named = days.get(closed, ("not reconciled", 0))
            if verdict in CLEAN:
                self.looked_at["reconciled_days"] += 1
            elif verdict == "breaks" and named:
                self.looked_at["days_with_breaks"] += 1
            elif closed not in waiting:
                self.violated(f"{closed} is {verdict}, and no break has an owner")
