"""The family's HTTP side: signed JSON messages to /escrow/p2p/online, page and file."""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections import deque
from concurrent.futures import Future
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from services.sandbox_bank.batch_family import batches, files, lines, service
from services.sandbox_bank.batch_family.codes import RetCode, Turned
from services.sandbox_bank.batch_family.message import Message, read, sealed_text
from services.sandbox_bank.book import Book
from services.sandbox_bank.faults import BEFORE, Fault, Faults, Kind
from services.sandbox_bank.mishaps import CutShort, no_answer
from services.sandbox_bank.seal import Seal
from services.sandbox_bank.teller import Job, Teller

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
    ) -> None:
        self._teller = teller
        self._seal = seal
        self._faults = faults
        self._url = url
        self._inst_code = inst_code
        self._auto_complete = auto_complete
        self._calls_per_s = calls_per_s
        self._taken_at: deque[float] = deque()

    async def take(self, request: Request) -> Response:
        """Starlette endpoint of both paths."""
        try:
            message = await self._open(request)
        except Turned as reason:
            return self._signed(_turned(reason))
        fault = self._faults.take(message.tx_code, message.request_no)
        if fault and fault.kind in BEFORE:
            return await no_answer(request, fault)
        told = message.echo() | await self._answer(message, fault)
        if fault and fault.kind is Kind.TIMEOUT_AFTER:
            return await no_answer(request, fault)
        if fault and fault.kind is Kind.BAD_SIGNATURE:
            text = sealed_text(self._seal, told | {"seqNo": "0"})
            return _json(text.replace('"seqNo":"0"', f'"seqNo":"{told["seqNo"]}"'))
        answer = self._signed(told)
        if fault and fault.kind is Kind.CUT:
            return CutShort(answer.body, headers=dict(answer.headers))
        return answer

    async def _open(self, request: Request) -> Message:
        body = await request.body()
        if len(body) > _BODY_LIMIT:
            raise Turned(RetCode.BAD_MESSAGE, f"the message is larger than {_BODY_LIMIT} bytes")
        message = read(body, self._inst_code, self._seal)
        if not service.is_served(request.url.path, message.tx_code):
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
            return told | await asyncio.to_thread(self._file, message)
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

    def _file(self, message: Message) -> dict[str, str]:
        day = datetime.strptime(message.data["fileDate"], "%Y%m%d").date()  # noqa: DTZ007 - a date
        name, content = files.file_of(self._url, message.data["fileType"], day)
        return {"fileName": name, "content": base64.b64encode(content).decode()}

    def _signed(self, told: dict[str, str]) -> Response:
        return _json(sealed_text(self._seal, told))


def _turned(reason: Turned) -> dict[str, str]:
    return {"retCode": reason.code.value, "retMsg": reason.message}


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")
