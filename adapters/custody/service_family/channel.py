"""One HTTP exchange with the bank: post a signed form, give back a body the bank has signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from adapters.custody.service_family.calls import GATEWAY, Call
from adapters.custody.service_family.envelope import form
from adapters.custody.wire import BAD_SIGNATURE, NoAnswer, Poster, Signer
from infra.clock import Clock


@dataclass(frozen=True, slots=True)
class Link:
    """Where the bank is and who we are to it."""

    url: str
    platform_no: str
    key_serial: str = "1"
    connect_timeout_ms: int = 3_000
    read_timeout_ms: int = 10_000
    connections: int = 16  # Kept alive; at least one for each calling thread.
    skew_max_s: int = 540  # The bank bears ten minutes; some of them the way may take.


@dataclass(frozen=True, slots=True)
class Heard:
    """A body that the bank has signed. `skewed`: its clock and ours are so far apart that it may
    refuse anything; by its unsigned Date, which is believed for nothing else."""

    content: bytes
    skewed: bool


class Channel:
    """Safe to call from several threads."""

    def __init__(self, link: Link, signer: Signer, clock: Clock) -> None:
        self._link = link
        self._signer = signer
        self._clock = clock
        self._poster = Poster(
            link.url,
            connect_timeout_ms=link.connect_timeout_ms,
            read_timeout_ms=link.read_timeout_ms,
            connections=link.connections,
        )

    def exchange(self, call: Call) -> Heard:
        """Raises NoAnswer: timeout, connection, http_NNN, bad_signature."""
        now = self._clock.now()
        fields = form(
            self._signer,
            platform_no=self._link.platform_no,
            key_serial=self._link.key_serial,
            service=call.service,
            fields=call.fields,
            now=now,
        )
        if call.path == GATEWAY:
            fields["userDevice"] = "PC"
        answer = self._poster.post(call.path, fields=fields, encode_multipart=False)
        signed = answer.headers.get("sign"), answer.headers.get("keySerial")
        if not self._signer.is_from_bank(answer.data, *signed):
            raise NoAnswer(BAD_SIGNATURE)
        return Heard(answer.data, self._is_skewed(answer.headers.get("Date"), now))

    def _is_skewed(self, told: str | None, now: datetime) -> bool:
        try:
            apart = abs(parsedate_to_datetime(told or "") - now)
        except (TypeError, ValueError):  # No date, or one without its zone.
            return False
        return apart > timedelta(seconds=self._link.skew_max_s)

    def close(self) -> None:
        self._poster.close()
