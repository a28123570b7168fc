"""Charts as SVG, without scripts and without anything that changes from one drawing to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lxml import etree

Series = Mapping[str, Sequence[float | None]]


def bars(title: str, labels: Sequence[str], series: Series, *, stacked: bool = False) -> bytes:
    """One bar a label, or one a series and label."""
    return _drawn("StackedBar" if stacked else "Bar", title, labels, series)


def lines(title: str, labels: Sequence[str], series: Series) -> bytes:
    return _drawn("Line", title, labels, series)


def _drawn(kind: str, title: str, labels: Sequence[str], series: Series) -> bytes:
    import pygal  # noqa: PLC0415 - a third of a second, for this alone.

    chart = getattr(pygal, kind)(
        title=title, js=[], no_prefix=True, x_labels=labels, x_label_rotation=30
    )
    for name, values in series.items():
        chart.add(name, values)
    tree = chart.render_tree()
    etree.strip_elements(tree, etree.Comment, "{*}script", with_tail=False)
    svg: bytes = etree.tostring(tree, encoding="utf-8", xml_declaration=True)
    return svg
