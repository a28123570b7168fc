"""The credit bureau's records out of the log, in its order: the same days, the same records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import cast

from adapters.event_log import LogReader
from domain import loan, loan_events, loan_evolution
from domain.credit_bureau import Record, Told, records
from domain.loan import Loan
from domain.loan_events import LoanEvent

PAGE = 5_000
_TOPICS = [event.TOPIC for event in loan_events.EVENTS]


def records_of(log: LogReader, first: date, last: date) -> Iterator[Record]:
    """Of the business dates `first` to `last`, both included. What happened before is folded."""
    states: dict[str, Loan] = {}
    for page in log.pages(0, log.head(), _TOPICS, PAGE):
        for recorded in page:
            event = cast("LoanEvent", recorded.event)
            before = states.get(event.loan_id, loan.INITIAL)
            after = states[event.loan_id] = loan_evolution.evolve(before, event)
            day = recorded.business_date
            if day > last:
                return
            if day >= first:
                told = Told(recorded.position, recorded.recorded_at, day)
                yield from records(told, event, before, after)
