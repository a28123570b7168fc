"""What must hold of a shard at any moment."""

from __future__ import annotations

from adapters.codec import GENESIS, Stored, ends_of, hash_row
from domain.streams import fold_of
from services.settlement.shelf import EMPTY, Kept
from tests.house import House


def stored(house: House) -> list[Stored]:
    rows = house.query(
        "SELECT notification_id, originator_id, originator_version, topic, state"
        " FROM {}.stored_events ORDER BY notification_id"
    )
    return [Stored(row[0], row[1], row[2], row[3], bytes(row[4])) for row in rows]


def assert_whole(house: House) -> None:
    """Positions and versions without gaps, one unbroken chain, receipts that fit, and a shelf that
    is equal to what the log adds up to."""
    rows = stored(house)
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    prev, versions = GENESIS, dict[str, int]()
    for row in rows:
        assert ends_of(row.state)[1] == prev.hex().encode()
        prev = hash_row(*row)
        assert row.version == versions.get(row.stream, 0) + 1
        versions[row.stream] = row.version
    receipts = house.query("SELECT number FROM {}.receipt ORDER BY number")
    assert [row[0] for row in receipts] == list(range(1, len(receipts) + 1))
    [head] = house.query("SELECT head_position, head_hash, receipts FROM {}.shard")
    assert (head[0], bytes(head[1]), head[2]) == (len(rows), prev, len(receipts))
    shelf, states = house.writer._shelf, house.states()
    for stream, kept in {**shelf.states.old, **shelf.states}.items():
        folded = states.get(stream, fold_of(stream).initial)
        assert kept == Kept(versions.get(stream, 0), folded), stream
    balances = house.balances()
    assert {
        account: (kept.available_fen, kept.frozen_fen)
        for account, kept in {**shelf.balances.old, **shelf.balances}.items()
        if kept != EMPTY
    }.items() <= balances.items()
