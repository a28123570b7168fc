"""Writes into the journal under the time that it is, and raises the alarm over troubles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import structlog

from infra.clock import SHANGHAI, Clock
from services.custody.journal import Journal, Step, Trouble
from services.custody.requests import Open

log = structlog.get_logger(__name__)


class Scribe:
    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    @property
    def now(self) -> datetime:
        return self._clock.now()

    @property
    def today(self) -> date:
        """The bank's day: what is sent on one day is never sent again on another."""
        return self.now.astimezone(SHANGHAI).date()

    def take(
        self,
        steps: Sequence[Step],
        troubles: Sequence[Trouble] = (),
        read: Sequence[int] = (),
        asked: Sequence[Open] = (),
    ) -> None:
        """`read`: the notices that are done with by that; `asked`: who was asked after."""
        if steps or troubles or read or asked:
            _alarm(troubles)
            self._journal.take(
                steps, self.now, self.today, troubles=troubles, notices=read, asked=asked
            )

    def reported(self, requests: Sequence[Open], troubles: Sequence[Trouble]) -> None:
        """They are done with."""
        _alarm(troubles)
        self._journal.mark_reported([each.no for each in requests], troubles, self.now)


def _alarm(troubles: Sequence[Trouble]) -> None:
    for trouble in troubles:
        log.error("custody_trouble", request_no=trouble.request_no, code=trouble.code)
