"""What every look at an installation shares: a view's position and age, or the moment asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from adapters.event_log import LogReader
from adapters.read_models.answers import Seen
from adapters.read_models.reading import ReadModels
from services.cli.failure import CliError, bad_input
from services.cli.opening import Place, database, find
from services.cli.showing import plain, show_json, show_record, show_table
from services.proof.as_of import NotOnRecord, position_at_close

Answer = dict[str, Any]
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


@dataclass(frozen=True, slots=True)
class Look:
    """An open installation, to read."""

    place: Place
    url: str
    views: ReadModels

    @property
    def platform(self) -> str:
        return self.place.platform

    def head(self) -> int:
        with closing(LogReader(self.url, self.platform)) as log:
            return log.head()

    def view(self, seen: Seen[Any]) -> Answer:
        """How far the view has come: its position, its age, and where the log ends."""
        age = seen.stamp.age(datetime.now(UTC))
        return {
            "position": seen.stamp.position,
            "log_position": self.head(),
            "recorded_at": plain(seen.stamp.recorded_at),
            "age_s": None if age is None else max(0, int(age.total_seconds())),
        }

    def moment(self, as_of: str) -> Answer:
        """The position that `--as-of` means, and the date where it was one."""
        if re.fullmatch(r"[0-9]{1,18}", as_of):
            return {"position": int(as_of), "business_date": None, "log_position": self.head()}
        if not re.fullmatch(DAY, as_of, re.ASCII):
            raise bad_input("as_of", "must be a position, or a date like 2024-03-15")
        on = day(as_of, "as_of")
        position = position_at_close(self.url, self.platform, on)
        return {"position": position, "business_date": as_of, "log_position": self.head()}


@contextmanager
def looking(data: Path | None, platform: str | None) -> Iterator[Look]:
    place = find(data, platform)
    with (
        database(place) as url,
        closing(ReadModels(url, place.platform)) as views,
        told_in_words(),
    ):
        yield Look(place, url, views)


@contextmanager
def told_in_words(hint: str = "name a closed business day or a position") -> Iterator[None]:
    try:
        yield
    except NotOnRecord as error:
        raise CliError("not_on_record", str(error), error.field, hint) from None


def day(text: str, field: str) -> date:
    if not re.fullmatch(DAY, text, re.ASCII):
        raise bad_input(field, "must be a date like 2024-03-15")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise bad_input(field, "is not a day of the calendar") from None


def show(title: str, answer: Answer, as_json: bool) -> None:
    """JSON, or a table for each list and each group in the answer and one for what is left."""
    if as_json:
        show_json(answer)
        return
    single = {key: value for key, value in answer.items() if not isinstance(value, list | dict)}
    said = dict(single)
    for value in answer.values():
        said |= value if isinstance(value, dict) else {}
    if single:
        show_record(title, single)
    for key, value in answer.items():
        heading = key.replace("_", " ")
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            show_table(heading, _telling(value, said))
        elif isinstance(value, list):
            show_record(heading, {heading: ", ".join(map(str, value))})
        elif isinstance(value, dict) and value:
            amounts = key.endswith("_fen")  # By name.
            record = {f"{name}_fen": fen for name, fen in value.items()} if amounts else value
            show_record(heading.removesuffix(" fen"), record)


def _telling(rows: Sequence[Answer], known: Answer) -> list[Answer]:
    """Without the columns that hold nothing in any row, or what is said of the whole already."""
    nothing: tuple[object, ...] = (None, 0, "", [], {})
    names = [
        name
        for name in (rows[0] if rows else ())
        if any(row[name] not in nothing and row[name] != known.get(name) for row in rows)
    ]
    return [{name: row[name] for name in names} for row in rows]
