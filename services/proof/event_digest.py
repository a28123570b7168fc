"""One hash for a whole history, whatever the order in which its streams were interleaved."""

from __future__ import annotations

import hashlib

from adapters.codec import data_of
from services.proof.snapshot import Snapshot

EVENTS = "SELECT originator_id, topic, state FROM {shard}.stored_events"


def event_digest(url: str, platform: str) -> str:
    """SHA-256 (hex) over the sorted (stream, topic, payload) of all events, without positions,
    commands and recorded times. Each triple is hashed with the lengths of its parts before them,
    and the hashes are what is sorted."""
    with Snapshot(url, platform) as snapshot:
        digests = [_digest(*row) for row in snapshot.stream(EVENTS)]
    digests.sort()
    whole = hashlib.sha256()
    for digest in digests:
        whole.update(digest)
    return whole.hexdigest()


def _digest(stream: str, topic: str, state: bytes) -> bytes:
    name, kind, data = stream.encode(), topic.encode(), data_of(state)
    framed = b"%d:%b %d:%b %d:%b" % (len(name), name, len(kind), kind, len(data), data)
    return hashlib.sha256(framed).digest()
