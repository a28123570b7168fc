"""Faults that a test scripts: by the exact requestNo, or for the next calls of a service."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum

from services.sandbox_bank.errors import Code, Refused


class Kind(StrEnum):
    REFUSE = "refuse"  # The bank says no, with errorCode.
    FAIL = "fail"  # Accepted at the gateway, then ends FAIL.
    TIMEOUT_BEFORE = "timeout_before"  # Nothing is done, and no answer.
    TIMEOUT_AFTER = "timeout_after"  # It is done, and no answer.
    HTTP_500 = "http_500"  # Nothing is done, and a bare 500.
    BAD_SIGNATURE = "bad_signature"  # It is done, and the answer's signature is wrong.
    CUT = "cut"  # It is done, and the connection breaks within the answer.


BEFORE = frozenset({Kind.TIMEOUT_BEFORE, Kind.HTTP_500})


@dataclass(slots=True)
class Fault:
    kind: Kind
    service: str | None
    request_no: str | None
    times: int
    error_code: Code = Code.REFUSED

    def refusal(self) -> Refused:
        return Refused(self.error_code, "脚本故障")

    def fits(self, service: str, request_no: str) -> bool:
        if self.request_no is not None and self.request_no != request_no:
            return False
        return self.service is None or self.service == service


class Faults:
    """Kept in memory only: a restarted bank has none. Safe to use from several threads."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, service: str, request_no: str) -> Fault | None:
        """The oldest fault that fits, used up by one."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if fault.fits(service, request_no):
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
                    return fault
        return None

    def refuse(self, request_no: str) -> None:
        """Raise what is scripted for one trade of a batch: whatever the kind, it is refused."""
        fault = self.take("ASYNC_TRADE", request_no)
        if fault is not None:
            raise fault.refusal()
