"""What is drawn of each of the overdue views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from adapters.charts import bars, lines
from adapters.read_models.as_known_lines import (
    GradeLine,
    MonthLine,
    RollLine,
    StageLine,
    VintageLine,
)
from domain.ageing import DEFAULT_TABLE


def chart(rows: Sequence[Any], on: date) -> bytes:
    """SVG; amounts in yuan, shares in per cent."""
    return _CHARTS[type(rows[0])](rows, on) if rows else bars(f"Nothing up to {on}", [], {})


def _stages(rows: Sequence[StageLine], on: date) -> bytes:
    series = {
        "principal": [row.principal_fen / 100 for row in rows],
        "interest": [row.interest_fen / 100 for row in rows],
    }
    return bars(
        f"Overdue on {on}, yuan", [_in_table(row, row.stage) for row in rows], series, stacked=True
    )


def _grades(rows: Sequence[GradeLine], on: date) -> bytes:
    series = {"late": [float(row.late_loans_pct) for row in rows]}
    return bars(f"Loans late on {on}, per cent", [row.grade for row in rows], series)


def _vintages(rows: Sequence[VintageLine], on: date) -> bytes:
    last = max(row.months_on_book for row in rows)
    shares: dict[str, list[float | None]] = {row.issued: [None] * (last + 1) for row in rows}
    for row in rows:
        shares[row.issued][row.months_on_book] = float(row.over_30_pct)
    labels = list(map(str, range(last + 1)))
    title = f"More than 30 days late by months on book, per cent of the amount lent, {on}"
    return lines(title, labels, shares)


def _rolls(rows: Sequence[RollLine], _on: date) -> bytes:
    stages = list(dict.fromkeys(_in_table(row, row.from_stage) for row in rows))
    share = {(_in_table(row, row.from_stage), row.to_stage): float(row.pct) for row in rows}
    series = {
        to_stage: [share.get((stage, to_stage), 0.0) for stage in stages]
        for to_stage in dict.fromkeys(row.to_stage for row in rows)
    }
    title = f"From {rows[0].from_on} to {rows[0].to_on}, per cent of each stage"
    return bars(title, stages, series, stacked=True)


def _in_table(row: StageLine | RollLine, stage: str) -> str:
    return stage if row.table in {"", DEFAULT_TABLE} else f"{row.table} {stage}"


def _months(rows: Sequence[MonthLine], _on: date) -> bytes:
    series = {"coverage": [float(row.coverage_pct) for row in rows]}
    title = "The reserve in the outstanding principal that it protects, per cent"
    return lines(title, [f"{row.on:%Y-%m}" for row in rows], series)


_CHARTS: dict[type[Any], Callable[[Any, date], bytes]] = {
    StageLine: _stages,
    GradeLine: _grades,
    VintageLine: _vintages,
    RollLine: _rolls,
    MonthLine: _months,
}
