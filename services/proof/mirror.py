"""Proves for a range of business dates that movements and instructions are one to one, and says how
long the bank's word took, what is unknown, what was tried again and what was taken back.

A movement is of the business date on which it was requested. Log and journal are read as they were
at one instant, merged by position. What is kept in memory is what is open, and the first of each
list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, datetime

from adapters.codec import decode_event
from domain.cashbook import BankMovementRecorded, EntryRejected, EntryRequested, EntrySettled
from services.proof.as_of import NotOnRecord, business_days
from services.proof.checks.check import FORGED, Fact
from services.proof.checks.mirror import Mirror, Span
from services.proof.mirror_report import Listing, MirrorReport, Notable, OldestOpen
from services.proof.pace import Pace
from services.proof.snapshot import Snapshot, no_cycles

_BEGUN = [EntryRequested.TOPIC, BankMovementRecorded.TOPIC]
_CLOSED = [EntrySettled.TOPIC, EntryRejected.TOPIC]
# What was begun in the range, and what closed since then.
_CASH = (
    "SELECT notification_id, originator_id, topic, state FROM {shard}.stored_events"
    " WHERE notification_id > %s"
    " AND (topic = ANY(%s) OR (topic = ANY(%s) AND notification_id <= %s))"
    " ORDER BY notification_id"
)
# A sending that was held back was none.
_NOTABLE = """
SELECT r.request_no, r.kind, r.subject,
    (array_agg(t.state ORDER BY t.seq DESC) FILTER (WHERE t.state <> 'contradicted'))[1] AS state,
    (array_agg(t.code ORDER BY t.seq DESC))[1] AS code,
    count(*) FILTER (WHERE t.state = 'sent') - count(*) FILTER (WHERE t.code = 'held_back') AS sent,
    coalesce(s.asks, 0) AS asked,
    max(t.at) AS last_step_at,
    bool_or(t.state = 'contradicted') AS contradicted
FROM {custody}.request AS r
JOIN {custody}.request_step AS t USING (request_no)
LEFT JOIN {custody}.request_state AS s USING (request_no)
WHERE r.position > %s AND r.position <= %s
GROUP BY r.request_no, s.request_no
HAVING bool_or(t.state = 'contradicted') OR s.asks > 1
    OR count(*) FILTER (WHERE t.state = 'sent') > 1
    OR (array_agg(t.state ORDER BY t.seq DESC) FILTER (WHERE t.state <> 'contradicted'))[1]
        = 'unknown'
ORDER BY r.position, r.number
"""
_STATE = (
    "SELECT request_no, state FROM {custody}.instruction"
    " JOIN {custody}.request_step USING (request_no) WHERE movement_id = %s"
    " ORDER BY seq DESC LIMIT 1"
)


def prove_mirror(
    url: str,
    platform: str,
    now: datetime,
    first: date | None = None,
    last: date | None = None,
) -> MirrorReport:
    """Of the movements requested from business date `first` to `last`, both included; None is the
    books' own first or last. Raises NotOnRecord where that is no day of the books."""
    with Snapshot(url, platform) as snapshot, no_cycles():
        days = list(business_days(snapshot))
        span = _span(days, first, last)
        mirror, pace = Mirror(snapshot, span), Pace()
        _read(snapshot, span, mirror, pace)
        mirror.finish(snapshot)
        unknown, retried, contradicted = _listed(snapshot, span)
        (head,) = snapshot.one("SELECT head_position FROM {shard}.shard")
        seen = [day for day, position in days if span.after < position <= span.upto]
        return MirrorReport(
            platform=platform,
            first_day=seen[0] if seen else None,
            last_day=seen[-1] if seen else None,
            first_position=max(span.after, 0) + 1,
            last_position=min(span.upto, head),
            finding=mirror.finding(),
            settled=pace.settled,
            rejected=pace.rejected,
            open=pace.open,
            p50_ms=pace.percentile_ms(50),
            p99_ms=pace.percentile_ms(99),
            oldest_open=_oldest(snapshot, pace, now),
            unknown=unknown,
            retried=retried,
            contradicted=contradicted,
        )


def _span(days: Sequence[tuple[date, int]], first: date | None, last: date | None) -> Span:
    """Business dates follow one another in the log, so that a range of them is one of positions."""
    span = Span()
    if first is not None:
        begins = next((position for day, position in days if day >= first), None)
        if begins is None:
            raise NotOnRecord(f"the books have not come to {first}", "from")
        span = span._replace(after=begins - 1, first=first)
    if last is not None:
        if not days or last < days[0][0]:
            raise NotOnRecord(f"the platform's books do not reach back to {last}", "to")
        follows = next((position for day, position in days if day > last), None)
        span = span._replace(last=last)
        if follows is not None:
            span = span._replace(upto=follows - 1)
    return span


def _read(snapshot: Snapshot, span: Span, mirror: Mirror, pace: Pace) -> None:
    looks = mirror.looks()
    asked = (span.after, _CLOSED, _BEGUN, span.upto)
    with closing(snapshot.stream(_CASH, asked)) as rows:
        for position, stream, topic, state in rows:
            if position > span.upto and pace.oldest is None:
                break
            try:
                event = decode_event(topic, state)
            except FORGED as error:
                mirror.violated(f"{stream} cannot be read: {type(error).__name__}", position)
                continue
            fact = Fact(position, stream, topic, state, event)
            look = looks.get(type(event))
            if look is not None:
                look(fact)
            if pace.see(fact):
                mirror.word(fact.event.entry_id)  # Of an entry that is over nothing is kept.


def _oldest(snapshot: Snapshot, pace: Pace, now: datetime) -> OldestOpen | None:
    oldest = pace.oldest
    if oldest is None:
        return None
    known: Iterator[tuple[str, str]] = iter(())
    if snapshot.has("custody"):
        known = snapshot.stream(_STATE, (oldest.movement_ids[0],))
    request_no, state = next(known, (None, None))
    return OldestOpen(
        movement_id=oldest.movement_ids[0],
        position=oldest.position,
        requested_at=oldest.requested_at,
        age_s=max(0, int((now - oldest.requested_at).total_seconds())),
        request_no=request_no,
        state=state,
    )


def _listed(snapshot: Snapshot, span: Span) -> tuple[Listing, Listing, Listing]:
    """Unknown, retried and contradicted ones: a request may be in several."""
    unknown, retried, contradicted = Listing(), Listing(), Listing()
    if snapshot.has("custody"):
        for *row, was_contradicted in snapshot.stream(_NOTABLE, (span.after, span.upto)):
            notable = Notable(*row)
            if notable.state == "unknown":
                unknown.add(notable)
            if notable.sent > 1 or notable.asked > 1:
                retried.add(notable)
            if was_contradicted:
                contradicted.add(notable)
    return unknown, retried, contradicted
