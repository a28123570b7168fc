"""Final words that the bank took back, read out of the journal. See domain.contradictions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, LiteralString

from domain.contradictions import Contradiction
from infra.postgres import connect
from services.custody.lease import enter
from services.custody.requests import Kind
from services.custody.schema import custody_schema

MOVES_MONEY = frozenset(
    {
        *(Kind.RECHARGE, Kind.WITHDRAW, Kind.FREEZE, Kind.RELEASE),
        *(Kind.FREEZE_FUNDS, Kind.UNFREEZE_FUNDS, Kind.EXECUTE),
    }
)


class TakenBack:
    """One connection, which only reads: not for several threads at once. The journal must be
    there."""

    def __init__(self, url: str, platform: str) -> None:
        self._connection = connect(url, autocommit=True)
        enter(self._connection, custody_schema(platform))

    def close(self) -> None:
        self._connection.close()

    def on(self, bank_date: date) -> list[Contradiction]:
        return self._told(_TOLD + " WHERE bank_date = %s ORDER BY request_no", bank_date)

    def of(self, request_nos: Collection[str]) -> list[Contradiction]:
        if not request_nos:
            return []
        return self._told(_TOLD + " WHERE request_no = ANY(%s)", list(request_nos))

    def _told(self, query: LiteralString, value: object) -> list[Contradiction]:
        return [_contradiction(*row) for row in self._connection.execute(query, (value,))]


def _contradiction(
    request_no: str, kind: str, subject: str, said: str, *rest: Any
) -> Contradiction:
    said_at, then_at, code, bank_date = rest
    entry_id = subject if kind in MOVES_MONEY else None
    then = "refused" if said == "settled" else "settled"
    return Contradiction(request_no, kind, entry_id, said, said_at, then, then_at, code, bank_date)


# `trouble` is small, and names each of them once.
_TOLD: LiteralString = """
SELECT * FROM (
    SELECT r.request_no, r.kind, r.subject, word.state, word.at AS said_at, back.at, back.code,
        greatest((back.at AT TIME ZONE 'Asia/Shanghai')::date, back.bank_date) AS bank_date
    FROM trouble JOIN request AS r USING (request_no)
    CROSS JOIN LATERAL (
        SELECT state, at FROM request_step AS s
        WHERE s.request_no = r.request_no AND state IN ('settled', 'refused')
        ORDER BY seq LIMIT 1
    ) AS word
    CROSS JOIN LATERAL (
        SELECT at, code, bank_date FROM request_step AS s
        WHERE s.request_no = r.request_no AND state = 'contradicted'
        ORDER BY seq LIMIT 1
    ) AS back
    WHERE trouble.code = 'contradicted'
) AS told
"""
