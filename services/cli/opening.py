"""How a command gets at an installation: its folder, its database, and whether somebody runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from adapters.event_log import LogReader, prepare_shard
from adapters.shard_schema import shard_schema
from adapters.vault import Seal, hold_to_key
from adapters.watching.pipeline import PipelineReader
from infra.clock import Clock, ManualClock, SystemClock
from infra.errors import DataFolderInUse
from infra.postgres import DataFolder, EmbeddedPostgres
from infra.settings import load_settings
from services.cli.errors import CliError
from services.cli.failure import EXIT_REFUSED
from services.cli.installation import DATABASE, Installation
from services.custody.hold import is_held
from services.custody.lease import prepare_journal


@dataclass(frozen=True, slots=True)
class Place:
    """An installation and the folder that it lives in."""

    data: Path
    installation: Installation

    @property
    def platform(self) -> str:
        return self.installation.platform


def data_folder(data: Path | None) -> Path:
    return (data or load_settings().data_dir).expanduser().resolve()


def find(data: Path | None, platform: str | None) -> Place:
    """The installation in the folder. Raises CliError if there is none, or of another platform."""
    folder = data_folder(data)
    place = Place(folder, Installation.load(folder))
    wanted = platform if platform is not None else load_settings().platform
    if wanted not in (None, place.platform):
        raise CliError(
            "platform_not_here",
            f"platform {wanted} is not the one of {folder}, which is {place.platform}",
            "platform",
            "leave --platform out, or name another folder with --data",
        )
    return place


@contextmanager
def database(place: Place) -> Iterator[str]:
    """The URL of the installation's database, with its shard, while the block lasts: of the server
    that DATABASE_URL names, else of the embedded one, which is started where it does not run."""
    with ExitStack() as opened:
        given = place.installation.settings().database_url
        if given is not None:
            url = given.get_secret_value()
        else:
            server = opened.enter_context(EmbeddedPostgres(place.data))
            url = server.ensure_database(DATABASE)
        prepare_shard(url, place.platform)
        yield url


def seal_of(place: Place, url: str) -> Seal:
    """With the key of the platform's book. Raises VaultKeyOther where another one is set here, or
    lies in the data folder; KeyUnusable."""
    seal = place.installation.seal(place.data)
    hold_to_key(url, shard_schema(place.platform), seal)
    return seal


@contextmanager
def alone(place: Place) -> Iterator[bool]:
    """Holds the folder as long as the block lasts; False where another process has it."""
    with ExitStack() as held:
        try:
            held.enter_context(DataFolder(place.data).acquire())
        except DataFolderInUse:
            yield False
        else:
            yield True


def require_released(place: Place, url: str) -> None:
    """Raises CliError while a database that came from a backup has not caught up with the bank:
    what is decided before that would be decided without the bank's answers of the time."""
    prepare_journal(url, place.platform)
    if is_held(url, place.platform):
        raise CliError(
            "catch_up_first",
            f"{place.platform}: the database came from a backup, and the bank may be ahead of it",
            hint="zhuanhu catch-up, with docs/restore.md",
            exit_code=EXIT_REFUSED,
        )


@contextmanager
def released(place: Place) -> Iterator[None]:
    """Keeps the database running while the block lasts. Raises as require_released does."""
    with database(place) as url:
        require_released(place, url)
        yield


def is_in_use(place: Place) -> bool:
    with alone(place) as mine:
        return not mine


def pipeline_reader(place: Place, url: str, options: Mapping[str, Any] | None) -> PipelineReader:
    """`options`: those of Kafka's clients; None where there is none."""
    simulated = place.installation.simulated
    return PipelineReader(url, place.platform, options, simulated=simulated)


def book_clock(place: Place, url: str) -> Clock:
    """The time to record commands under while the bank is not there to tell a simulated one."""
    starts_at = place.installation.starts_at
    if starts_at is None:
        return SystemClock()
    with closing(LogReader(url, place.platform)) as log:
        head = log.head()
        last = [recorded.recorded_at for recorded in log.read(head - 1, 1)] if head else []
    return ManualClock(datetime.fromisoformat(last[0] if last else starts_at))
