"""retCode. Those of the gateway (JX, CE) are the published ones where they are published."""

from __future__ import annotations

from enum import StrEnum

from services.sandbox_bank.errors import Code


class RetCode(StrEnum):
    SUCCESS = "00000000"
    BAD_MESSAGE = "JX900001"
    BAD_SIGNATURE = "JX900002"
    UNKNOWN_INSTITUTION = "JX900003"
    DUPLICATE_HEADER = "JX900014"
    DUPLICATE_ORDER = "JX900015"
    DUPLICATE_BATCH = "JX900016"
    TOO_FAST = "JX900032"
    CLOSED = "JX900090"
    NOT_OPENED = "JX900663"
    SYSTEM = "CE999999"


class Turned(Exception):
    """The message is turned away as such: nothing of it is kept, nothing final is said of what it
    asked for."""

    def __init__(self, code: RetCode, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


_OF = {
    Code.SYSTEM: RetCode.SYSTEM,
    Code.BAD_REQUEST: RetCode.BAD_MESSAGE,
    Code.NOT_OPENED: RetCode.NOT_OPENED,
    Code.DUPLICATE: RetCode.DUPLICATE_ORDER,
}


def ret_code(code: str) -> str:
    """A refusal of the bank's book, in this family's numbers."""
    return _OF.get(Code(code)) or f"CA{code}"
