"""The bank's refusals, by the protocol's numbers."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    SYSTEM = "100001"
    BAD_REQUEST = "100002"
    BAD_SIGNATURE = "100003"
    UNKNOWN_PLATFORM = "100004"
    PLATFORM_STATE = "100005"
    NOT_OPENED = "100006"
    NOT_FOUND = "100007"
    REFUSED = "100008"
    NO_SUCH_USER = "100009"
    ACCOUNT_UNUSABLE = "100010"
    NOT_PERMITTED = "100011"
    BANK_UNSUPPORTED = "100012"
    DUPLICATE = "100013"
    INSUFFICIENT = "100014"
    PROJECT_STATE = "100015"


_NO_VERDICT = frozenset(
    {
        Code.SYSTEM,
        Code.BAD_REQUEST,
        Code.BAD_SIGNATURE,
        Code.UNKNOWN_PLATFORM,
        Code.PLATFORM_STATE,
        Code.NOT_OPENED,
        Code.DUPLICATE,
    }
)


class Refused(Exception):
    """The bank says no. A business refusal is `kept` under its requestNo; one for a request that
    could not be read or judged, or that is known already, leaves no trace."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message

    @property
    def kept(self) -> bool:
        return self.code not in _NO_VERDICT
