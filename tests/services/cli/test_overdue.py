"""What is drawn of each overdue view, the trend in one line, and the page of the disclosure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from lxml import etree

from adapters.read_models.as_known_lines import (
    GradeLine,
    MonthLine,
    RollLine,
    StageLine,
    VintageLine,
)
from services.cli.disclosure import for_people
from services.cli.disclosure_page import page
from services.cli.overdue_charts import chart
from services.cli.trends import Line, sparkline, trend

ON, BEFORE = date(2024, 3, 31), date(2024, 2, 29)
BEFORE_ALL = MonthLine(date(2024, 1, 31), 0, 0, 0, 0, 0, 0, "0.00")
LINES: dict[str, Sequence[Any]] = {
    "M2": [StageLine("M1", 1, 30, 0, 0, 0, 0, 0), StageLine("M2", 31, None, 1, 2, 300, 40, 340)],
    "B": [
        GradeLine("A", 1, 100, 0, 0, 0, 0, 0, "0.00"),
        GradeLine("B", 2, 9, 1, 9, 9, 1, 0, "50.00"),
    ],
    "2024-02": [
        VintageLine("2024-01", 1, BEFORE, 1, 100, 0, 0, "0.00", 0, 0, "0.00"),
        VintageLine("2024-01", 2, ON, 1, 100, 1, 60, "60.00", 0, 0, "0.00"),
        VintageLine("2024-02", 1, ON, 2, 200, 0, 0, "0.00", 0, 0, "0.00"),
    ],
    "settled": [
        RollLine(BEFORE, ON, "current", "M1", 1, "50.00"),
        RollLine(BEFORE, ON, "current", "settled", 1, "50.00"),
    ],
    "2024-03": [
        MonthLine(BEFORE, 1, 100, 0, 0, 10, 100, "10.00"),
        MonthLine(ON, 1, 80, 1, 20, 12, 80, "15.00"),
    ],
}


@pytest.mark.parametrize("word", LINES)
def test_each_view_is_drawn(word: str) -> None:
    svg = etree.fromstring(chart(LINES[word], ON))
    assert word in "".join(svg.itertext())


def test_nothing_is_drawn_as_nothing() -> None:
    assert "Nothing up to 2024-03-31" in chart([], ON).decode()


@pytest.mark.parametrize(
    ("values", "bars"),
    [([], ""), ([0, 0], "▁▁"), ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"), ([700, 100], "█▂")],
)
def test_a_sparkline_has_a_bar_for_each_value(values: list[int], bars: str) -> None:
    assert sparkline(values) == bars


def test_a_trend_has_a_line_each_and_says_where_it_ended() -> None:
    months = LINES["2024-03"]
    assert list(trend([BEFORE_ALL, *months], *Line)) == [
        "month ends 2024-01 to 2024-03",
        "  late loans ▁▁█  1",
        "  overdue    ▁▁█  0.20 yuan",
        "  reserve    ▁▆█  0.12 yuan",
        "  coverage   ▁▅█  15.00 %",
    ]
    assert list(trend([], *Line)) == []
    many = [BEFORE_ALL] * 30
    assert [len(line) for line in trend(many, Line.LATE)][1] == len("  late loans   0") + 24


def test_the_page_says_amounts_in_yuan_and_escapes_what_it_is_told() -> None:
    figure = {"name": "a", "chinese": "甲", "definition": "x < y", "definition_version": 2}
    head = {"platform": "<p>", "month": "2024-03", "as_of": "2024-03-31", "position": 7}
    of = {"by_grade": {"A": "1"}, "version": "v&1", "by_product": {"car": {"fee": {"A": "4"}}}}
    fees = figure | {"unit": "terms", "value": of}
    told = page(head | {"figures": [figure | {"unit": "fen", "value": 123_45}, fees]})
    assert '<td class="value">123.45</td><td>yuan</td><td>x &lt; y (version 2)</td>' in told
    assert "by_grade: A 1<br>version: v&amp;1<br>by_product: car (fee (A 4))" in told
    assert "&lt;p&gt;, as known at the close of 2024-03-31" in told
    assert etree.fromstring(told, etree.HTMLParser()) is not None


def test_people_read_the_disclosure_in_yuan() -> None:
    amount = {"name": "lent_fen", "value": 123_456_78, "unit": "fen"}
    count = {"name": "lent_loans", "value": 3, "unit": "loans"}
    told = {"value": "123456.78", "unit": "yuan"}
    assert for_people(amount) == amount | told
    assert for_people({"figures": [amount, count]}) == {"figures": [amount | told, count]}
