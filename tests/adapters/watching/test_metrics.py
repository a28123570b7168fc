"""What Prometheus is told: all of it stands in docs/watching.md, and no label names a person."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kafka.errors import KafkaTimeoutError
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from adapters.commanding import Outcome, Receipt
from adapters.read_models.registry import VIEWS
from adapters.watching.metrics import Metrics
from adapters.watching.pipeline import Look
from adapters.watching.standing import Following, Standing
from domain.ports import BankOutcome

PAGE = Path(__file__).parents[3] / "docs" / "watching.md"
ROW = re.compile(r"\| `((?:zhuanhu|process)_\w+)` \| (\w+) \| ([\w, ]*) ?\| ")
LABELS = ("platform", "view", "source", "reason", "outcome", "code")


@pytest.fixture
def metrics() -> Metrics:
    """Each of them with at least one value."""
    metrics = Metrics()
    following = Following(position=7, lag=2, lag_s=1.5, gap=1, age_s=3.0)
    standing = Standing(
        platform="p1",
        position=9,
        recorded_at=datetime(2024, 1, 2, tzinfo=UTC),
        epoch=3,
        writer="1@here",
        relay_holder=None,
        commands=5,
        commands_offset=4,
        commands_topic=None,
        inbox=6,
        parked=8,
        relay=following,
        views={view.NAME: following for view in VIEWS},
    )
    metrics.show(Look(standing, commands_in_topic=11, commands_out_of_reach=True), now_s=1000.0)
    metrics.show_shares(["p1", "p2"], {"p1"})
    metrics.look_failed("p1", "kafka_failed")
    metrics.relayed("p1", 12)
    metrics.projected("p1", 13)
    custody = metrics.custody("p1")
    custody.called(BankOutcome.UNKNOWN)
    custody.bank(down_since=datetime.fromtimestamp(900, UTC), held_back=14)
    custody.held(datetime.fromtimestamp(800, UTC))
    metrics.custody("p2")
    writer = metrics.writer("p1")
    refused = Receipt("c2", Outcome.REFUSED, "member_unknown")
    with writer.deciding(), writer.appending():
        pass
    writer.landed([Receipt("c1", Outcome.ACCEPTED), refused, refused], 2)
    writer.landed([refused._replace(replayed=True)], 0)
    return metrics


def families(metrics: Metrics) -> dict[str, Metric]:
    """By the name that a query has."""
    return {
        each.name + ("_total" if each.type == "counter" else ""): each
        for each in metrics.registry.collect()
    }


def labels_of(family: Metric) -> set[str]:
    return {name for sample in family.samples for name in sample.labels} - {"le"}


def test_the_page_and_the_code_agree(metrics: Metrics) -> None:
    told = {
        name: (kind, {*labels.replace(",", " ").split()})
        for name, kind, labels in ROW.findall(PAGE.read_text(encoding="utf-8"))
    }
    assert told == {n: (each.type, labels_of(each)) for n, each in families(metrics).items()}


def test_labels_are_few_and_of_small_sets(metrics: Metrics) -> None:
    assert set.union(*map(labels_of, families(metrics).values())) == {*LABELS}


def test_values_are_those_that_were_shown(metrics: Metrics) -> None:
    text, kind = metrics.page("text/plain")
    assert kind.startswith("text/plain")
    found = {
        (
            sample.name.removeprefix("zhuanhu_"),
            *(sample.labels[name] for name in LABELS if name in sample.labels),
        ): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if sample.name.startswith("zhuanhu_")
    }
    expected = {
        ("commands_total", "p1", "accepted", ""): 1,
        ("commands_total", "p1", "refused", "member_unknown"): 2,
        ("commands_total", "p1", "replayed", "member_unknown"): 1,
        ("commands_total", "p1", "parked", ""): 2,
        ("batch_commands_sum", "p1"): 4,
        ("batch_commands_count", "p1"): 2,
        ("decide_seconds_count", "p1"): 1,
        ("append_seconds_count", "p1"): 1,
        ("relay_messages_total", "p1"): 12,
        ("projection_events_total", "p1"): 13,
        ("bank_calls_total", "p1", "unknown"): 1,
        ("bank_down", "p1"): 1,
        ("bank_held_back", "p1"): 14,
        ("bank_down", "p2"): 0,
        ("sending_held_timestamp_seconds", "p1", "bank_down"): 900,
        ("sending_held_timestamp_seconds", "p1", "restored"): 800,
        ("sending_held_timestamp_seconds", "p2", "bank_down"): 0,
        ("share_held", "p1"): 1,
        ("share_held", "p2"): 0,
        ("log_position", "p1"): 9,
        ("writer_epoch", "p1"): 3,
        ("commands_waiting", "p1", "inbox"): 6,
        ("commands_waiting", "p1", "topic"): 11,
        ("commands_out_of_reach", "p1"): 1,
        ("parked_messages", "p1"): 8,
        ("relay_position", "p1"): 7,
        ("relay_lag_positions", "p1"): 2,
        ("relay_lag_seconds", "p1"): 1.5,
        ("relay_gap_positions", "p1"): 1,
        ("relay_age_seconds", "p1"): 3,
        ("projection_position", "p1", "loans"): 7,
        ("projection_lag_positions", "p1", "loans"): 2,
        ("projection_lag_seconds", "p1", "loans"): 1.5,
        ("projection_gap_positions", "p1", "loans"): 1,
        ("projection_age_seconds", "p1", "loans"): 3,
        ("looked_timestamp_seconds", "p1"): 1000,
        ("looks_failed_total", "p1", "kafka_failed"): 1,
    }
    assert {key: found.get(key) for key in expected} == expected


def test_openmetrics_is_given_to_whom_asks_for_it(metrics: Metrics) -> None:
    text, kind = metrics.page("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")


def test_when_all_was_looked_at_is_not_when_a_part_of_it_was(metrics: Metrics) -> None:
    """The figures of the topics are still those of before."""
    standing = Standing(
        platform="p1",
        position=10,
        recorded_at=None,
        epoch=3,
        writer=None,
        relay_holder=None,
        commands=5,
        commands_offset=4,
        commands_topic=None,
        inbox=0,
        parked=0,
        relay=None,
        views={},
    )
    metrics.show(Look(standing, trouble=KafkaTimeoutError("away")), now_s=2000.0)
    value = metrics.registry.get_sample_value
    assert value("zhuanhu_log_position", {"platform": "p1"}) == 10
    assert value("zhuanhu_looked_timestamp_seconds", {"platform": "p1"}) == 1000
