"""What the mirror's report tells beside its verdict: how long it took, and requests to look at."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import pytest

from domain.cashbook import EntryRejected, EntryRequested, EntrySettled
from services.proof import mirror_report
from services.proof.pace import three_digits
from tests.services.proof.auditor import NOW, prove
from tests.services.proof.forger import Forger
from tests.services.proof.town import FIRST_DAY


class TestPace:
    def test_percentiles_are_those_of_all_settled_movements(self, town_url: str) -> None:
        forger = Forger(town_url)
        took_ms: list[int] = []
        requested: dict[str, tuple[datetime, int]] = {}
        for line in forger.lines:
            entry_id = line.data.get("entry_id", "")
            if line.topic == EntryRequested.TOPIC:
                at = datetime.fromisoformat(line.envelope["at"])
                requested[entry_id] = at, len(line.data["movements"])
            elif line.topic in (EntrySettled.TOPIC, EntryRejected.TOPIC):
                at, movements = requested[entry_id]
                lag_ms = 10 * len(took_ms) + 7
                line.envelope["at"] = (at + timedelta(milliseconds=lag_ms)).isoformat()
                took_ms += [lag_ms] * movements if line.topic == EntrySettled.TOPIC else []
        forger.save()
        report = prove(town_url)
        took_ms.sort()
        assert report.settled == len(took_ms)
        assert report.p50_ms == took_ms[ceil(len(took_ms) * 0.5) - 1]
        assert report.p99_ms == took_ms[ceil(len(took_ms) * 0.99) - 1] > report.p50_ms

    def test_the_oldest_open_one(self, town_url: str) -> None:
        forger = Forger(town_url)
        line = forger.first(EntryRequested, entry_id="T-t8")
        forger.run(
            "INSERT INTO {custody}.request_step VALUES ('T-t8.1', 1, 'sent', '', NULL, now())"
        )
        forger.run(
            "INSERT INTO {custody}.request_step VALUES ('T-t8.1', 2, 'unknown', '', NULL, now())"
        )
        forger.commit()
        oldest = prove(town_url).oldest_open
        assert oldest is not None
        assert (oldest.movement_id, oldest.position) == ("T-t8.1", forger.position_of(line))
        assert oldest.requested_at == datetime.fromisoformat(line.envelope["at"])
        assert oldest.age_s == (NOW - oldest.requested_at).total_seconds() > 0
        assert (oldest.request_no, oldest.state) == ("T-t8.1", "unknown")

    def test_nothing_settled_has_no_percentiles(self, town_url: str) -> None:
        forger = Forger(town_url)
        forger.lines = [line for line in forger.lines if line.topic != EntrySettled.TOPIC]
        forger.save()
        report = prove(town_url)
        assert (report.settled, report.p50_ms, report.p99_ms) == (0, None, None)

    @pytest.mark.parametrize(
        ("number", "rounded"),
        [(0, 0), (7, 7), (999, 999), (1004, 1000), (1005, 1010), (99949, 99900), (99950, 100000)],
    )
    def test_long_times_are_kept_to_three_digits(self, number: int, rounded: int) -> None:
        assert three_digits(number) == rounded


class TestNotable:
    """Requests to look at: none of them breaks the mirror."""

    def journal(self, url: str, request_no: str, *steps: str, asks: int = 0) -> None:
        """The steps that a request has taken, the town's own aside. `held_back` is a code."""
        forger = Forger(url)
        forger.run("DELETE FROM {custody}.request_step WHERE request_no = %s", request_no)
        for seq, step in enumerate(steps, start=1):
            state, _, code = step.partition(":")
            forger.run(
                "INSERT INTO {custody}.request_step VALUES (%s, %s, %s, %s, NULL, %s)",
                request_no,
                seq,
                state,
                code,
                NOW + timedelta(seconds=seq),
            )
        forger.run(
            "INSERT INTO {custody}.request_state (request_no, state, code, steps, asks)"
            " VALUES (%s, 'any', '', 1, %s)",
            request_no,
            asks,
        )
        forger.commit()

    def lists(self, url: str) -> dict[str, list[str]]:
        report = prove(url)
        assert report.one_to_one
        told: dict[str, Any] = json.loads(json.dumps(report.as_json(), default=str))
        names = ("unknown", "retried", "contradicted")
        for name in names:
            assert told[f"{name}_count"] == len(told[name])
        return {name: [each["request_no"] for each in told[name]] for name in names if told[name]}

    def test_an_unknown_one(self, town_url: str) -> None:
        self.journal(town_url, "T-t8.1", "planned", "sent", "unknown:timeout", asks=1)
        assert self.lists(town_url) == {"unknown": ["T-t8.1"]}
        (told,) = prove(town_url).unknown.first
        assert told == (
            "T-t8.1",
            "any",
            "T-t8",
            "unknown",
            "timeout",
            1,
            1,
            NOW + timedelta(seconds=3),
        )

    def test_one_that_was_unknown_is_not(self, town_url: str) -> None:
        self.journal(town_url, "W-w1.1", "planned", "sent", "unknown", "settled", asks=1)
        assert self.lists(town_url) == {}

    def test_one_that_was_sent_again(self, town_url: str) -> None:
        self.journal(town_url, "W-w1.1", "planned", "sent", "unknown", "sent", "settled", asks=1)
        assert self.lists(town_url) == {"retried": ["W-w1.1"]}
        assert prove(town_url).retried.first[0].sent == 2

    def test_one_that_was_asked_after_more_than_once(self, town_url: str) -> None:
        self.journal(town_url, "W-w1.1", "planned", "sent", "pending", "settled", asks=2)
        assert self.lists(town_url) == {"retried": ["W-w1.1"]}

    def test_one_that_was_held_back_was_not_sent_then(self, town_url: str) -> None:
        steps = ("planned", "sent", "planned:held_back", "sent", "settled")
        self.journal(town_url, "W-w1.1", *steps)
        assert self.lists(town_url) == {}

    def test_one_that_the_bank_took_back(self, town_url: str) -> None:
        self.journal(town_url, "W-w1.1", "planned", "sent", "settled", "contradicted:100014")
        assert self.lists(town_url) == {"contradicted": ["W-w1.1"]}
        assert prove(town_url).contradicted.first[0].state == "settled"

    def test_those_of_other_days_are_not_listed(self, town_url: str) -> None:
        self.journal(town_url, "W-w1.1", "planned", "sent", "unknown")
        assert prove(town_url, FIRST_DAY, FIRST_DAY).unknown.count == 1
        assert prove(town_url, first=FIRST_DAY + timedelta(days=1)).unknown.count == 0

    def test_long_lists_are_cut_and_counted(
        self, town_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mirror_report, "LISTED_MAX", 1)
        for request_no in ("W-w1.1", "D-L1-1"):
            self.journal(town_url, request_no, "planned", "sent", "unknown")
        unknown = prove(town_url).unknown
        assert (unknown.count, len(unknown.first)) == (2, 1)
