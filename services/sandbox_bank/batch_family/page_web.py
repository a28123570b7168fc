"""The family's pages for browsers: the message comes as a form of its fields.

There is no signed way back: the member returns to `retUrl`, and what came of it is told to
`notifyUrl` as ever.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response

from services.sandbox_bank import gateway, pages
from services.sandbox_bank.batch_family import orders, service
from services.sandbox_bank.batch_family.codes import RetCode, Turned, ret_code
from services.sandbox_bank.batch_family.message import Message
from services.sandbox_bank.batch_family.web import Front
from services.sandbox_bank.book import Book
from services.sandbox_bank.errors import Refused
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.gateway_web import Gateway, is_browser


class Pages:
    def __init__(self, front: Front, gateway: Gateway) -> None:
        self._front = front
        self._gateway = gateway

    async def take(self, request: Request) -> Response:
        """Starlette endpoint of the pages' path."""
        if not is_browser(request):
            return await self._front.take(request)
        try:
            message = self._front.open(request.url.path, _as_json(await request.body()))
        except Turned as reason:
            return pages.notice(str(reason), 503 if reason.code is RetCode.CLOSED else 400)
        return await self._gateway.show(
            lambda book, chance: _show(book, message, chance),
            service.keys_of(message),
            alone=service.is_alone(message.tx_code),
        )


def _as_json(form: bytes) -> bytes:
    try:
        return orjson.dumps(dict(parse_qsl(form.decode(), keep_blank_values=True)))
    except ValueError:
        raise Turned(RetCode.BAD_MESSAGE, "the body is not a form") from None


def _show(book: Book, message: Message, chance: gateway.Chance) -> gateway.View:
    """A header counts once, but for a form that is brought again: its order is known."""
    fields = Fields(message.data)
    try:
        if book.requests.get(fields.text("orderId", 50)) is None:
            service.take_header(book, message)
        call = orders.call_of(book, orders.ORDERS[message.tx_code], fields)
        back_to = gateway.back_to(fields, "retUrl")
        return gateway.show(book, gateway.Visit(call, book.now + gateway.OPEN_FOR, back_to), chance)
    except Turned as reason:
        raise gateway.Unfit(str(reason)) from None
    except Refused as refusal:
        raise gateway.Unfit(f"{ret_code(refusal.code)} {refusal.message}") from None
