"""`zhuanhu topics`: a platform's topics in Kafka."""

from __future__ import annotations

from pathlib import Path

import typer

from adapters.kafka.topics import Ensured, Topic, ensure_topics, topic_name
from infra.kafka import administration, client_options
from infra.settings import load_settings
from services.cli.failure import EXIT_REFUSED
from services.cli.installation import Installation
from services.cli.kafka import kafka_settings
from services.cli.opening import data_folder
from services.cli.options import AsJson, Data, Platform
from services.cli.showing import plain, show_json, show_table
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
