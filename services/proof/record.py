"""The log as it was written, whatever its events say: bytes, order, completeness, receipts."""

from __future__ import annotations

from typing import NamedTuple

from adapters.codec import ends_of
from services.proof.checks.chain import RECEIPTS, Chain, Receipts, Retention
from services.proof.report import Finding
from services.proof.snapshot import LOG, Snapshot, no_cycles


class Record(NamedTuple):
    """`head_hash` is hexadecimal, of all events up to `head_position`."""

    head_position: int
    head_hash: str
    events: int
    findings: tuple[Finding, ...]


def read_record(url: str, platform: str, instant: str) -> Record:
    with Snapshot(url, platform, instant) as snapshot, no_cycles():
        chain, retention = Chain(), Retention()
        receipts = Receipts(snapshot.stream(RECEIPTS))
        for row in snapshot.stream(LOG):
            opening, prev = ends_of(row[4])
            chain.see(row, prev)
            retention.see(row)
            receipts.see(row[0], opening)
        for check in (chain, retention, receipts):
            check.finish(snapshot)
    findings = (chain.finding(), retention.finding(), receipts.finding())
    return Record(chain.position, chain.hash.hex(), chain.events, findings)
