"""`zhuanhu overdue`: what is late, as known at the close of any business day, in five ways."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from adapters.read_models.answers import Seen
from adapters.read_models.as_known import AsKnown
from adapters.read_models.as_known_lines import (
    GradeLine,
    MonthLine,
    RollLine,
    StageLine,
    VintageLine,
)
from adapters.table_files import csv_bytes, parquet_bytes
from domain.ageing import AGEING_TABLES, AgeingTable
from services.cli.failure import bad_input
from services.cli.known import business_day, known_on, write_file
from services.cli.looking import looking, show
from services.cli.options import AsJson, Data, Platform
from services.cli.overdue_charts import chart
from services.cli.showing import plain
from services.cli.trends import Line, trend

app = typer.Typer()
OWN = "own"  # Each loan in the ageing table of its policy.


class By(StrEnum):
    STAGE = "stage"
    GRADE = "grade"
    VINTAGE = "vintage"
    ROLL = "roll"
    MONTH = "month"


class Lines(NamedTuple):
    """What an answer calls them, their type, and themselves."""

    name: str
    row: type[Any]
    rows: Sequence[Any]


File = Annotated[Path | None, typer.Option(metavar="FILE", help="- is the output.")]


@app.command("overdue")
def overdue_command(
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="Default: the business date, so far."),
    ] = None,
    by: Annotated[By, typer.Option("--by", help="What a line stands for.")] = By.STAGE,
    stages: Annotated[
        str | None,
        typer.Option(
            "--stages",
            metavar="NAME",
            help="One ageing table (账龄) for all. Default: of each loan's policy.",
        ),
    ] = None,
    csv: File = None,
    parquet: File = None,
    svg: File = None,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """What is overdue, as known at the close of a business day: by stage of lateness, grade, month
    of issue (vintage), from stage to stage between two month ends (roll), or month by month.

    Example: zhuanhu overdue --by vintage --as-of 2024-06-30 --svg vintage.svg --json
    """
    if stages is not None and stages not in AGEING_TABLES:
        raise bad_input("stages", f"must be one of {', '.join(AGEING_TABLES)}")
    with looking(data, platform) as look:
        on = business_day(look, as_of)
        with known_on(look, on, "as_of") as known:
            lines = _lines(known, by, AGEING_TABLES[stages] if stages else None)
            months = [] if as_json else known.months()
        answer = {
            "on": on.isoformat(),
            "by": by.value,
            "table": stages or OWN,
            lines.name: plain(lines.rows),
            "view": look.view(Seen(known.stamp, None)),
        }
    silent = [write_file(*each) for each in _files(lines, on, csv, parquet, svg)]
    if not any(silent):
        show("overdue", answer, as_json)
        for line in trend(months, Line.LATE, Line.OVERDUE, Line.COVERAGE):
            print(line)


def _lines(known: AsKnown, by: By, table: AgeingTable | None) -> Lines:
    match by:
        case By.STAGE:
            return Lines("stages", StageLine, known.stages(table))
        case By.GRADE:
            return Lines("grades", GradeLine, known.grades())
        case By.VINTAGE:
            return Lines("vintages", VintageLine, known.vintages())
        case By.ROLL:
            return Lines("rolls", RollLine, known.rolls(table))
        case By.MONTH:
            return Lines("months", MonthLine, known.months())


def _files(
    lines: Lines, on: date, csv: Path | None, parquet: Path | None, svg: Path | None
) -> list[tuple[Path, bytes]]:
    files: list[tuple[Path, bytes]] = []
    if csv is not None:
        files.append((csv, csv_bytes(lines.row, lines.rows)))
    if parquet is not None:
        files.append((parquet, parquet_bytes(lines.row, lines.rows)))
    if svg is not None:
        files.append((svg, chart(lines.rows, on)))
    return files
