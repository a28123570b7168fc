"""Tables that are only ever added to: the database itself refuses to change their rows."""

from __future__ import annotations

import psycopg
from psycopg import sql

_GUARDED = """
SELECT count(*) FROM pg_trigger
WHERE tgname = 'append_only' AND tgrelid = ANY(%s::regclass[])
"""
_FUNCTION = """
CREATE OR REPLACE FUNCTION {}.append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE restrict_violation USING MESSAGE = TG_TABLE_NAME || ' is only ever added to';
END $$
"""
_TRIGGER = """
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {0}.{1}
EXECUTE FUNCTION {0}.append_only()
"""


def forbid_changes(connection: psycopg.Connection, schema: str, *tables: str) -> None:
    """From now on any UPDATE, DELETE or TRUNCATE of these is a psycopg.errors.RestrictViolation,
    also for their owner. Only who may alter the tables can undo it. Callers that run at once
    wait for one another."""
    if _are_guarded(connection, schema, tables):
        return
    with connection.transaction():
        # To create a function twice at once fails even with OR REPLACE. The migrations' lock.
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (schema,))
        if _are_guarded(connection, schema, tables):
            return
        connection.execute(sql.SQL(_FUNCTION).format(sql.Identifier(schema)))
        for table in tables:
            names = sql.Identifier(schema), sql.Identifier(table)
            connection.execute(sql.SQL(_TRIGGER).format(*names))


def _are_guarded(connection: psycopg.Connection, schema: str, tables: tuple[str, ...]) -> bool:
    names = [f'"{schema}".{table}' for table in tables]
    return connection.execute(_GUARDED, (names,)).fetchone() == (len(tables),)
