"""Callbacks (NOTIFY): verified, written down, and only then answered by the bank's word for it.

The bank repeats a notice until it has that answer, so that a crash here loses none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import LiteralString
from urllib.parse import parse_qsl

import structlog
from msgspec import to_builtins
from psycopg.types.json import Jsonb

from domain.ports import BankNotice, CustodianUntrusted
from infra import http_server
from infra.postgres import connect
from services.custody.lease import enter
from services.custody.schema import custody_schema

BODY_LIMIT = 1024 * 1024

log = structlog.get_logger(__name__)

_INSERT: LiteralString = (
    "INSERT INTO notice (received_at, request_no, outcome, code, bank_date,"
    " withdrawal_request_no, account, amount_fen, authorised)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


class NotReady(Exception):
    """Nobody is there yet, or any more, to take it: the bank comes again."""


class NoticeBox:
    """Where notices land. Has a session of its own: it only ever adds. Safe to call from several
    threads."""

    def __init__(self, url: str, platform: str) -> None:
        self._connection = connect(url, autocommit=True)
        enter(self._connection, custody_schema(platform))

    def put(self, notice: BankNotice, now: datetime) -> None:
        answer, returned = notice.answer, notice.returned
        back = (
            (returned.withdrawal_request_no, returned.account, returned.amount_fen)
            if returned
            else (None, None, None)
        )
        told = notice.authorised and Jsonb(to_builtins(notice.authorised))
        said = (notice.request_no, answer.outcome.value, answer.code, answer.bank_date)
        self._connection.execute(_INSERT, (now, *said, *back, told), prepare=True)

    def close(self) -> None:
        self._connection.close()


@contextmanager
def listening(
    host: str, port: int, take: Callable[[Mapping[str, str]], None], word: str = "SUCCESS"
) -> Iterator[tuple[str, int]]:
    """Takes the bank's posts as long as it is open; gives the address. `take` writes a notice
    down, and raises CustodianUntrusted for one that the bank did not sign, NotReady. `word` is what
    the bank wants to hear then. Raises OSError where the port is taken."""
    with http_server.serving(host, port, _handler(take, word), "notices") as taken:
        yield host, taken


def _handler(take: Callable[[Mapping[str, str]], None], word: str) -> type[http_server.Handler]:
    class Handler(http_server.Handler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:  # noqa: N802 - the library calls it so.
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > BODY_LIMIT:
                self.close_connection = True
                self._answer(413 if length.isdecimal() else 411, "FAIL")
                return
            body = self.rfile.read(int(length))
            try:
                form = dict(parse_qsl(body.decode(), keep_blank_values=True))
                take(form)
            except (CustodianUntrusted, UnicodeDecodeError) as reason:
                log.warning("notice_refused", reason=type(reason).__name__)
                self._answer(400, "FAIL")
            except NotReady:
                self._answer(503, "FAIL")
            except Exception:
                log.exception("notice_failed")
                self._answer(500, "FAIL")
            else:
                self._answer(200, word)

        def _answer(self, status: int, text: str) -> None:
            self.answer(status, "text/plain", text.encode())

    return Handler
