"""The stand-in's own controls, outside the protocol and for this machine only: the bank's clock,
scripted faults, money that the bank moves by itself, and sums to check against."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import orjson
import psycopg
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.sandbox_bank import authorisations, cash, desk
from services.sandbox_bank.book import Book
from services.sandbox_bank.clock import BEIJING, BankClock, bank_date, compact
from services.sandbox_bank.database import connect
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.faults import Faults
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.kinds import Fault, Kind
from services.sandbox_bank.plan import DELAY_MS, HANG_MS, OF, PROFILES, Plan
from services.sandbox_bank.teller import Job, Teller
from services.sandbox_bank.words import stated

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_TIMES = 1_000_000
_LONG_MS = 600_000

Endpoint = Callable[[Request], Awaitable[Response]]
Act = Callable[[Book, Fields], dict[str, Any]]


class Control:
    def __init__(self, teller: Teller, clock: BankClock, faults: Faults, url: str) -> None:
        self._teller = teller
        self._clock = clock
        self._faults = faults
        self._url = url

    def routes(self) -> list[Route]:
        def post(path: str, act: Act, **fixed: str) -> Route:
            return Route(path, guarded(self._acting(act, fixed)), methods=["POST"])

        def get(path: str, read: Endpoint) -> Route:
            return Route(path, guarded(read), methods=["GET"])

        return [
            get("/control/clock", self._tell_clock),
            post("/control/clock", set_clock),
            Route("/control/fault", guarded(self._script), methods=["POST", "DELETE"]),
            get("/control/faults", self._tell_plan),
            post("/control/faults", _plan),
            get("/control/injected", self._injected),
            post("/control/complete", _complete),
            post("/control/interest", cash.adjust, bizType="INTEREST", direction="IN"),
            post("/control/adjust", cash.adjust, bizType="ADJUST"),
            post("/control/authorise", authorisations.by_member),
            get("/control/total", self._total),
            get("/control/balances", self._balances),
        ]

    def _acting(self, act: Act, fixed: dict[str, str]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            data = await read_json(request)

            def run(book: Book) -> dict[str, Any] | Refused:
                try:
                    told = act(book, Fields(data | fixed))
                except Refused as refused:
                    return refused
                book.keep()
                return told

            told = await asyncio.wrap_future(self._teller.submit(Job(run, alone=True)))
            if isinstance(told, Refused):
                raise told
            return JSONResponse(told)

        return endpoint

    async def _tell_clock(self, _request: Request) -> Response:
        return JSONResponse(_clock_told(self._clock.now(), self._clock.stands_at is not None))

    async def _script(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._faults.clear()
            return JSONResponse({})
        fields = Fields(await read_json(request))
        times = _number(fields, "times", 1, _TIMES)
        if not times:
            raise fields.bad("times", "must be at least 1")
        fault = Fault(
            Kind(fields.choice("kind", frozenset(Kind))),
            fields.optional("service"),
            fields.optional("requestNo", 50),
            times,
        )
        if fault.service is None and fault.request_no is None:
            raise fields.bad("requestNo", "or service must be given")
        fault.hang_s = _number(fields, "hangMs", int(fault.hang_s * 1000), _LONG_MS) / 1000
        if fields.optional("errorCode"):
            fault.error_code = Code(fields.choice("errorCode", frozenset(Code)))
        self._faults.add(fault)
        return JSONResponse({})

    async def _tell_plan(self, _request: Request) -> Response:
        """The plan; how much it has injected by kind; how many notices are owed still."""
        [(owed,)] = await self._select("SELECT count(*) FROM notice")
        counts = await self._select("SELECT kind, count(*) FROM injected GROUP BY kind ORDER BY 1")
        plan = self._faults.plan
        told = {"plan": plan and plan.as_row(), "injected": dict(counts), "noticesOwed": owed}
        return JSONResponse(told)

    async def _injected(self, _request: Request) -> Response:
        rows = await self._select(
            "SELECT kind, subject, detail, bank_date FROM injected ORDER BY kind, subject"
        )
        names = ("kind", "subject", "detail", "bankDate")
        told = [dict(zip(names, row, strict=True)) for row in rows]
        return Response(orjson.dumps({"injected": told}), media_type="application/json")

    async def _total(self, _request: Request) -> Response:
        rows = await self._select(
            "SELECT sum(available_fen)::bigint, sum(frozen_fen)::bigint FROM account"
        )
        available_fen, frozen_fen = rows[0]
        return JSONResponse(
            {
                "total_fen": available_fen + frozen_fen,
                "available_fen": available_fen,
                "frozen_fen": frozen_fen,
            }
        )

    async def _balances(self, _request: Request) -> Response:
        rows = await self._select("SELECT no, available_fen, frozen_fen FROM account ORDER BY no")
        return JSONResponse(
            {no: {"available_fen": free, "frozen_fen": held} for no, free, held in rows}
        )

    async def _select(self, query: str) -> list[Any]:
        def read() -> list[Any]:
            with connect(self._url) as db:
                return db.execute(query.encode()).fetchall()

        return await asyncio.to_thread(read)


def set_clock(book: Book, fields: Fields) -> dict[str, Any]:
    """From here on the bank's time stands at `now`, and the days up to it have passed."""
    try:
        now = datetime.fromisoformat(fields.text("now", 40))
    except ValueError:
        raise fields.bad("now", "must be an ISO 8601 time") from None
    if now.tzinfo is None:
        raise fields.bad("now", "must name its offset, such as +08:00")
    latest = book.db.execute("SELECT max(bank_date) FROM request").fetchone()
    if (latest and latest[0] and bank_date(now) < latest[0]) or (
        book.stands_at is not None and now < book.stands_at
    ):
        raise Refused(Code.REFUSED, "now lies before what the bank has recorded")
    book.now = book.stands_at = now
    book.today = bank_date(now)
    cash.roll(book)
    return _clock_told(now, standing=True)


