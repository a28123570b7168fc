"""What custody remembers of members, cards, loans and offers of claims, to be able to tell the bank
about them.

Fed from the log in the transaction that plans; holds references to personal data only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString, NamedTuple, TypeVar

import psycopg

from domain.cashbook import EntryRequested
from domain.model import Event
from domain.purposes import Purpose

OF_AN_OFFER = frozenset({Purpose.ASSIGNMENT_HOLD, Purpose.ASSIGNMENT})


class MemberFact(NamedTuple):
    member_id: str
    company: bool
    identity_ref: str


class CardFact(NamedTuple):
    """A binding. Its id is its member's own word, so `name` is what is unique on the platform."""

    binding_id: str
    member_id: str
    account: str
    card_ref: str
    name: str
    bound: bool = False
    unbindings: int = 0


class ProjectFact(NamedTuple):
    """A loan's terms, and how often the bank was asked to register it."""

    loan_id: str
    borrower: str
    amount_fen: int
    annual_rate: str
    method: str
    periods: int
    attempts: int = 0

    @property
    def request_no(self) -> str:
        """Of the last attempt. A dot is in no id of ours, so that no two loans can meet here."""
        suffix = "" if self.attempts == 1 else f".{self.attempts}"
        return f"L-{self.loan_id}{suffix}"


class OfferFact(NamedTuple):
    """So much of a claim's principal is, or was, on sale."""

    assignment_id: str
    loan_id: str
    seller: str
    share_fen: int

    @property
    def request_no(self) -> str:
        return f"AO-{self.assignment_id}"


Fact = TypeVar("Fact", MemberFact, CardFact, ProjectFact, OfferFact)


@dataclass(slots=True)
class Facts:
    members: dict[str, MemberFact] = field(default_factory=dict)
    cards: dict[tuple[str, str], CardFact] = field(default_factory=dict)  # (binding, member)
    projects: dict[str, ProjectFact] = field(default_factory=dict)
    offers: dict[str, OfferFact] = field(default_factory=dict)

    def put_card(self, card: CardFact) -> None:
        self.cards[card.binding_id, card.member_id] = card


def load(cursor: psycopg.Cursor[Any], events: Sequence[Event]) -> Facts:
    """The facts that these events may need."""
    bindings = _named(events, "binding_id") + [
        event.reference
        for event in events
        if isinstance(event, EntryRequested) and event.purpose is Purpose.WITHDRAWAL
    ]
    offers = _named(events, "assignment_id") + [
        event.reference
        for event in events
        if isinstance(event, EntryRequested) and event.purpose in OF_AN_OFFER
    ]
    cards = _select(cursor, CardFact, _CARDS, bindings)
    return Facts(
        members={
            each.member_id: each
            for each in _select(cursor, MemberFact, _MEMBERS, _named(events, "member_id"))
        },
        cards={(each.binding_id, each.member_id): each for each in cards},
        projects={
            each.loan_id: each
            for each in _select(cursor, ProjectFact, _PROJECTS, _named(events, "loan_id"))
        },
        offers={each.assignment_id: each for each in _select(cursor, OfferFact, _OFFERS, offers)},
    )


def save(cursor: psycopg.Cursor[Any], facts: Facts) -> None:
    _upsert(cursor, _SAVE_MEMBERS, facts.members.values())
    _upsert(cursor, _SAVE_CARDS, facts.cards.values())
    _upsert(cursor, _SAVE_PROJECTS, facts.projects.values())
    _upsert(cursor, _SAVE_OFFERS, facts.offers.values())


def _named(events: Sequence[Event], name: str) -> list[str]:
    return list({getattr(event, name) for event in events if hasattr(event, name)})


def _select(
    cursor: psycopg.Cursor[Any], fact: type[Fact], query: LiteralString, ids: list[str]
) -> list[Fact]:
    if not ids:
        return []
    return [fact(*row) for row in cursor.execute(query, (ids,)).fetchall()]


def _upsert(
    cursor: psycopg.Cursor[Any], query: LiteralString, facts: Iterable[tuple[Any, ...]]
) -> None:
    columns = [list(column) for column in zip(*facts, strict=True)]
    if columns:
        cursor.execute(query, columns)


_MEMBERS: LiteralString = (
    "SELECT member_id, company, identity_ref FROM member WHERE member_id = ANY(%s)"
)
_CARDS: LiteralString = (
    "SELECT binding_id, member_id, account, card_ref, name, bound, unbindings"
    " FROM card WHERE binding_id = ANY(%s)"
)
_PROJECTS: LiteralString = (
    "SELECT loan_id, borrower, amount_fen, annual_rate, method, periods, attempts"
    " FROM project WHERE loan_id = ANY(%s)"
)
_OFFERS: LiteralString = (
    "SELECT assignment_id, loan_id, seller, share_fen FROM offer WHERE assignment_id = ANY(%s)"
)
_SAVE_MEMBERS: LiteralString = (
    "INSERT INTO member (member_id, company, identity_ref)"
    " SELECT * FROM unnest(%s::text[], %s::bool[], %s::text[])"
    " ON CONFLICT (member_id) DO NOTHING"
)
_SAVE_CARDS: LiteralString = (
    "INSERT INTO card (binding_id, member_id, account, card_ref, name, bound, unbindings)"
    " SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[],"
    " %s::bool[], %s::int[])"
    " ON CONFLICT (binding_id, member_id)"
    " DO UPDATE SET bound = excluded.bound, unbindings = excluded.unbindings"
)
_SAVE_PROJECTS: LiteralString = (
    "INSERT INTO project (loan_id, borrower, amount_fen, annual_rate, method, periods, attempts)"
    " SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[],"
    " %s::int[], %s::int[])"
    " ON CONFLICT (loan_id) DO UPDATE SET attempts = excluded.attempts"
)
_SAVE_OFFERS: LiteralString = (
    "INSERT INTO offer (assignment_id, loan_id, seller, share_fen)"
    " SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[])"
    " ON CONFLICT (assignment_id) DO NOTHING"
)
