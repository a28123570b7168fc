"""What custody lets be seen of the bank."""

from __future__ import annotations

from typing import Protocol

from domain.ports import BankOutcome


class Watch(Protocol):
    def called(self, outcome: BankOutcome) -> None:
        """A request was sent or asked after. Told from several threads."""

    def bank(self, *, down: bool, held_back: int) -> None:
        """Whether it is taken to be down, and how many requests wait unsent for that."""


class Unwatched:
    def called(self, outcome: BankOutcome) -> None:
        pass

    def bank(self, *, down: bool, held_back: int) -> None:
        pass


UNWATCHED = Unwatched()
