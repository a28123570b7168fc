"""How a scripted fault looks to the caller, whatever protocol he speaks."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.sandbox_bank.faults import Fault, Kind

_HANG_S = 120.0


class CutShort(Response):
    """Half an answer, then the connection breaks."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


async def no_answer(request: Request, fault: Fault) -> Response:
    if fault.kind is Kind.HTTP_500:
        return Response("Internal Server Error", status_code=500)
    # Until the caller gives up, or so long that he ought to have.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_HANG_S):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    return CutShort(b"")
