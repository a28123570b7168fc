"""One exchange of messages with the bank. What comes back is a verdict: done, taken or refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adapters.custody.batch_family import codes
from adapters.custody.batch_family.message import Fields, Stamps, opened, sealed
from adapters.custody.wire import NoAnswer, Poster, Signer
from infra.clock import Clock

ONLINE = "/escrow/p2p/online"
PAGE = "/escrow/p2p/page"
FILE = "/escrow/p2p/file"


@dataclass(frozen=True, slots=True)
class Link:
    """Where the bank is and who we are to it."""

    url: str
    inst_code: str
    bank_code: str = "30050000"
    channel: str = "000002"
    version: str = "10"
    connect_timeout_ms: int = 3_000
    read_timeout_ms: int = 10_000
    connections: int = 16  # Kept alive; at least one for each calling thread.
    slow_down_ms: int = 2_500  # How long nothing is sent after JX900032.


@dataclass(frozen=True, slots=True)
class Call:
    path: str
    tx_code: str
    fields: Fields


class Channel:
    """Safe to call from several threads."""

    def __init__(self, link: Link, signer: Signer, clock: Clock) -> None:
        self._link = link
        self._signer = signer
        self._clock = clock
        self._stamps = Stamps(clock)
        self._held_until = datetime.min.replace(tzinfo=UTC)
        self._poster = Poster(
            link.url,
            connect_timeout_ms=link.connect_timeout_ms,
            read_timeout_ms=link.read_timeout_ms,
            connections=link.connections,
        )

    def exchange(self, call: Call) -> Fields:
        """The verified answer. Raises NoAnswer: timeout, connection, http_NNN, bad_signature,
        contradiction, and each code of the bank's that is no verdict."""
        if self._clock.now() < self._held_until:
            raise NoAnswer(codes.TOO_FAST, "held back: the bank wants fewer calls")
        header = {
            "version": self._link.version,
            "instCode": self._link.inst_code,
            "bankCode": self._link.bank_code,
            "channel": self._link.channel,
            "txCode": call.tx_code,
            **self._stamps.next(),
        }
        body = sealed(self._signer, {**call.fields, **header})
        answer = self._poster.post(
            call.path, body=body, headers={"Content-Type": "application/json"}
        )
        fields = opened(self._signer, answer.data)
        code = fields.get("retCode", "")
        if codes.is_no_verdict(code):
            self._heed(code)
            raise NoAnswer(code or "unreadable", fields.get("retMsg", ""))
        # What binds this answer to this message, and not to an earlier one of its like.
        if any(fields.get(name) != value for name, value in header.items()):
            raise NoAnswer("contradiction", "the answer is to another message")
        return fields

    def close(self) -> None:
        self._poster.close()

    def _heed(self, code: str) -> None:
        if code == codes.TOO_FAST:
            pause = timedelta(milliseconds=self._link.slow_down_ms)
            self._held_until = self._clock.now() + pause
        elif code == codes.DUPLICATE_HEADER:
            self._stamps.skip()
