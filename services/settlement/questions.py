"""What the writer asks the database before it decides a delivery: which of its commands have an
outcome already, and what they touch that is not on the shelf.

`ask` sends the questions for the next delivery, `take` waits for their answers. The one before is
decided in between: what it changes is on the shelf by then, and younger than any answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

import psycopg

from adapters.vault import Seal
from domain.commands import Command
from services.settlement.handlers import HANDLERS
from services.settlement.pen import Delivery
from services.settlement.receipts import Answered, Receipts, answered
from services.settlement.shelf import Lacking, Shelf
from services.settlement.touches import PEEKING, Look


class Ready(NamedTuple):
    """A delivery that can be decided."""

    delivery: Delivery
    payloads: list[bytes]  # The hash of each command.
    known: dict[str, Answered]  # Those commands that had an outcome when it was asked.


class _Asked(NamedTuple):
    delivery: Delivery
    receipts: psycopg.Cursor
    lacking: Lacking
    pipeline: ExitStack


class Questions:
    def __init__(self, connection: psycopg.Connection, schema: str, seal: Seal) -> None:
        self.shelf = Shelf(connection, schema)
        self._receipts = Receipts(connection, schema)
        self._connection = connection
        self._seal = seal
        self._look = Look(self.shelf.states.peek, seal.digest)
        self._asked: _Asked | None = None

    def ask(self, delivery: Delivery) -> _Asked:
        commands = delivery.commands
        touched = [HANDLERS[type(command)].touches(command, self._look) for command in commands]
        with ExitStack() as pipeline:
            pipeline.enter_context(self._connection.pipeline())
            receipts = self._receipts.ask([command.id for command in commands])
            lacking = self.shelf.ask(
                (name for each in touched for name in each.streams),
                (name for each in touched for name in each.accounts),
            )
            self._asked = _Asked(delivery, receipts, lacking, pipeline.pop_all())
        return self._asked

    def listen(self) -> None:
        """Takes in what has been answered: no socket holds all of it, and the server would stand
        still until somebody reads. Waits for nothing."""
        if self._asked is not None:
            self._connection.pgconn.consume_input()

    def take(self, delivery: Delivery) -> Ready:
        """Asks first, where nobody did."""
        asked = self._asked
        if asked is None or asked.delivery is not delivery:
            asked = self.ask(delivery)
        self._asked = None
        payloads = [self._seal.payload_hash(_payload(command)) for command in delivery.commands]
        with asked.pipeline:
            known = answered(asked.receipts)
            self.shelf.take(asked.lacking)
        self._load_more([command for command in delivery.commands if command.id not in known])
        return Ready(delivery, payloads, known)

    def _load_more(self, commands: Sequence[Command]) -> None:
        """What is known to be touched only from what was asked for."""
        peeking = [(each, HANDLERS[type(each)].touches) for each in commands]
        peeking = [each for each in peeking if each[1] in PEEKING]
        asked: set[str] = set()
        while peeking:
            touched = [touches(command, self._look) for command, touches in peeking]
            streams = {name for each in touched for name in each.streams} - asked
            self.shelf.load(streams, (name for each in touched for name in each.accounts))
            asked |= streams
            if not streams:
                return


def _payload(command: Command) -> bytes:
    return command.__pydantic_serializer__.to_json(command)
