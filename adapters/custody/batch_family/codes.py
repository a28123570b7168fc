"""retCode: what is a verdict on a request, and what is none."""

from __future__ import annotations

SUCCESS = "00000000"
DUPLICATE_HEADER = "JX900014"  # This header was seen: nothing is said of what the message asks for.
DUPLICATE_BATCH = "JX900016"
TOO_FAST = "JX900032"
CLOSED = "JX900090"  # By agreement, the bank's maintenance. Turned away unread.

_UNKNOWN = frozenset({"CE999028", "CT9903", "CT990300", "CE999999", "510000", "502", "504"})
_GATEWAY = "JX"  # 即信 turned the message away or does not open the service: not the bank's word.


def is_unknown(code: str) -> bool:
    """The bank does not know itself what became of it: it must be asked."""
    return code in _UNKNOWN


def is_no_verdict(code: str) -> bool:
    return not code or is_unknown(code) or code.startswith(_GATEWAY)
