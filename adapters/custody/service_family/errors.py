"""The bank's errorCodes, all that are published, and what each says of a request."""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    SYSTEM = "100001"
    BAD_JSON = "100002"
    BAD_SIGNATURE = "100003"
    UNKNOWN_PLATFORM = "100004"
    PLATFORM_STATE = "100005"  # By agreement, the bank's maintenance. Turned away unread.
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


NO_VERDICT = frozenset(
    {
        ErrorCode.SYSTEM,
        ErrorCode.BAD_SIGNATURE,
        ErrorCode.UNKNOWN_PLATFORM,
        ErrorCode.NOT_OPENED,
        ErrorCode.DUPLICATE,
    }
)
"""Nothing final is said of the request: a system error, our signature, the platform as a whole, or
a request number that the bank has seen already (the query tells what became of it). Every other
code is a refusal, but for PLATFORM_STATE."""
