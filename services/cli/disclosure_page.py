"""The disclosure as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from domain.money import yuan

_HEAD = """<!DOCTYPE html>
<html lang="zh">
<head>
<meta charset="utf-8">
<title>信息披露 {month}</title>
<style>
body {{ font-family: sans-serif; margin: 2em }}
table {{ border-collapse: collapse }}
th, td {{ border: 1px solid #999; padding: 0.3em 0.6em; text-align: left; vertical-align: top }}
td.value {{ text-align: right; white-space: nowrap }}
</style>
</head>
<body>
<h1>信息披露 {month}</h1>
<p>{platform}, as known at the close of {as_of} (position {position} of the log).</p>
"""


def page(answer: Mapping[str, Any]) -> str:
    """`answer` is what the command gives as JSON: all figures, or one, and perhaps its loans."""
    return "".join(_parts(answer))


def _parts(answer: Mapping[str, Any]) -> Iterator[str]:
    head = ("platform", "month", "as_of", "position")
    yield _HEAD.format(**{name: escape(str(answer[name])) for name in head})
    heads = ("", "figure", "value", "unit", "definition")
    yield "<table>\n<tr>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr>\n"
    for figure in answer.get("figures", [answer]):
        yield _row(figure)
    yield "</table>\n"
    if loans := answer.get("loans"):
        yield _loans(loans)
    yield "</body>\n</html>\n"


def _row(figure: Mapping[str, Any]) -> str:
    value, unit = _value(figure["value"], figure["unit"])
    definition = f"{figure['definition']} (version {figure['definition_version']})"
    return (
        f"<tr><td>{escape(figure['chinese'])}</td><td>{escape(figure['name'])}</td>"
        f'<td class="value">{value}</td><td>{unit}</td><td>{escape(definition)}</td></tr>\n'
    )


def _value(value: Any, unit: str) -> tuple[str, str]:
    if unit == "fen":
        return escape(yuan(value)), "yuan"
    if isinstance(value, Mapping):
        lines = (f"{escape(name)}: {escape(_words(each))}" for name, each in value.items())
        return "<br>".join(lines), ""
    return escape(str(value)), escape(unit)


def _words(value: Any) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    return ", ".join(
        f"{name} ({_words(each)})" if isinstance(each, Mapping) else f"{name} {each}"
        for name, each in value.items()
    )


def _loans(loans: list[Mapping[str, Any]]) -> str:
    names = list(loans[0])
    heads = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(str(loan[name]))}</td>" for name in names) + "</tr>\n"
        for loan in loans
    )
    return f"<h2>Loans</h2>\n<table>\n<tr>{heads}</tr>\n{rows}</table>\n"