def _plan(book: Book, fields: Fields) -> dict[str, Any]:
    """A profile by name, or rates by kind: of 10,000. Neither: no faults from here on."""
    seed = _number(fields, "seed", 0, 2**63 - 1)
    rates = (
        dict(PROFILES[fields.choice("profile", frozenset(PROFILES))])
        if "profile" in (fields.data)
        else {}
    )
    given = fields.data.get("rates", {})
    if not isinstance(given, dict):
        raise fields.bad("rates", "must be an object")
    for kind, rate in given.items():
        if kind not in frozenset(Kind) or type(rate) is not int or not 0 <= rate <= OF:
            raise fields.bad("rates", f"must be kinds of faults with a whole number up to {OF}")
        rates[Kind(kind)] = rate
    book.plan = (
        Plan(
            seed,
            rates,
            _number(fields, "delayMs", DELAY_MS, _LONG_MS),
            _number(fields, "hangMs", HANG_MS, _LONG_MS),
        )
        if rates
        else None
    )
    return {}


def _number(fields: Fields, name: str, default: int, most: int) -> int:
    number = fields.data.get(name, default)
    if type(number) is not int or not 0 <= number <= most:
        raise fields.bad(name, f"must be a whole number from 0 to {most}")
    return number


def _complete(book: Book, fields: Fields) -> dict[str, Any]:
    passed = fields.choice("result", frozenset({"SUCCESS", "FAIL"})) == "SUCCESS"
    return stated(desk.complete(book, fields.text("requestNo", 50), passed=passed))


def _clock_told(now: datetime, standing: bool) -> dict[str, Any]:
    local = now.astimezone(BEIJING)
    return {
        "now": local.isoformat(),
        "bankDate": compact(local.date()),
        "standing": standing,
    }


def guarded(endpoint: Endpoint) -> Endpoint:
    async def answering(request: Request) -> Response:
        if request.client is None or request.client.host not in _LOOPBACK:
            return JSONResponse({"error": "for this machine only"}, status_code=403)
        try:
            return await endpoint(request)
        except Refused as refused:
            return JSONResponse({"error": str(refused)}, status_code=400)
        except psycopg.Error as error:
            return JSONResponse({"error": type(error).__name__}, status_code=503)

    return answering


async def read_json(request: Request) -> dict[str, Any]:
    try:
        data = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        data = None
    if not isinstance(data, dict):
        raise Refused(Code.BAD_REQUEST, "the body is not a JSON object")
    return data
