"""提前部分还款, as a part of a loan's stream: principal that is paid before it is due.

It is billed as an instalment of its own, numbered after those of the schedule, and what is left of
the schedule is drawn up anew in the same event. Decisions are in early_part.py.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from domain.model import Event, State
from domain.register import Row, Vector


class EarlyPartBilled(Event, omit_defaults=True):
    """`interest` holds the compensation for paying early, and of a loan that pays in one sum at the
    end what it has earned so far. `rows`: the schedule from the next instalment on; empty where
    there is none."""

    TOPIC: ClassVar[str] = "loan.early-part-billed.v1"
    loan_id: str
    period: int
    due_on: date  # Of the next instalment: before that nobody is late with it.
    principal: Vector
    interest: Vector
    sharing: str
    rows: tuple[Row, ...]
    compensation_fen: int = 0
    months_paid: int = 0  # Of a loan that pays in one sum at the end: whose interest is paid.


class EarlyPartUndone(Event):
    """The payment for which it was billed failed. `rows`: the schedule with that principal."""

    TOPIC: ClassVar[str] = "loan.early-part-undone.v1"
    loan_id: str
    period: int
    principal: Vector
    interest: Vector
    rows: tuple[Row, ...]


class EarlyPart(State):
    """One whose payment is at the bank, and what was so before it."""

    period: int
    next_period: int
    rows: tuple[Row, ...]  # From that instalment on.
    months_paid: int
