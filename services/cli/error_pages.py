"""Makes docs/errors.md out of the code: `python -m services.cli.error_pages`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import services.proof.verify  # noqa: F401 - with it every check is there.
from domain.refusals import Code
from infra.errors import KafkaUnavailable, PartUnavailable, PostgresUnavailable
from services.cli.error_codes import CALCULATORS, COMMAND_LINE, CUSTODY, VERDICTS
from services.proof.checks.check import Check
from services.reconciliation.breaks import BreakClass

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"

_HEAD = """# Error codes

Made by `python -m services.cli.error_pages`; a test keeps it current. Codes never change meaning.

With `--json` an error is one JSON object `{"code", "message", "field", "hint"}` on standard error.
Exit codes: 0 done, 1 refused or a violation found, 2 bad input or usage.
"""

_WITH_HINT = "Exit 2, with what to do next."


def page() -> str:
    return "\n".join((_HEAD, *_sections()))


def _sections() -> Iterator[str]:
    yield _table(
        "Refused commands",
        "In a receipt, final for that command id. Checked in this order within a group.",
        {code.value: code.meaning for code in Code},
    )
    yield _table("The calculators", "Exit 1.", CALCULATORS)
    yield _table("The command line", "Each comes with what to do next.", COMMAND_LINE)
    yield _table("PostgreSQL and the data folder", _WITH_HINT, _unavailable(PostgresUnavailable))
    yield _table("Kafka", _WITH_HINT, _unavailable(KafkaUnavailable))
    yield _table("Reconciliation: verdicts", "Of one bank day.", VERDICTS)
    yield _table(
        "Reconciliation: classes of breaks",
        "A difference between the book and the bank, with a stable id over days.",
        {each.value: each.meaning for each in BreakClass},
    )
    yield _table("Custody", "In its journal, and among its troubles for a person.", CUSTODY)
    yield _table("Verification", "The checks of `zhuanhu verify`: what holds.", _checks())


def _unavailable(part: type[PartUnavailable]) -> dict[str, str]:
    kinds: tuple[type[PartUnavailable], ...] = (part, *part.__subclasses__())
    return {kind.code: (kind.__doc__ or "").strip() for kind in kinds}


def _checks() -> dict[str, str]:
    checks = sorted(Check.__subclasses__(), key=lambda each: (each.RULE or 10, each.NAME))
    return {each.NAME: f"{each.TITLE}.{_rule(each.RULE)}" for each in checks}


def _rule(number: int | None) -> str:
    return "" if number is None else f" (money rule {number})"


def _table(title: str, text: str, rows: Mapping[str, str]) -> str:
    return "\n".join((f"## {title}", "", text, "", *_lines(rows.items()), ""))


def _lines(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield "| code | meaning |"
    yield "|---|---|"
    for code, meaning in rows:
        yield f"| `{code}` | {meaning} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
