"""One connection to one broker, without a thread: it works while somebody waits for it.

Requests, answers and ways of signing in are kafka-python's. Its own connection passes each request
through a loop of tasks, made for many connections at once, which takes four times as long (decision
14).
"""

from __future__ import annotations

import ssl
import struct
import time
from collections import deque
from collections.abc import Mapping
from io import BytesIO
from select import POLLIN, POLLOUT, poll
from socket import IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET, TCP_NODELAY, create_connection
from typing import Any

from kafka.errors import (
    CorrelationIdError,
    KafkaConnectionError,
    KafkaError,
    KafkaProtocolError,
    RequestTimedOutError,
    SaslAuthenticationFailedError,
    for_code,
)
from kafka.net.sasl import get_sasl_mechanism
from kafka.protocol.broker_version_data import BrokerVersionData
from kafka.protocol.metadata import ApiVersionsRequest
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

CLIENT_ID = "zhuanhu"
CONNECT_S = 3.0
RECEIVE_BYTES = 256 * 1024
ANSWER_BYTES_MAX = 128 * 1024 * 1024  # An answer holds one batch at least, as it is.
_LENGTH_BYTES = 4
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Asked:
    """The answer to a request, or why there is none; or it has not come yet."""

    __slots__ = ("exception", "header", "until", "value", "wire")

    def __init__(self, wire: Wire, header: Any, until: float) -> None:
        self.wire, self.header, self.until = wire, header, until
        self.value: Any = None
        self.exception: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.value is not None or self.exception is not None


class Wire:
    """`timeout_s`: how long an answer may take. After an error it is `lost`, for good."""

    def __init__(self, host: str, port: int, options: Mapping[str, Any], timeout_s: float) -> None:
        """Connects and signs in. Raises KafkaConnectionError, and what the broker refuses."""
        self.lost = False
        self._timeout_s = CONNECT_S
        self._number = 0
        self._waiting: deque[Asked] = deque()
        self._come = bytearray()
        self._versions = BrokerVersionData(api_versions={ApiVersionsRequest.API_KEY: (0, 0)})
        try:
            self._socket = _connected(host, port, options)
        except OSError as error:
            raise KafkaConnectionError(f"{host}:{port}: {error}") from error
        self._readable, self._writable = poll(), poll()
        self._readable.register(self._socket, POLLIN)
        self._writable.register(self._socket, POLLOUT)
        try:
            self._introduce(host, options)
            self._timeout_s = timeout_s
        except BaseException:
            self.close()
            raise

    def send(self, request: Any) -> Asked:
        """At once. What fails is in the answer."""
        self._number = (self._number + 1) % 2**31
        request.API_VERSION = self._versions.api_version(request)
        request.with_header(correlation_id=self._number, client_id=CLIENT_ID)
        asked = Asked(self, request.header, time.monotonic() + self._timeout_s)
        self._waiting.append(asked)
        try:
            self._write(request.encode(framed=True, header=True), asked.until)
        except OSError as error:
            self._lose(KafkaConnectionError(str(error)))
        return asked

    def drive(self, wait_ms: float, asked: Asked) -> None:
        """Takes what comes, until this is answered or the time is over."""
        until = time.monotonic() + wait_ms / 1000
        while not self.lost and not asked.is_done:
            left_s = until - time.monotonic()
            if self._comes(max(left_s, 0.0)):
                self._receive()
            elif self._waiting and self._waiting[0].until < time.monotonic():
                self._lose(RequestTimedOutError("no answer"))
            elif left_s <= 0:
                break

    def answer(self, asked: Asked) -> Any:
        """Waits for it. Raises what went wrong."""
        self.drive(self._timeout_s * 1000 + 1, asked)
        if asked.exception is not None:
            raise asked.exception
        return asked.value

    def close(self) -> None:
        self._lose(KafkaConnectionError("closed"))

    def _write(self, data: bytes, until: float) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except _NOT_NOW:
                left_s = max(0.0, until - time.monotonic())
                if not self._writable.poll(left_s * 1000):
                    raise TimeoutError("the broker takes nothing") from None

    def _comes(self, wait_s: float) -> bool:
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return True
        return bool(self._readable.poll(wait_s * 1000))

    def _receive(self) -> None:
        try:
            come = self._socket.recv(RECEIVE_BYTES)
        except _NOT_NOW:  # What came was for TLS alone.
            return
        except OSError as error:
            self._lose(KafkaConnectionError(str(error)))
            return
        if not come:
            self._lose(KafkaConnectionError("the broker hung up"))
            return
        self._come += come
        try:
            while (frame := self._frame()) is not None:
                self._take(frame)
        except (KafkaError, ValueError, LookupError, struct.error) as error:
            self._lose(KafkaProtocolError(str(error)))

    def _frame(self) -> bytes | None:
        length = int.from_bytes(self._come[:_LENGTH_BYTES])
        if length > ANSWER_BYTES_MAX:
            raise KafkaProtocolError(f"an answer of {length} bytes")
        end = _LENGTH_BYTES + length
        if len(self._come) < max(end, _LENGTH_BYTES + 1):
            return None
        frame = bytes(self._come[_LENGTH_BYTES:end])
        del self._come[:end]
        return frame

    def _take(self, frame: bytes) -> None:
        if not self._waiting:
            raise CorrelationIdError("an answer to no request")
        asked, head = self._waiting[0], BytesIO(frame)
        kind = asked.header.get_response_class()
        if kind.parse_header(head).correlation_id != asked.header.correlation_id:
            raise CorrelationIdError("an answer to another request")
        asked.value = kind.decode(memoryview(frame)[head.tell() :])
        self._waiting.popleft()

    def _lose(self, error: Exception) -> None:
        self.lost = True
        self._socket.close()
        while self._waiting:
            self._waiting.popleft().exception = error

    def _introduce(self, host: str, options: Mapping[str, Any]) -> None:
        found = self.answer(self.send(ApiVersionsRequest()))
        _must_be_well(found.error_code)
        self._versions = BrokerVersionData(
            api_versions={
                each.api_key: (each.min_version, each.max_version) for each in found.api_keys
            }
        )
        if "SASL" not in options["security_protocol"]:
            return
        name = options["sasl_mechanism"]
        hands = self.answer(self.send(SaslHandshakeRequest(mechanism=name, max_version=1)))
        _must_be_well(hands.error_code)
        mechanism = get_sasl_mechanism(name)(host=host, **options)
        while not mechanism.is_done():
            token = SaslAuthenticateRequest(mechanism.auth_bytes())
            found = self.answer(self.send(token))
            _must_be_well(found.error_code)
            mechanism.receive(found.auth_bytes)
        if not mechanism.is_authenticated():
            raise SaslAuthenticationFailedError(name)


def _connected(host: str, port: int, options: Mapping[str, Any]) -> Any:
    made = create_connection((host, port), CONNECT_S)
    try:
        made.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        made.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
        if "SSL" in options["security_protocol"]:
            made = options["ssl_context"].wrap_socket(made, server_hostname=host)
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made


def _must_be_well(code: int) -> None:
    if code:
        raise for_code(code)
