"""The walls between the rooms hold, and no dependency moved into one of them."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("services", "adapters", "domain", "infra")
IMPURE = {"now", "today", "utcnow", "fromtimestamp", "uuid1", "uuid4", "urandom", "token_bytes"}
IMPURE_MODULES = {"random", "secrets", "time", "os", "logging", "structlog", "threading", "socket"}


def modules(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def impurities(tree: ast.AST) -> Iterator[str]:
    """What in this code reads a clock, draws a random number or does I/O."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in IMPURE:
                yield f"{name}() in line {node.lineno}"
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if (
                owner in {"date", "datetime", "uuid"} and name in IMPURE
            ):
                yield f"{owner}.{name} in line {node.lineno}"
            case ast.Name(id="float") | ast.Call(func=ast.Name(id="open" | "print" | "input")):
                yield f"float, or input and output, in line {node.lineno}"
            case ast.Import(names=names):
                for alias in names:
                    if alias.name.split(".")[0] in IMPURE_MODULES:
                        yield f"import {alias.name} in line {node.lineno}"
            case ast.ImportFrom(module=str(module), names=names):
                if module.split(".")[0] in IMPURE_MODULES:
                    yield f"from {module} in line {node.lineno}"
                yield from (f"import {alias.name}" for alias in names if alias.name in IMPURE)


@pytest.mark.parametrize("room", ROOMS)
def test_no_dependency_ships_a_package_named_like_a_room(room: str) -> None:
    assert set(packages_distributions().get(room, [])) <= {"zhuanhu"}


def test_the_import_contracts_hold() -> None:
    # In a process of its own: it silences every logger that is there.
    code = "from importlinter.cli import lint_imports as li; exit(li(no_cache=True, no_logo=True))"
    subprocess.run((sys.executable, "-c", code), check=True, cwd=ROOT)


@pytest.mark.parametrize("path", modules("domain"), ids=lambda path: path.stem)
def test_the_domain_reads_no_clock_draws_no_lot_and_does_no_io(path: Path) -> None:
    assert list(impurities(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        "clock.now()",
        "field(default_factory=datetime.now)",
        "date.today()",
        "from uuid import uuid4",
        "import random",
        "from os import path",
        "open('x')",
        "x: float",
    ],
)
def test_the_check_sees_what_it_should(code: str) -> None:
    assert list(impurities(ast.parse(code)))


def test_a_date_handed_in_may_be_called_today() -> None:
    assert list(impurities(ast.parse("overdue_days(context.today, today)"))) == []


@pytest.mark.parametrize("path", modules("domain"), ids=lambda path: path.stem)
def test_every_module_of_the_domain_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not tree.body or ast.get_docstring(tree)


def test_no_module_is_called_utils() -> None:
    vague = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert [path for path in modules(*ROOMS, "tests", "benchmarks") if path.stem in vague] == []
