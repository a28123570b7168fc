"""The member's pages, for browsers: /gateway, and with batch_family/page_web.py its pages. Who does
not name text/html in Accept is a platform that calls by itself, and gets the answer of web.py."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from services.sandbox_bank import desk, gateway, pages
from services.sandbox_bank.book import Book
from services.sandbox_bank.clock import BankClock
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.hours import Hours
from services.sandbox_bank.keys import Key, keys_in
from services.sandbox_bank.notices import callback_form
from services.sandbox_bank.passwords import SALT_BYTES
from services.sandbox_bank.rows import Request
from services.sandbox_bank.seal import Seal
from services.sandbox_bank.teller import Job, Teller
from services.sandbox_bank.web import Front
from services.sandbox_bank.words import is_failed, is_open, stated, taken

_BODY_LIMIT = 8 * 1024

log = logging.getLogger(__name__)


class Gateway:
    """`random_bytes`: that many bytes which nobody can guess."""

    def __init__(
        self,
        front: Front,
        teller: Teller,
        clock: BankClock,
        seal: Seal,
        platform_no: str,
        hours: Hours,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._front = front
        self._teller = teller
        self._clock = clock
        self._seal = seal
        self._platform_no = platform_no
        self._hours = hours
        self._random_bytes = random_bytes

    async def take(self, request: HttpRequest) -> Response:
        """Starlette endpoint of /gateway."""
        if not is_browser(request):
            return await self._front.take(request)
        try:
            message = self._front.open(request.url.path, await request.body())
        except Refused as error:
            return pages.notice(str(error), 503 if error.code is Code.PLATFORM_STATE else 400)
        call = desk.Call(message.path, message.service, Fields(message.data))
        return await self.show(
            lambda book, chance: gateway.show(book, gateway.visit(call, book.now), chance),
            keys_in(message.data),
        )

    async def show(
        self,
        show: Callable[[Book, gateway.Chance], gateway.View],
        keys: frozenset[Key],
        *,
        alone: bool = False,
    ) -> Response:
        """`show` may raise Refused, Unfit and PageOver."""
        chance = self._chance()
        return await self._answer(lambda book: show(book, chance), keys, alone=alone)

    async def confirm(self, request: HttpRequest) -> Response:
        """Starlette endpoint of the page's own form."""
        body = await request.body()
        try:
            if len(body) > _BODY_LIMIT:
                raise Refused(Code.BAD_REQUEST, f"the form is larger than {_BODY_LIMIT} bytes")
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        except (Refused, ValueError):
            return pages.notice("表单无法读取 · The form cannot be read", 400)
        if self._hours.is_closed(self._clock.now()):
            return pages.notice("系统维护中 · Closed for maintenance", 503)
        chance = self._chance()
        return await self._answer(lambda book: gateway.decide(book, form, chance))

    def _chance(self) -> gateway.Chance:
        return gateway.Chance(self._random_bytes(32).hex(), self._random_bytes(SALT_BYTES))

    async def _answer(
        self,
        act: Callable[[Book], gateway.View],
        keys: frozenset[Key] = frozenset(),
        *,
        alone: bool = False,
    ) -> Response:
        def run(book: Book) -> gateway.View | gateway.PageOver | gateway.Unfit | Refused:
            try:
                return act(book)
            except (gateway.PageOver, gateway.Unfit, Refused) as error:
                return error

        try:
            view = await asyncio.wrap_future(self._teller.submit(Job(run, keys, alone=alone)))
        except Exception as error:  # noqa: BLE001 - a bug or a lost database: the member may try again.
            # Only the kind: the text of a database error may quote a member's record.
            log.critical("page failed: %s", type(error).__name__)
            return pages.notice("系统错误，请重试 · Something went wrong, please try again", 503)
        match view:
            case gateway.Ask():
                return pages.question(
                    view.service,
                    view.facts,
                    view.hidden,
                    new_password=view.new_password,
                    complaint=view.complaint,
                )
            case gateway.Ended():
                return self._ended(view.request, view.back_to)
            case gateway.PageOver():
                return pages.notice(str(view), 410)
            case _:
                return pages.notice(str(view), 400)

    def _ended(self, request: Request, back_to: str | None) -> Response:
        if request.notify_url is not None:  # The batch family's: its word comes by notice alone.
            return pages.result(request.service, _said(request), back_to, {})
        told = taken(request.request_no) if is_open(request) else stated(request)
        body = orjson.dumps(told).decode()
        stamp = self._seal.stamp(body.encode())
        form = callback_form("CALLBACK", request.service, self._platform_no, body, stamp)
        return pages.result(request.service, _said(request), back_to, form)


def is_browser(request: HttpRequest) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _said(request: Request) -> str:
    if is_failed(request):
        return f"未完成 · Not done: {request.error_message or ''}"
    if is_open(request):
        return "已受理，处理中 · Accepted and under way"
    return "已完成 · Done"
