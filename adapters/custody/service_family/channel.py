"""One HTTP exchange with the bank: post a signed form, give back a body the bank has signed.

Nothing is ever sent twice from here: whether to ask or to send again is decided above.
"""

from __future__ import annotations

from dataclasses import dataclass

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as HttpTimeout

from adapters.custody.service_family.envelope import NoAnswer, Signer, form
from adapters.custody.service_family.requests import GATEWAY, Call
from infra.clock import Clock

BAD_SIGNATURE = "bad_signature"


@dataclass(frozen=True, slots=True)
class Link:
    """Where the bank is and who we are to it."""

    url: str
    platform_no: str
    key_serial: str = "1"
    connect_timeout_ms: int = 3_000
    read_timeout_ms: int = 10_000
    connections: int = 16  # Kept alive; at least one for each calling thread.


class Channel:
    """Safe to call from several threads."""

    def __init__(self, link: Link, signer: Signer, clock: Clock) -> None:
        self._link = link
        self._signer = signer
        self._clock = clock
        self._url = link.url.rstrip("/")
        self._pool = urllib3.PoolManager(
            maxsize=link.connections,
            retries=False,
            timeout=urllib3.Timeout(
                connect=link.connect_timeout_ms / 1000, read=link.read_timeout_ms / 1000
            ),
        )

    def exchange(self, call: Call) -> bytes:
        """The verified body. Raises NoAnswer: timeout, connection, http_NNN, bad_signature."""
        fields = form(
            self._signer,
            platform_no=self._link.platform_no,
            key_serial=self._link.key_serial,
            service=call.service,
            fields=call.fields,
            now=self._clock.now(),
        )
        if call.path == GATEWAY:
            fields["userDevice"] = "PC"
        answer = self._post(call.path, fields)
        if answer.status != 200:
            raise NoAnswer(f"http_{answer.status}")
        if not self._signer.is_from_bank(answer.data, answer.headers.get("sign")):
            raise NoAnswer(BAD_SIGNATURE)
        return answer.data

    def close(self) -> None:
        self._pool.clear()

    def _post(self, path: str, fields: dict[str, str]) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(
                "POST", self._url + path, fields=fields, encode_multipart=False, redirect=False
            )
        except HTTPError as error:
            # urllib3 counts a connection that nobody accepts among the timeouts.
            silent = isinstance(error, HttpTimeout) and not isinstance(error, NewConnectionError)
            raise NoAnswer("timeout" if silent else "connection") from None
