"""The family's HTTP side: signed JSON messages to /escrow/p2p/online, page and file."""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from datetime import date

import orjson
from starlette.requests import Request
from starlette.responses import Response

from services.sandbox_bank.batch_family import batches, files, lines, service
from services.sandbox_bank.batch_family.codes import RetCode, Turned
from services.sandbox_bank.batch_family.message import Message, read, sealed_text
from services.sandbox_bank.book import Book
from services.sandbox_bank.faults import Faults
from services.sandbox_bank.kinds import ORDERS, QUESTIONS, Fault, Kind
from services.sandbox_bank.mishaps import played
from services.sandbox_bank.seal import Seal
from services.sandbox_bank.teller import Job, Teller
from services.sandbox_bank.web import put_on_record

_BODY_LIMIT = 16 * 1024 * 1024

log = logging.getLogger(__name__)


class Front:
    """`calls_per_s` is how many messages it takes in any second; 0: any number."""

    def __init__(
        self,
        teller: Teller,
        seal: Seal,
        faults: Faults,
        url: str,
        inst_code: str,
        *,
        auto_complete: bool,
        calls_per_s: int,
        is_closed: Callable[[], bool],
    ) -> None:
        self._teller = teller
        self._seal = seal
        self._faults = faults
        self._url = url
        self._inst_code = inst_code
        self._auto_complete = auto_complete
        self._calls_per_s = calls_per_s
        self._is_closed = is_closed
        self._taken_at: deque[float] = deque()

    async def take(self, request: Request) -> Response:
        """Starlette endpoint of both paths."""
        try:
            message = self.open(request.url.path, await request.body())
        except Turned as reason:
            return self._signed(_turned(reason))
        asks = not service.is_order(message.tx_code)
        kinds = QUESTIONS if asks else ORDERS
        fault = self._faults.take(message.tx_code, message.about, kinds)
        if fault is None:
            return await self._told(message, None)
        await put_on_record(self._teller, fault)
        return await played(request, fault, lambda: self._told(message, fault), _forged)

    async def _told(self, message: Message, fault: Fault | None) -> Response:
        return self._signed(message.echo() | await self._answer(message, fault))

    def open(self, path: str, body: bytes) -> Message:
        """Raises Turned."""
        if len(body) > _BODY_LIMIT:
            raise Turned(RetCode.BAD_MESSAGE, f"the message is larger than {_BODY_LIMIT} bytes")
        message = read(body, self._inst_code, self._seal)
        if self._is_closed():
            raise Turned(RetCode.CLOSED, "系统维护中")
        if not service.is_served(path, message.tx_code):
            raise Turned(RetCode.NOT_OPENED, "交易未开通")
        if self._is_too_fast():
            raise Turned(RetCode.TOO_FAST, "访问频率超限")
        return message

    def _is_too_fast(self) -> bool:
        if not self._calls_per_s:
            return False
        now = time.monotonic()
        while self._taken_at and self._taken_at[0] <= now - 1:
            self._taken_at.popleft()
        if len(self._taken_at) >= self._calls_per_s:
            return True
        self._taken_at.append(now)
        return False

    async def _answer(self, message: Message, fault: Fault | None) -> dict[str, str]:
        try:
            told = await asyncio.wrap_future(self._submit(message, fault))
            if message.tx_code != "fileDownload" or told.get("state") != "S":
                return told
            day = told.pop("fileDate")
            return told | await asyncio.to_thread(self._file, message.data["fileType"], day)
        except Exception as error:  # noqa: BLE001 - a bug or a lost database: the caller must ask again.
            # Only the kind: the text of a database error may quote a member's record.
            log.critical("%s failed: %s", message.tx_code, type(error).__name__)
            return _turned(Turned(RetCode.SYSTEM, "系统错误"))

    def _submit(self, message: Message, fault: Fault | None) -> Future[dict[str, str]]:
        def run(book: Book) -> dict[str, str]:
            return service.serve(book, message, fault, auto_complete=self._auto_complete)

        job = Job(run, service.keys_of(message), alone=service.is_alone(message.tx_code))
        future = self._teller.submit(job)
        if message.tx_code in lines.SERVICES:
            future.add_done_callback(lambda taken: self._work_off(message, taken))
        return future

    def _work_off(self, message: Message, taken: Future[dict[str, str]]) -> None:
        if taken.exception() is None and "received" in taken.result():
            key = batches.batch_key(message.data["txDate"], message.data["batchNo"])
            batches.advance(self._teller.submit, self._faults, key)

    def _file(self, file_type: str, file_date: str) -> dict[str, str]:
        day = date.fromisoformat(file_date)
        name, content = files.file_of(self._url, file_type, day)
        return {"fileName": name, "content": base64.b64encode(content).decode()}

    def _signed(self, told: dict[str, str]) -> Response:
        return _json(sealed_text(self._seal, told))


def _forged(answer: Response, kind: Kind) -> Response:
    told = orjson.loads(answer.body)
    if kind is Kind.NO_SIGNATURE:
        del told["sign"]
    else:
        told["retMsg"] = told.get("retMsg", "") + " "  # Not what was signed.
    return _json(orjson.dumps(told).decode())


def _turned(reason: Turned) -> dict[str, str]:
    return {"retCode": reason.code.value, "retMsg": reason.message}


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")
