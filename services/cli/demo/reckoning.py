"""What the stand-in bank has on record as injected, held against what the product reported.

a line missing, doubled, changed, foreign   the break of its class on its movement
a contradiction                             break `contradiction`, custody's trouble `contradicted`
a paid withdrawal that came back            break `returned`, the money in the book, once
anything else                               nothing, or a trouble that it explains

Of breaks all count that were ever reported, the resolved ones too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import LiteralString, NamedTuple

from psycopg import sql

from adapters.read_models.store import views_schema
from infra.postgres import connect
from services.cli.stack import Stack
from services.reconciliation.breaks import BreakClass
from services.reconciliation.results import Verdict

_LINES = {
    "line_missing": BreakClass.MISSING_AT_BANK,
    "line_doubled": BreakClass.DUPLICATE,
    "line_changed": BreakClass.AMOUNT,
}
# What of custody's troubles may follow from which fault: of the same request.
_EXPLAINS = {"lost_at_bank": "not_found", "partly_done": "partial"}
_TROUBLES: LiteralString = "SELECT code, request_no FROM {custody}.trouble"
_RETURNED: LiteralString = (
    "SELECT reference FROM {views}.movement"
    " WHERE purpose = 'returned_withdrawal' AND status = 'settled'"
)
_REQUEST_OF: LiteralString = "SELECT movement_id, request_no FROM {custody}.instruction"


class Report(NamedTuple):
    """Of one thing: what kind of report, its class or code, and what it is about."""

    register: str
    kind: str
    about: str

    def __str__(self) -> str:
        return f"{self.register} {self.kind}: {self.about}"


class Reckoning(NamedTuple):
    injected: Mapping[str, int]
    incomplete_days: int
    missing: list[Report]  # Injected, and not reported so.
    unexplained: list[Report]  # Reported, and not injected.

    @property
    def even(self) -> bool:
        return not (self.incomplete_days or self.missing or self.unexplained)


def reckon(stack: Stack) -> Reckoning:
    injected = stack.bank.injected()
    due = set(_due(injected))
    reported = set(_reported(stack))
    with connect(stack.url, autocommit=True) as connection:
        query = sql.SQL(_REQUEST_OF).format(custody=sql.Identifier(f"custody_{stack.platform}"))
        request_of: dict[str, str] = dict(connection.execute(query).fetchall())
    explained = set(_explained(injected, request_of))
    return Reckoning(
        Counter(each["kind"] for each in injected),
        sum(day.verdict is Verdict.INCOMPLETE for day in stack.reconciler.records.days()),
        sorted(due - reported),
        sorted(reported - due - explained),
    )


def _due(injected: Iterable[Mapping[str, str]]) -> Iterator[Report]:
    for each in injected:
        kind, named = each["kind"], each["subject"].partition(" ")[2]
        if kind in _LINES:
            yield Report("break", _LINES[kind], named.partition("~")[0])
        elif kind == "line_foreign":
            yield Report("break", BreakClass.MISSING_IN_BOOK, each["detail"])
        elif kind == "contradiction":
            yield Report("break", BreakClass.CONTRADICTION, each["detail"])
            yield Report("trouble", "contradicted", each["detail"])
        elif kind == "backroll":
            yield Report("break", BreakClass.RETURNED, f"B-{each['detail']}.1")
            yield Report("return", "returned_withdrawal", each["detail"])


def _reported(stack: Stack) -> Iterator[Report]:
    for each in stack.reconciler.records.breaks(status=None):
        yield Report("break", each.kind, each.reference)
    names = {
        "custody": sql.Identifier(f"custody_{stack.platform}"),
        "views": sql.Identifier(views_schema(stack.platform)),
    }
    with connect(stack.url, autocommit=True) as connection:
        for code, request_no in connection.execute(sql.SQL(_TROUBLES).format(**names)):
            yield Report("trouble", code, request_no)
        for (record,) in connection.execute(sql.SQL(_RETURNED).format(**names)):
            yield Report("return", "returned_withdrawal", record)


def _explained(
    injected: Iterable[Mapping[str, str]], request_of: Mapping[str, str]
) -> Iterator[Report]:
    for each in injected:
        named = each["subject"].partition(" ")[2].partition("~")[0]
        for trouble, kind in _EXPLAINS.items():
            if each["kind"] == kind:
                yield Report("trouble", trouble, request_of.get(named, named))
