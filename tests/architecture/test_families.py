"""No word of a bank's protocol is known outside the package that speaks it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_rooms import ROOT, modules

A_WORD = re.compile(r"[A-Z]{2,}(_[A-Z]+)+|SYS_GENERATE_\d+|[a-z]+([A-Z][a-z]*)+|[JC][XTE]\d{4,6}")
"""Services, fields and codes as the protocols write them."""

STAND_IN = ROOT / "services" / "cli" / "bank_process.py"
"""Its controls are outside every protocol, and name accounts as the bank does."""


def texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


SPOKEN = {text for path in modules("adapters/custody") for text in texts(path)}
WORDS = {text for text in SPOKEN if A_WORD.fullmatch(text)}
OTHERS = [
    path
    for path in modules("domain", "services")
    if "sandbox_bank" not in path.parts and path != STAND_IN
]


def test_both_families_have_words() -> None:
    assert {"SYNC_TRANSACTION", "platformUserNo", "SYS_GENERATE_001"} <= WORDS
    assert {"batchLendPay", "retNotifyURL", "JX900032", "CE999028"} <= WORDS


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_knows_none_of_them(path: Path) -> None:
    assert WORDS.intersection(texts(path)) == set()
