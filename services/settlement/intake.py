"""Takes commands from the inbox to the writer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import TypeAdapter, ValidationError

from adapters.shard_schema import shard_schema
from adapters.vault import Seal, VaultUnreadable
from domain.commands import AnyCommand, Command
from domain.complaint import complaint
from infra.postgres import connect, in_schema_of
from services.settlement.pen import INBOX, Delivery, Unread
from services.settlement.writer import BATCH_MAX, Writer

STEP_MAX = 20 * BATCH_MAX

READER: TypeAdapter[Command] = TypeAdapter(AnyCommand)


def read_command(message: bytes | str) -> Command:
    """A typed command from its JSON. Raises ValidationError, which names field and rule."""
    return READER.validate_json(message)


class Intake:
    def __init__(self, url: str, platform: str, writer: Writer) -> None:
        self._connection = connect(url, autocommit=True, by_key=True)
        self._query = in_schema_of(
            "SELECT position, message FROM {}.inbox WHERE position > %s ORDER BY position LIMIT %s",
            shard_schema(platform),
        )
        self._writer = writer

    def step(self, limit: int = STEP_MAX) -> int:
        """Decides what waits, at most so many messages; gives how many that were."""
        taken = 0

        def waiting() -> Iterator[Delivery]:
            nonlocal taken
            place = 0
            while taken < limit:
                most = min(BATCH_MAX, limit - taken)
                rows = self._connection.execute(self._query, (place, most)).fetchall()
                if not rows:
                    return
                place = rows[-1][0]
                taken += len(rows)
                yield _delivery(rows, self._writer.seal)

        self._writer.run(waiting())
        return taken

    def close(self) -> None:
        self._connection.close()


def _delivery(rows: Sequence[tuple[int, bytes]], seal: Seal) -> Delivery:
    places, commands, unread = [], [], []
    for place, closed in rows:
        message = closed
        try:
            message = seal.open_message(closed)
            commands.append(read_command(message))
            places.append(place)
        except ValidationError as error:
            unread.append(Unread(INBOX, place, message, str(complaint(error))))
        except VaultUnreadable as error:
            unread.append(Unread(INBOX, place, message, str(error)))
    return Delivery(commands, places, unread)
