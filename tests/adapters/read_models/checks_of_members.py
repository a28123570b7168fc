"""What the views of people say, beside what the domain says of the same events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Cursor

from adapters.codec import Recorded
from adapters.read_models.blacklist import ENTRIES, OTHERS
from adapters.read_models.cases import ACTIONS, CASES, LAWSUITS, PROMISES
from adapters.read_models.members import AUTHORISATIONS, BINDINGS, DEBTS, MEMBERS, VISITS
from domain import blacklist, collections, member
from tests.adapters.read_models.by_events import folded


def check_members(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    rows = {row.member_id: row for row in MEMBERS.select(cursor)}
    bindings = {(row.member_id, row.binding_id): row for row in BINDINGS.select(cursor)}
    debts = {(row.member_id, row.loan_id): row.amount_fen for row in DEBTS.select(cursor)}
    authorisations = {(row.member_id, row.number): row for row in AUTHORISATIONS.select(cursor)}
    visits = {(row.member_id, row.number): row for row in VISITS.select(cursor)}
    states = folded(past, "member", member.Member)
    assert rows.keys() == states.keys()
    for member_id, state in states.items():
        row = rows[member_id]
        assert set(row.open_roles.split()) == {role.value for role in state.open_roles}
        assert row.blacklisted == state.blacklisted
        for binding_id, binding in state.bindings.items():
            shown = bindings.pop((member_id, binding_id))
            assert (shown.role, shown.status) == (binding.role.value, binding.status.value)
            assert shown.suspended == (binding_id in state.guard.suspended)
        for loan_id, amount_fen in state.debts_fen.items():
            assert debts.pop((member_id, loan_id)) == amount_fen
        for number, known in state.authorisations.by_number.items():
            told = authorisations.pop((member_id, number))
            assert (told.kind, told.role) == (known.kind.value, known.role.value)
            assert told.limit_fen == known.limit_fen
            assert (told.status, told.ends_on) == (known.status.value, known.ends_on)
        open_visits = {
            number
            for (whose, number), row in visits.items()
            if whose == member_id and row.status == "requested"
        }
        assert open_visits == state.visits.open.keys()
    assert (bindings, debts) == ({}, {})
    assert {row.status for row in authorisations.values()} <= {"refused"}


def check_cases(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    rows = {row.borrower_id: row for row in CASES.select(cursor)}
    promises = {(row.borrower_id, row.promise_id): row for row in PROMISES.select(cursor)}
    lawsuits = {(row.borrower_id, row.lawsuit_id): row.step for row in LAWSUITS.select(cursor)}
    states = folded(past, "case", collections.Case)
    assert rows.keys() == states.keys()
    for borrower_id, state in states.items():
        row = rows[borrower_id]
        assert (row.number, row.closed_on is None) == (state.number, state.is_open)
        assert (row.stage, row.agency_id) == (state.stage, state.agency_id)
        promise = promises.get((borrower_id, row.promise_id or ""))
        assert (promise is None) == (state.promise is None)
        if promise is not None and state.promise is not None:
            assert (promise.status, promise.paid_fen) == ("open", state.promise.paid_fen)
        for lawsuit_id, lawsuit in state.lawsuits.items():
            assert lawsuits.pop((borrower_id, lawsuit_id)) == lawsuit.step.value
        mine = [row for row in ACTIONS.select(cursor) if row.borrower_id == borrower_id]
        assert row.actions == len(mine)
    assert lawsuits == {}


def check_blacklist(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    rows = {row.member_id: row for row in ENTRIES.select(cursor)}
    for member_id, state in folded(past, "member", member.Member).items():
        row = rows.get(member_id)
        assert state.blacklisted == (row is not None and row.removed_on is None)
        if row is not None and state.blacklisted:
            assert state.appealed == (row.appealed_on is not None)
    lists = folded(past, "blacklist", blacklist.Blacklists)
    known = lists["blacklist"].lists if lists else {}
    assert {row.issuer: (row.as_of, row.entries) for row in OTHERS.select(cursor)} == {
        issuer: (each.as_of, len(each.entry_of)) for issuer, each in known.items()
    }
