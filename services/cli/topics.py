"""`zhuanhu topics`: a platform's topics in Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.kafka.group import PROJECTIONS
from adapters.kafka.reading import Tail
from adapters.kafka.topics import (
    Ensured,
    Topic,
    ensure_topics,
    make_anew,
    topic_id,
    topic_name,
)
from adapters.topic_decisions import TopicDecision, TopicDecisions
from adapters.watching.topics import groups
from infra.kafka import administration, client_options
from infra.settings import load_settings
from services.cli.failure import EXIT_REFUSED, CliError
from services.cli.installation import Installation
from services.cli.kafka import kafka_settings
from services.cli.opening import Place, data_folder, database, find, require_released
from services.cli.options import AsJson, By, Data, Platform, Reason
from services.cli.showing import plain, show_json, show_record, show_table
from services.cli.up import platform_name

app = typer.Typer()
topics_app = typer.Typer(help="The platform's topics in Kafka.", no_args_is_help=True)
app.add_typer(topics_app, name="topics")


@topics_app.command("ensure")
def ensure_command(data: Data = None, platform: Platform = None, as_json: AsJson = False) -> None:
    """Make the topics that are missing, and compare the others with the settings
    (ZHUANHU_KAFKA_...; see docs/kafka.md). Exit 1 where something differs.

    What exists is never changed: that is for Kafka's own tools, or for the setting.

    Example: zhuanhu topics ensure --platform demo --json
    """
    name = _platform(data, platform)
    settings = kafka_settings(data)
    with administration(client_options(settings)) as client:
        ensured = ensure_topics(client, name, settings)
    _show(name, ensured, as_json)
    if ensured.differences:
        raise typer.Exit(EXIT_REFUSED)


class Renewable(StrEnum):
    """Those that we write. What lies in the topic of commands is the platform's."""

    EVENTS = "events"
    REPLIES = "replies"
    PARKED = "parked"


@topics_app.command("retake")
def retake_command(
    by: By,
    reason: Reason,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Take commands from the first one on that their topic still holds: after records_lost or
    topic_replaced, or where Kafka itself was put back from a copy (docs/kafka.md).

    Nothing is done twice by it: those that were taken before are answered again. What the topic no
    longer holds and was never taken is lost; its senders have no answer, and publish it again. On
    record. Writers may run or not.

    Example: zhuanhu topics retake --by ops --reason "no writer for eight days"
    """
    place = find(data, platform)
    options = client_options(kafka_settings(place.data))
    name = topic_name(place.platform, Topic.COMMANDS)
    with _decisions(place) as (_, decisions), administration(options) as client:
        now = topic_id(client, place.platform, Topic.COMMANDS)
        with closing(Tail(options, name)) as tail:
            begins_at = tail.begin()
        _tell(decisions.retake(name, now, begins_at, by, reason), as_json)


@topics_app.command("renew")
def renew_command(
    topics: Annotated[list[Renewable], typer.Argument(metavar="events|replies|parked...")],
    by: By,
    reason: Reason,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Delete topics that we write, and make them anew; zhuanhu relay fills them from the database.
    For a topic that lacks something, or tells of a life that a restore has undone (docs/kafka.md).

    Not while zhuanhu relay or zhuanhu projections run, nor before zhuanhu catch-up has released a
    restored database: until then the topic may be all that tells what was lost. On record. Those
    who read events begin again at offset 0, and skip by position what they have.

    Example: zhuanhu topics renew events --by ops --reason "lacks 17 after a disk failure"
    """
    place = find(data, platform)
    settings = kafka_settings(place.data)
    options = client_options(settings)
    kinds = [Topic(each.value) for each in dict.fromkeys(topics)]
    with (
        _decisions(place) as (url, decisions),
        decisions.no_relay(),
        administration(options) as client,
    ):
        require_released(place, url)
        if Topic.EVENTS in kinds:
            _require_no_projections(client, place.platform)
        for kind in kinds:
            topic_id(client, place.platform, kind)  # A name that is spelled wrong renews nothing.
        made = []
        for kind in kinds:
            with closing(Tail(options, topic_name(place.platform, kind))) as tail:
                made.append(decisions.renew(tail.topic, tail.end(), by, reason))
        make_anew(client, place.platform, kinds, settings)
    _tell_all(made, as_json)


@topics_app.command("decisions")
def decisions_command(
    data: Data = None, platform: Platform = None, as_json: AsJson = False
) -> None:
    """What was retaken and renewed, by whom and why.

    Example: zhuanhu topics decisions --json
    """
    with _decisions(find(data, platform)) as (_, decisions):
        found = decisions.on_record()
    _tell_all(found, as_json)


@contextmanager
def _decisions(place: Place) -> Iterator[tuple[str, TopicDecisions]]:
    with (
        database(place) as url,
        closing(TopicDecisions(url, place.platform)) as decisions,
    ):
        yield url, decisions


def _require_no_projections(client: Any, platform: str) -> None:
    [group] = groups(client, [PROJECTIONS])
    for member in group.members:
        if platform in member.platforms:
            raise CliError(
                "topic_in_use",
                f"zhuanhu projections ({member.client}) reads the events of {platform}",
                hint="stop it first; one that was killed is gone after 10 seconds",
                exit_code=EXIT_REFUSED,
            )


def _tell(decision: TopicDecision, as_json: bool) -> None:
    if as_json:
        show_json(decision)
    else:
        show_record(decision.decided, plain(decision))


def _tell_all(decisions: list[TopicDecision], as_json: bool) -> None:
    if as_json:
        show_json({"decisions": decisions})
    else:
        show_table("decisions", [_row(each) for each in decisions])


def _row(decision: TopicDecision) -> dict[str, object]:
    """For people, in 80 columns."""
    return {
        "at": f"{decision.decided_at.astimezone(UTC):%Y-%m-%d %H:%MZ}",
        "what": f"{decision.decided} {decision.topic.split('.')[-1]}",
        "reached": decision.reached,
        "on_from": decision.goes_on_at,
        "by": decision.decided_by,
        "reason": decision.reason,
    }


def _platform(data: Path | None, platform: str | None) -> str:
    """The one that was named, else that of the installation."""
    named = platform if platform is not None else load_settings().platform
    return Installation.load(data_folder(data)).platform if named is None else platform_name(named)


def _show(platform: str, ensured: Ensured, as_json: bool) -> None:
    names = [topic_name(platform, topic) for topic in Topic]
    if as_json:
        show_json({"platform": platform, "topics": names, **ensured._asdict()})
        return
    for name in names:
        print(f"{name}: {'made' if name in ensured.created else 'was there'}")
    if ensured.differences:
        show_table("differences", [plain(each) for each in ensured.differences])
        print("Nothing was changed: change the topic with Kafka's tools, or the setting.")
