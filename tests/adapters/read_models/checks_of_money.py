"""What the views of money and days say, beside what the domain says of the same events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from psycopg import Cursor

from adapters.codec import Recorded
from adapters.read_models.balances import BALANCES
from adapters.read_models.days import DAYS
from adapters.read_models.movements import MOVEMENTS
from adapters.read_models.reserve import OPEN_FLOWS, RESERVE_CLAIMS, RESERVE_FLOWS, RESERVE_PAYOUTS
from adapters.read_models.shortfalls import COVERS, SHORTFALLS
from adapters.read_models.statements import OPEN_ENTRIES, STATEMENT_LINES
from domain import cashbook, reserve, shortfall
from domain.platform import Platform
from domain.purposes import Purpose
from tests.adapters.read_models.by_events import folded, settled_movements, summed


def check_balances(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    sums = summed(past)
    rows = BALANCES.select(cursor)
    assert {row.account: [row.available_fen, row.frozen_fen] for row in rows} == sums
    assert sum(row.available_fen + row.frozen_fen for row in rows) == 0


def check_statements(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    expected = []
    purposes: dict[str, str] = {}
    steps = {"requested", "settled", "rejected", "covered"}
    after: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for recorded in past:
        legs = getattr(recorded.event, "legs", ())
        if isinstance(recorded.event, cashbook.EntryRequested):
            purposes[recorded.event.entry_id] = recorded.event.purpose.value
        for leg in legs:
            after[leg.account][0] += leg.available_fen
            after[leg.account][1] += leg.frozen_fen
            [step] = [s for s in steps if s in recorded.topic] or ["recorded"]
            expected.append((recorded.position, leg.account, step, *leg[1:], *after[leg.account]))
    lines = STATEMENT_LINES.select(cursor)
    assert sorted(expected) == sorted(
        (
            line.position,
            line.account,
            line.step,
            line.available_fen,
            line.frozen_fen,
            line.available_after_fen,
            line.frozen_after_fen,
        )
        for line in lines
    )
    for line in lines:
        if line.step not in ("recorded", "covered"):
            assert line.purpose == purposes[line.entry_id]
    states = folded(past, "entry", cashbook.Entry)
    open_ids = {k for k, entry in states.items() if entry.status is cashbook.Status.REQUESTED}
    assert {row.entry_id for row in OPEN_ENTRIES.select(cursor)} == open_ids


def check_movements(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    rows = {row.movement_id: row for row in MOVEMENTS.select(cursor)}
    expected = 0
    for entry_id, entry in folded(past, "entry", cashbook.Entry).items():
        for movement in entry.requested.movements if entry.requested else ():
            row = rows[movement.id]
            assert (row.entry_id, row.status) == (entry_id, entry.status.value)
            assert (row.payer, row.payee, row.freeze_id) == (
                movement.payer,
                movement.payee,
                movement.freeze,
            )
            assert (row.amount_fen, row.interest_fen) == (
                movement.amount_fen,
                movement.interest_fen,
            )
            assert (row.closed_position is None) == (row.status == "requested")
            assert (row.bank_date is not None) == (row.status == "settled")
            assert (row.bank_code is not None) == (row.status == "rejected")
            expected += 1
    bank = [r.event for r in past if isinstance(r.event, cashbook.BankMovementRecorded)]
    lacking = open_claims(past)
    for event in bank:
        row = rows[event.movement.id]
        assert (row.status, row.origin, row.shortfall_fen) == (
            "settled",
            event.origin,
            lacking[event.entry_id].left_fen if event.entry_id in lacking else 0,
        )
    assert len(rows) == expected + len(bank)


def check_shortfalls(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    rows = {row.entry_id: row for row in SHORTFALLS.select(cursor)}
    claimed = [r.event for r in past if isinstance(r.event, shortfall.ShortfallClaimed)]
    covered = [
        (recorded.position, event.entry_id, event.covered_by)
        for recorded in past
        if isinstance(event := recorded.event, shortfall.ShortfallCovered)
    ]
    assert {(row.entry_id, row.account, row.amount_fen, row.owner) for row in rows.values()} == {
        (each.entry_id, each.account, each.amount_fen, each.owner) for each in claimed
    }
    left = {row.entry_id: row.left_fen for row in rows.values() if row.left_fen}
    assert left == {name: claim.left_fen for name, claim in open_claims(past).items()}
    assert {name for name, row in rows.items() if row.closed_on} == rows.keys() - left.keys()
    assert {(row.position, row.entry_id, row.covered_by) for row in COVERS.select(cursor)} == set(
        covered
    )
    for name, row in rows.items():
        in_all_fen = sum(each.amount_fen for each in COVERS.select(cursor, "entry_id = %s", name))
        assert in_all_fen == row.amount_fen - row.left_fen


def open_claims(past: Sequence[Recorded]) -> dict[str, shortfall.Claim]:
    state = folded(past, "shortfall", shortfall.Shortfalls).get("shortfall", shortfall.INITIAL)
    return dict(state.open)


def check_reserve(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    state = folded(past, "reserve", reserve.Reserve).get("reserve", reserve.INITIAL)
    queue = RESERVE_CLAIMS.select(cursor, "status IN ('waiting', 'held')")
    assert {claim.claim_id for claim in queue} == state.queue.keys()
    assert {claim.claim_id for claim in queue if claim.status == "held"} == state.busy
    held = RESERVE_PAYOUTS.select(cursor, "status = 'held'")
    assert {payout.payout_id for payout in held} == state.held.keys()
    flows = {row.flow: row.amount_fen for row in RESERVE_FLOWS.select(cursor)}
    spent_fen = flows.pop("paid", 0) + flows.pop("surplus", 0)
    assert sum(flows.values()) - spent_fen == sum(summed(past).get("platform:reserve", (0, 0)))
    assert sum(claim.paid_fen for claim in RESERVE_CLAIMS.select(cursor)) == sum(
        movement.amount_fen
        for _, movement in settled_movements(past)
        if movement.purpose is Purpose.RESERVE_PAYOUT
    )
    requested = {r.event.entry_id for r in past if isinstance(r.event, cashbook.EntryRequested)}
    assert {flow.entry_id for flow in OPEN_FLOWS.select(cursor)} <= requested


def check_days(cursor: Cursor[Any], past: Sequence[Recorded]) -> None:
    days = DAYS.select(cursor, "true ORDER BY business_date")
    for before, after in pairwise(days):
        assert before.closing_position == after.opened_position - 1
    if days:
        assert (days[0].opened_position, days[-1].closing_position) == (1, None)
        platform = folded(past, "platform", Platform)["platform"]
        assert days[-1].business_date == platform.business_date
