"""The bank's keys while it runs: announce the next one, then sign with it. In memory: a restarted
bank signs with the key that it was started with."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.sandbox_bank.control import guarded, read_json
from services.sandbox_bank.fields import Fields
from services.sandbox_bank.seal import Seal, own_key

_SERIAL = re.compile(r"[0-9]{1,10}")


class KeyControl:
    """`first_serial`: of the key that the bank was started with."""

    def __init__(self, seal: Seal, folder: Path, first_serial: str) -> None:
        self._seal = seal
        self._folder = folder
        self._first_serial = first_serial

    def routes(self) -> list[Route]:
        return [
            Route("/control/key", guarded(self._announce), methods=["POST"]),
            Route("/control/rotate", guarded(self._rotate), methods=["POST"]),
        ]

    async def _announce(self, request: Request) -> Response:
        """Made where missing; the public half is the file that the answer names."""
        serial, _ = await self._key(request)
        return JSONResponse({"publicKey": f"bank_public{self._mark(serial)}.pem"})

    async def _rotate(self, request: Request) -> Response:
        serial, key = await self._key(request)
        self._seal.rotate(serial, key)
        return JSONResponse({"keySerial": serial})

    async def _key(self, request: Request) -> tuple[str, rsa.RSAPrivateKey]:
        fields = Fields(await read_json(request))
        serial = fields.text("keySerial", 10)
        if not _SERIAL.fullmatch(serial):
            raise fields.bad("keySerial", "must be 1 to 10 digits")
        return serial, await asyncio.to_thread(own_key, self._folder, self._mark(serial))

    def _mark(self, serial: str) -> str:
        return "" if serial == self._first_serial else f".{serial}"
