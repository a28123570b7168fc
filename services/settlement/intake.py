"""Takes commands from the inbox to the writer."""

from __future__ import annotations

from psycopg import sql
from pydantic import TypeAdapter, ValidationError

from adapters.shard_schema import shard_schema
from domain.commands import AnyCommand, Command
from infra.postgres import connect
from services.settlement.writer import BATCH_MAX, Writer

READER: TypeAdapter[Command] = TypeAdapter(AnyCommand)


def read_command(message: bytes | str) -> Command:
    """A typed command from its JSON. Raises ValidationError, which names field and rule."""
    return READER.validate_json(message)


class Intake:
    def __init__(self, url: str, platform: str, writer: Writer) -> None:
        self._connection = connect(url, autocommit=True, by_key=True)
        self._query = sql.SQL(
            "SELECT position, message FROM {}.inbox ORDER BY position LIMIT %s"
        ).format(sql.Identifier(shard_schema(platform)))
        self._writer = writer

    def step(self) -> int:
        """Decides what waits, at most one batch; gives how many messages that were."""
        rows = self._connection.execute(self._query, (BATCH_MAX,)).fetchall()
        places, commands, parked = [], [], []
        for place, message in rows:
            try:
                commands.append(read_command(message))
                places.append(place)
            except ValidationError as error:
                parked.append((place, message, reason_of(error)))
        if rows:
            self._writer.run(commands, places, parked)
        return len(rows)

    def close(self) -> None:
        self._connection.close()


def reason_of(error: ValidationError) -> str:
    """Fields and rules, never values: they may be personal."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
