"""The bank's HTTP side: /gateway, /service and /download take signed forms and give signed answers.

What is wrong with the envelope is refused here, in this order: platform, signature, JSON, service,
clock, and only then the desk sees the call.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
import psycopg
from starlette.requests import Request
from starlette.responses import Response

from services.sandbox_bank import batches, desk, downloads
from services.sandbox_bank.book import Book
from services.sandbox_bank.clock import BEIJING, BankClock
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.faults import Faults
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.hours import Hours
from services.sandbox_bank.keys import keys_in
from services.sandbox_bank.kinds import ORDERS, QUESTIONS, Fault, Kind
from services.sandbox_bank.mishaps import played
from services.sandbox_bank.seal import Seal
from services.sandbox_bank.teller import Job, Teller

DOWNLOAD = "/download"
_SKEW = timedelta(minutes=10)
_BODY_LIMIT = 16 * 1024 * 1024
_FORM_FIELDS = ("serviceName", "platformNo", "reqData", "keySerial", "sign")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """A verified form."""

    path: str
    service: str
    data: dict[str, Any]

    @property
    def request_no(self) -> object:
        return self.data.get("requestNo") or self.data.get("batchNo")

    @property
    def about(self) -> str:
        """What faults are scripted by and planned for."""
        named = (self.request_no, self.data.get("platformUserNo"), self.data.get("fileDate"))
        return next((each for each in named if isinstance(each, str) and each), "")


class Front:
    def __init__(
        self,
        teller: Teller,
        clock: BankClock,
        seal: Seal,
        faults: Faults,
        url: str,
        platform_no: str,
        *,
        auto_complete: bool,
        hours: Hours,
    ) -> None:
        self._teller = teller
        self._clock = clock
        self._seal = seal
        self._faults = faults
        self._url = url
        self._platform_no = platform_no
        self._auto_complete = auto_complete
        self._hours = hours

    async def take(self, request: Request) -> Response:
        """Starlette endpoint of the three paths."""
        body = await request.body()
        try:
            message = self.open(request.url.path, body)
        except Refused as error:
            return self._signed(desk.refused(error, None))
        asks = message.service in desk.QUESTIONS or message.path == DOWNLOAD
        fault = self._faults.take(message.service, message.about, QUESTIONS if asks else ORDERS)
        if fault is None:
            return await self._answer(message, None)
        await put_on_record(self._teller, fault)
        return await played(request, fault, lambda: self._answer(message, fault), self._forged)

    def _forged(self, answer: Response, kind: Kind) -> Response:
        del answer.headers["sign"]
        if kind is Kind.BAD_SIGNATURE:
            answer.headers["sign"] = self._seal.sign(bytes(answer.body) + b" ")
        return answer

    def open(self, path: str, body: bytes) -> Message:
        """Raises Refused for what is wrong with the envelope."""
        if len(body) > _BODY_LIMIT:
            raise Refused(Code.BAD_REQUEST, f"the form is larger than {_BODY_LIMIT} bytes")
        try:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        except ValueError:
            raise Refused(Code.BAD_REQUEST, "the body is not a form") from None
        for name in _FORM_FIELDS:
            if not form.get(name):
                raise Refused(Code.BAD_REQUEST, f"{name} is missing")
        if form["platformNo"] != self._platform_no:
            raise Refused(Code.UNKNOWN_PLATFORM, "平台编号不存在")
        if not self._seal.genuine(form["reqData"].encode(), form["sign"], form["keySerial"]):
            raise Refused(Code.BAD_SIGNATURE, "验签失败")
        data = _object(form["reqData"])
        if self._hours.is_closed(self._clock.now()):
            raise Refused(Code.PLATFORM_STATE, "系统维护中")
        if not _served(path, form["serviceName"]):
            raise Refused(Code.NOT_OPENED, f"服务未开通: {form['serviceName'][:50]}")
        self._check_clock(data)
        return Message(path, form["serviceName"], data)

    def _check_clock(self, data: Mapping[str, Any]) -> None:
        fields = Fields(data)
        text = fields.text("timestamp", 14)
        try:
            sent_at = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
        except ValueError:
            raise fields.bad("timestamp", "must be yyyyMMddHHmmss") from None
        if abs(self._clock.now() - sent_at) > _SKEW:
            raise Refused(Code.REFUSED, "timestamp 与银行时间相差超过10分钟")

    async def _answer(self, message: Message, fault: Fault | None) -> Response:
        call = desk.Call(message.path, message.service, Fields(message.data), fault)
        try:
            if message.path == DOWNLOAD:
                return await self._download(call)
            told = await asyncio.wrap_future(self._submit(call))
            return self._signed(told)
        except Refused as error:
            return self._signed(desk.refused(error, message.request_no))
        except Exception as error:  # noqa: BLE001 - a bug or a lost database: the caller must ask again.
            # Only the kind: the text of a database error may quote a member's record.
            log.critical("%s failed: %s", message.service, type(error).__name__)
            return self._signed(desk.refused(Refused(Code.SYSTEM, "系统错误"), message.request_no))

    def _submit(self, call: desk.Call) -> Future[dict[str, Any]]:
        def run(book: Book) -> dict[str, Any]:
            return desk.serve(book, call, auto_complete=self._auto_complete)

        # It reads a table in which the rows of others in its batch would not be written yet.
        alone = call.service == "CONFIRM_CHECKFILE"
        future = self._teller.submit(Job(run, keys_in(call.fields.data), alone=alone))
        if call.service == "ASYNC_TRANSACTION":
            future.add_done_callback(functools.partial(self._work_off, call))
        return future

    def _work_off(self, call: desk.Call, accepted: Future[dict[str, Any]]) -> None:
        if accepted.exception() is None and accepted.result()["code"] == "0":
            nos = [item["requestNo"] for item in call.fields.data["bizDetails"]]
            batches.work_off(self._teller.submit, self._faults, nos)

    async def _download(self, call: desk.Call) -> Response:
        if call.fault and call.fault.kind is Kind.REFUSE:
            raise call.fault.refusal()
        # Asked of the teller, so that nothing dated on that day is still on its way to the tables.
        found = self._teller.submit(
            Job(lambda book: downloads.find_day(book, call.fields), alone=True)
        )
        day = await asyncio.wrap_future(found)
        if isinstance(day, Refused):
            raise day
        make = downloads.SERVICES[call.service]
        told = await asyncio.to_thread(make, self._url, self._platform_no, day, call.fields)
        return self._signed_bytes(told.data, told.media_type)

    def _signed(self, answer: Mapping[str, Any]) -> Response:
        return self._signed_bytes(orjson.dumps(answer), "application/json")

    def _signed_bytes(self, body: bytes, media_type: str) -> Response:
        date = format_datetime(self._clock.now().astimezone(UTC), usegmt=True)
        headers = {"date": date, **self._seal.stamp(body)}
        return Response(body, media_type=media_type, headers=headers)


async def put_on_record(teller: Teller, fault: Fault) -> None:
    """In the bank's tables, before anybody can feel it."""

    def run(book: Book) -> None:
        book.record(fault)
        book.keep()

    with suppress(psycopg.Error):  # The database is away: its callers get told by themselves.
        await asyncio.wrap_future(teller.submit(Job(run)))


def _served(path: str, service: str) -> bool:
    if path == DOWNLOAD:
        return service in downloads.SERVICES
    if service in desk.INSTRUCTIONS:
        return path in desk.INSTRUCTIONS[service].paths
    return path == desk.SERVICE and service in desk.QUESTIONS


def _object(text: str) -> dict[str, Any]:
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        data = None
    if not isinstance(data, dict):
        raise Refused(Code.BAD_REQUEST, "reqData is not a JSON object")
    return data
