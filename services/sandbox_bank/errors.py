"""The bank's refusals, by the protocol's numbers."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    SYSTEM = "100001"
    BAD_REQUEST = "100002"
    BAD_SIGNATURE = "100003"
    UNKNOWN_PLATFORM = "100004"
    NOT_OPENED = "100006"
    NOT_FOUND = "100007"
    REFUSED = "100008"
    NO_SUCH_USER = "100009"
    NOT_PERMITTED = "100011"
    DUPLICATE = "100013"
    INSUFFICIENT = "100014"
    PROJECT_STATE = "100015"


_UNREAD = frozenset(
    {Code.BAD_REQUEST, Code.BAD_SIGNATURE, Code.UNKNOWN_PLATFORM, Code.NOT_OPENED, Code.DUPLICATE}
)


class Refused(Exception):
    """The bank says no. A business refusal is kept under its requestNo (`kept`); one for a request
    that could not be read, or that is known already, leaves no trace."""

    def __init__(self, code: Code, message: str, *, kept: bool | None = None) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.kept = code not in _UNREAD if kept is None else kept
