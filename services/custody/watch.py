"""What custody lets be seen of the bank."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from domain.ports import BankOutcome


class Watch(Protocol):
    def called(self, outcome: BankOutcome) -> None:
        """A request was sent or asked after. Told from several threads."""

    def bank(self, *, down_since: datetime | None, held_back: int) -> None:
        """Since when it is taken to be down, if it is, and how many requests wait unsent for
        that."""

    def held(self, since: datetime | None) -> None:
        """Since when nothing is sent because the database was restored, if that is so."""


class Unwatched:
    def called(self, outcome: BankOutcome) -> None:
        pass

    def bank(self, *, down_since: datetime | None, held_back: int) -> None:
        pass

    def held(self, since: datetime | None) -> None:
        pass


UNWATCHED = Unwatched()
