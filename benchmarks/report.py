"""What was measured, beside what was wanted: a table, and a file of JSON."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Figures

AT_LEAST: Figures = {
    "writer_vs_sql": 1.0,
    "writer_vs_plpgsql": 0.7,
    "hot_vs_random": 0.9,
    "legs_per_s": 20_000,
    "replay_events_per_s": 100_000,
    "rebuild_events_per_s": 100_000,
    "pipeline_vs_sql": 0.5,
    "mirror_legs_per_s": 1_500,
    "mirror_singles_per_s": 150,
}
AT_MOST: Figures = {
    "embedded_p99_ms": 10,
    "pipeline_p50_ms": 20,
    "pipeline_p99_ms": 80,
    "match_1m_lines_s": 60,
    "overdue_asof_s": 2,
    "disclosure_s": 10,
    "day_end_s": 120,
    "match_1m_lines_mb": 500,
    "growth_cost_ordered": 1.15,
    "growth_cost_random": 1.8,
    "restart_s": 5,
}


def report(title: str, figures: Figures, out: Path) -> None:
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(figures, indent=2) + "\n", encoding="ascii")
    table = Table("figure", "measured", "goal", "", title=title)
    for name, figure in figures.items():
        table.add_row(name, f"{figure:,}", *_judged(name, figure))
    Console().print(table)


def _judged(name: str, figure: float) -> tuple[str, str]:
    if name in AT_LEAST:
        met, sign, goal = figure >= AT_LEAST[name], "≥", AT_LEAST[name]
    elif name in AT_MOST:
        met, sign, goal = figure <= AT_MOST[name], "≤", AT_MOST[name]
    else:
        return "", ""
    return f"{sign} {goal:,}", "met" if met else "missed"
