"""The pipeline's picture for people: a table for each platform, a line for each group."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from adapters.watching.standing import Following
from adapters.watching.topics import GroupStanding
from services.cli.failure import CliError
from services.cli.pipeline import KafkaPicture, Picture, PlatformPicture

NOBODY = "nobody"
NOTHING = "nothing, and waits"
BAD = "bold red"


def drawn(picture: Picture) -> RenderableType:
    tables = [_platform(each) for each in picture.platforms]
    return Group(*tables, *_kafka(picture.kafka), Text(f"{picture.at:%Y-%m-%d %H:%M:%S} UTC"))


def lost(error: CliError | None, before: Picture | None) -> RenderableType:
    """What is wrong, over the last that was seen."""
    said = "" if error is None else _said(error.message, error.hint)
    return Group(Text(said, style=BAD), *([drawn(before)] if before else []))


def _platform(of: PlatformPicture) -> Table:
    rate = "" if of.commands_per_s is None else f", {of.commands_per_s:,.1f} a second"
    topic = "" if of.waiting.topic is None else f"{of.waiting.topic:,} in the topic, "
    lost = "; the topic lacks the next command: docs/kafka.md" if of.waiting.out_of_reach else ""
    table = Table(
        title=f"{of.platform}: {of.commands:,} commands{rate}",
        caption=f"waiting: {topic}{of.waiting.inbox:,} in the inbox; parked: {of.parked:,}{lost}",
        caption_style=BAD if of.parked or lost else "",
    )
    table.add_column("")
    for name in ("position", "lag", "behind", "gap", "age"):
        table.add_column(name, justify="right")
    table.add_column("by")
    writer = f"{of.writer or NOBODY}, epoch {of.epoch}"
    table.add_row("log", f"{of.position:,}", "", "", "", "", writer)
    if of.relay is not None:
        _follower(table, "relay", of.relay, of.relay_holder or NOBODY)
    for name, following in of.views.items():
        _follower(table, name, following)
    return table


def _follower(table: Table, name: str, of: Following, by: str = "") -> None:
    table.add_row(
        name,
        f"{of.position:,}",
        f"{of.lag:,}",
        _duration(of.lag_s) if of.lag else "",
        f"{of.gap:,}",
        "" if of.age_s is None else _duration(of.age_s),
        by,
        style=BAD if of.gap else "",
    )


def _kafka(of: KafkaPicture | None) -> Iterator[Text]:
    if of is None:
        yield Text("no Kafka: none is named, and none of our own runs")
        return
    yield Text(f"Kafka at {of.servers}")
    if of.trouble is not None:
        yield Text(_said(of.trouble["message"], of.trouble["hint"]), style=BAD)
    for group in of.groups:
        yield Text(f"group {group.name}: {_group(group)}")


def _group(of: GroupStanding) -> str:
    members = [f"{each.client} has {', '.join(each.platforms) or NOTHING}" for each in of.members]
    return "; ".join((of.state, *members))


def _said(message: str | None, hint: str | None) -> str:
    return f"{message}" + (f" ({hint})" if hint else "")


def _duration(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"
