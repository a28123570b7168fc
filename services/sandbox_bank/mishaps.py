"""How a fault looks to the caller, whatever protocol he speaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.sandbox_bank.kinds import Fault, Kind

Answer = Callable[[], Awaitable[Response]]
Forge = Callable[[Response, Kind], Response]

_arriving: set[asyncio.Task[Response]] = set()  # The loop itself holds tasks weakly.


class CutShort(Response):
    """Half an answer, then the connection breaks."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


_NOTHING = CutShort(b"")
_NOTHING.headers["content-length"] = "1"


async def played(request: Request, fault: Fault, answer: Answer, forge: Forge) -> Response:
    """What the caller gets instead of `answer`. `forge` spoils or removes its signature."""
    match fault.kind:
        case Kind.HTTP_500:
            return Response("Internal Server Error", status_code=500)
        case Kind.TIMEOUT_BEFORE:
            return await _no_answer(request, fault)
        case Kind.ARRIVES_LATE:
            task = asyncio.create_task(_later(fault, answer))
            _arriving.add(task)
            task.add_done_callback(_arriving.discard)
            return await _no_answer(request, fault)
        case _:
            return await _after(request, fault, await answer(), forge)


async def _after(request: Request, fault: Fault, answer: Response, forge: Forge) -> Response:
    match fault.kind:
        case Kind.TIMEOUT_AFTER:
            return await _no_answer(request, fault)
        case Kind.CUT:
            return CutShort(answer.body, headers=dict(answer.headers))
        case Kind.BAD_SIGNATURE | Kind.NO_SIGNATURE:
            return forge(answer, fault.kind)
        case Kind.SLOW:
            await asyncio.sleep(fault.delay_s)
        case _:
            pass
    return answer


async def _later(fault: Fault, answer: Answer) -> Response:
    await asyncio.sleep(fault.hang_s + fault.delay_s)  # The caller has given up by then.
    return await answer()


async def _no_answer(request: Request, fault: Fault) -> Response:
    """Until the caller gives up, or so long that he ought to have."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(fault.hang_s):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    return _NOTHING
