"""A release (解冻) that the bank has finally refused: what it was to give back stays frozen, in the
book and at the bank, until it is asked for again.

    ask again -> EntryRequested    X-t1, then X2-t1, X3-t1 ...: purpose, account, amount and the
                                   freeze that it gives back stay what they were

Each is an entry of the cash book by itself, whose id names the one before; which entries there are
says what was asked, so that this keeps no state of its own.

Invariant: of one release at most one request is at the bank, and the bank refused all before it.
"""

from __future__ import annotations

from msgspec.structs import replace

from domain import cashbook
from domain.cashbook import Entry, EntryRequested, Status, movement_id
from domain.model import Refused
from domain.purposes import MATRIX, Purpose, Shape
from domain.refusals import Code

RELEASES = frozenset(p for p, rule in MATRIX.items() if rule.shape is Shape.RELEASE) - {
    Purpose.ADMINISTRATIVE_RELEASE  # Whoever ordered it orders another one.
}
ASKS_MAX = 999
"""With the longest ids the movement is then called by the 40 characters that a bank takes."""

_DIGITS = "0123456789"


def ask_again(entry: Entry, following: Entry) -> EntryRequested:
    """`following`: the entry that is called by `following_id`."""
    requested = entry.requested
    if entry.status is Status.NONE:
        raise Refused(Code.ENTRY_UNKNOWN, field="entry_id")
    if requested is None or requested.purpose not in RELEASES:
        raise Refused(Code.NOT_A_RELEASE, field="entry_id")
    if entry.status is not Status.REJECTED:
        raise Refused(Code.RELEASE_NOT_REFUSED, f"it is {entry.status}", "entry_id")
    entry_id = following_id(requested.entry_id)
    if following.status is not Status.NONE:
        raise Refused(Code.RELEASE_ASKED_AGAIN, f"{entry_id} is {following.status}", "entry_id")
    if asks(entry_id) > ASKS_MAX:
        raise Refused(Code.RELEASE_ASKED_TOO_OFTEN, field="entry_id")
    (movement,) = requested.movements
    return cashbook.request(
        following,
        entry_id,
        requested.subject,
        requested.reference,
        [replace(movement, id=movement_id(entry_id, 1))],
    )


# -- what the entries are called --------------------------------------------------------


def following_id(entry_id: str) -> str:
    """Of the entry that asks for the same once more: X2-t1 after X-t1. No other entry is called so:
    those that are asked first have letters alone before their dash."""
    kind, number, named = _parts(entry_id)
    return f"{kind}{number + 1}-{named}"


def first_id(entry_id: str) -> str:
    """Of the entry that asked first: X-t1 of X3-t1; any other entry's own."""
    prefix, dash, named = entry_id.partition("-")
    return f"{prefix.rstrip(_DIGITS)}{dash}{named}" if dash else entry_id


def asks(entry_id: str) -> int:
    """How often it was asked for, with this one."""
    return _parts(entry_id)[1]


def _parts(entry_id: str) -> tuple[str, int, str]:
    prefix, _, named = entry_id.partition("-")
    kind = prefix.rstrip(_DIGITS)
    return kind, int(prefix[len(kind) :] or 1), named
