"""docs/errors.md says what the code says, and every code that may be said stands in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from domain.payout_plan import PlanRefusal
from infra.errors import NoSpaceLeft
from services.cli.error_codes import CALCULATORS, COMMAND_LINE, CUSTODY, VERDICTS
from services.cli.error_pages import PAGE, page
from services.reconciliation.results import Verdict

ROOT = Path(__file__).parents[3]
CODE = re.compile(r"[a-z]+(_[a-z]+)*")


def said_by(folder: Path, *callables: str, place: int = 0) -> Iterator[str]:
    """The literal codes handed to these callables, by name, in a folder."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name), args=args) if (
                    name in callables and len(args) > place
                ):
                    match args[place]:
                        case ast.Constant(value=str(code)) if CODE.fullmatch(code):
                            yield code


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m services.cli.error_pages"


def test_every_code_of_the_command_line_is_explained_and_none_is_made_up() -> None:
    said = set(said_by(ROOT / "services" / "cli", "CliError", "_says"))
    assert said - {NoSpaceLeft.code} == set(COMMAND_LINE)


def test_every_refusal_of_the_calculators_is_explained() -> None:
    said = set(said_by(ROOT / "services" / "cli", "Refused")) | {each.value for each in PlanRefusal}
    assert said == set(CALCULATORS)


def test_every_trouble_of_custody_is_explained() -> None:
    folder = ROOT / "services" / "custody"
    said = set(said_by(folder, "Trouble", place=1)) | set(said_by(folder, "Step", place=2))
    assert said <= set(CUSTODY)
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    assert [code for code in CUSTODY if f'"{code}' not in text] == []


def test_every_verdict_is_explained() -> None:
    assert set(VERDICTS) == {each.value for each in Verdict}
