"""The blacklist (黑名单): the platform's own entries, and which lists of others were imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from adapters.codec import Recorded
from adapters.read_models.rows import Touched
from adapters.read_models.table import Table
from adapters.read_models.view import View, named
from domain import blacklist as b
from domain.member import MemberBlacklisted


@dataclass(slots=True)
class EntryRow:
    """A member's latest entry. Without a ground it is the platform's own, and never exported."""

    member_id: str
    listed_on: date
    evidence: str
    decided_by: str  # The checker; with the maker in operators.approved.v1.
    ground: str | None
    evidence_hash: str | None
    appealed_on: date | None
    removed_on: date | None


@dataclass(slots=True)
class OthersRow:
    """Another platform's list of its latest day."""

    issuer: str
    as_of: date
    entries: int
    public_key: str
    imported_on: date


ENTRIES = Table("blacklist_entry", EntryRow, key=["member_id"])
OTHERS = Table("blacklist_of_others", OthersRow, key=["issuer"])


class Blacklist(View):
    NAME = "blacklist"
    TABLES = (ENTRIES, OTHERS)
    BY_KEY = True
    EVENTS = (MemberBlacklisted, *b.MEMBER_EVENTS, *b.EVENTS)

    def __init__(self, tables: Touched, batch: Sequence[Recorded]) -> None:
        super().__init__(tables, batch)
        self._entries = self.open(ENTRIES, named(batch, "member_id"))
        self._others = self.open(OTHERS, named(batch, "issuer"))

    def fold(self, recorded: Recorded) -> None:
        on = recorded.business_date
        match recorded.event:
            case MemberBlacklisted() as event:
                self._entries.add(
                    EntryRow(
                        member_id=event.member_id,
                        listed_on=on,
                        evidence=event.evidence,
                        decided_by=event.approved_by,
                        ground=None,
                        evidence_hash=None,
                        appealed_on=None,
                        removed_on=None,
                    )
                )
            case b.BlacklistEntered() as event:
                entry = self._entries[event.member_id]
                entry.ground, entry.evidence_hash = event.ground.value, event.evidence_hash
            case b.BlacklistAppealed(member_id=member_id):
                self._entries[member_id].appealed_on = on
            case b.AppealRejected(member_id=member_id):
                self._entries[member_id].appealed_on = None
            case b.BlacklistRemoved(member_id=member_id):
                self._entries[member_id].removed_on = on
            case b.BlacklistImported() as event:
                self._import(event, on)

    def _import(self, event: b.BlacklistImported, on: date) -> None:
        before = self._others.get(event.issuer)
        same_day = before is not None and before.as_of == event.as_of
        entries = (before.entries if before is not None and same_day else 0) + len(event.entries)
        self._others.add(OthersRow(event.issuer, event.as_of, entries, event.public_key, on))
