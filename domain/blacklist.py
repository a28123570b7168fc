"""The blacklist (黑名单): whom the platform lends nothing more, and the lists of other platforms.

In the member's stream:
    Blacklist -> MemberBlacklisted, and BlacklistEntered where the entry is to be shared
    Appeal    -> BlacklistAppealed -> AppealRejected
    Remove    -> BlacklistRemoved
In the stream `blacklist`:
    Import    -> BlacklistImported: one platform's list, or a part of it

A list knows a person by `digest`, a hash of the id number under a key that the platforms share
(docs/collections.md): nobody without that key can tell, or try out, who stands there. A ground says
what happened, and never that somebody did wrong.

Invariant: of another platform the entries of its latest day count, and no others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple, get_args

from msgspec import field
from msgspec.structs import replace
from pydantic import Field

from domain.model import Event, Id, Message, Refused, State
from domain.operators import PublicKey, Verify
from domain.refusals import Code

FORMAT = "zhuanhu blacklist v1"
ENTRIES_MAX = 1_000
"""In one part of a list, so that a message of Kafka holds it."""


class Ground(StrEnum):
    LONG_OVERDUE = "long_overdue"
    UNREACHABLE = "unreachable"
    JUDGMENT_UNPAID = "judgment_unpaid"
    STATEMENTS_DIFFER = "statements_differ"  # What was said is not what the papers say.
    ACCOUNT_MISUSED = "account_misused"  # Used by another person, or for another purpose.


# -- events -----------------------------------------------------------------------------


class BlacklistEntered(Event):
    """An entry that is shared with other platforms. `evidence_hash`: SHA-256."""

    TOPIC: ClassVar[str] = "member.blacklist-entered.v1"
    member_id: str
    ground: Ground
    evidence_hash: str


class BlacklistAppealed(Event):
    """申诉 of the member against the entry."""

    TOPIC: ClassVar[str] = "member.blacklist-appealed.v1"
    member_id: str
    evidence_hash: str


class AppealRejected(Event):
    TOPIC: ClassVar[str] = "member.blacklist-appeal-rejected.v1"
    member_id: str
    evidence_hash: str


class BlacklistRemoved(Event):
    """The member may borrow again; an appeal that waited is granted."""

    TOPIC: ClassVar[str] = "member.blacklist-removed.v1"
    member_id: str
    evidence_hash: str


class ListedPerson(NamedTuple):
    """`entry_id`: the issuing platform's own name for the entry."""

    entry_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    ground: Ground
    listed_on: date


class BlacklistImported(Event):
    """`key_id`: which key the digests are made under. Parts of one day add up."""

    TOPIC: ClassVar[str] = "blacklist.imported.v1"
    issuer: str
    as_of: date
    key_id: str
    public_key: str
    signature: str
    entries: tuple[ListedPerson, ...]


MemberListEvent = BlacklistEntered | BlacklistAppealed | AppealRejected | BlacklistRemoved
MEMBER_EVENTS: tuple[type[MemberListEvent], ...] = get_args(MemberListEvent)
EVENTS = (BlacklistImported,)


# -- the signed list ----------------------------------------------------------------------


KeyId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
ListSignature = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{85}[AQgw]==$")]
Entries = Annotated[tuple[ListedPerson, ...], Field(max_length=ENTRIES_MAX, strict=False)]


class SignedList(Message):
    """One platform's list, or a part of it, as platforms hand it to one another."""

    issuer: Id
    as_of: date
    key_id: KeyId
    public_key: PublicKey
    signature: ListSignature
    entries: Entries


def bytes_to_sign(issuer: str, as_of: date, key_id: str, entries: Sequence[ListedPerson]) -> bytes:
    """The format's name, a line feed, and the list as RFC 8785 writes JSON."""
    said = {
        "as_of": as_of.isoformat(),
        "entries": [[*each[:3], each.listed_on.isoformat()] for each in entries],
        "issuer": issuer,
        "key_id": key_id,
    }
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"{FORMAT}\n{text}".encode()


# -- state ------------------------------------------------------------------------------


class OthersList(State):
    as_of: date
    entry_of: Mapping[str, str]  # By digest.


class Blacklists(State):
    """The lists of other platforms, by issuer."""

    lists: Mapping[str, OthersList] = field(default_factory=dict)

    def hit(self, digest: str) -> tuple[str, str] | None:
        """(issuer, entry) of the first list that has the person."""
        return next(
            (
                (issuer, each.entry_of[digest])
                for issuer, each in self.lists.items()
                if digest in each.entry_of
            ),
            None,
        )


INITIAL = Blacklists()


# -- decide -----------------------------------------------------------------------------


def enter(
    member_id: str, ground: Ground | None, evidence_hash: str | None
) -> tuple[BlacklistEntered, ...]:
    """What is shared says why, and by which evidence. Neither: the entry stays the platform's."""
    if ground is None and evidence_hash is None:
        return ()
    if ground is None or evidence_hash is None:
        missing = "ground" if ground is None else "evidence_hash"
        raise Refused(Code.EVIDENCE_MISSING, field=missing)
    entered = BlacklistEntered(member_id=member_id, ground=ground, evidence_hash=evidence_hash)
    return (entered,)


def appeal(
    wanted: BlacklistAppealed, *, listed: bool, appealed: bool
) -> tuple[BlacklistAppealed, ...]:
    if not listed:
        raise Refused(Code.NOT_BLACKLISTED, field="member_id")
    if appealed:
        raise Refused(Code.APPEAL_OPEN, field="member_id")
    return (wanted,)


def reject_appeal(wanted: AppealRejected, *, appealed: bool) -> tuple[AppealRejected, ...]:
    if not appealed:
        raise Refused(Code.APPEAL_MISSING, field="member_id")
    return (wanted,)


def remove(wanted: BlacklistRemoved, *, listed: bool) -> tuple[BlacklistRemoved, ...]:
    if not listed:
        raise Refused(Code.NOT_BLACKLISTED, field="member_id")
    return (wanted,)


def take_in(
    known: Blacklists, given: BlacklistImported, own_key_id: str | None, verify: Verify
) -> tuple[BlacklistImported, ...]:
    if own_key_id is None:
        raise Refused(Code.BLACKLIST_KEY_MISSING)
    if given.key_id != own_key_id:
        raise Refused(Code.BLACKLIST_KEY_OTHER, field="key_id")
    message = bytes_to_sign(given.issuer, given.as_of, given.key_id, given.entries)
    if not verify(given.public_key, message, given.signature):
        raise Refused(Code.BLACKLIST_FORGED, field="signature")
    before = known.lists.get(given.issuer)
    if before is not None and given.as_of < before.as_of:
        raise Refused(Code.BLACKLIST_OUTDATED, f"of {before.as_of}", "as_of")
    return (given,)


# -- evolve -----------------------------------------------------------------------------


def evolve(known: Blacklists, event: BlacklistImported) -> Blacklists:
    """A later day's list takes the place of the one before; of the same day it is one more part."""
    before = known.lists.get(event.issuer)
    kept = before.entry_of if before is not None and before.as_of == event.as_of else {}
    entry_of = {**kept, **{each.digest: each.entry_id for each in event.entries}}
    lists = {**known.lists, event.issuer: OthersList(event.as_of, entry_of)}
    return replace(known, lists=lists)
