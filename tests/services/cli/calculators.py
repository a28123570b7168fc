"""Command lines of the calculators, put through the one place that real ones go through."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from services.cli.__main__ import app
from services.cli.errors import run

SCHEDULE = {
    "--principal-fen": "1000000",
    "--annual-rate": "12",
    "--periods": "12",
    "--method": "equal-instalment",
    "--rounding": "half-up",
}
PENALTY = {"--base-fen": "1000000", "--days": "45", "--bands": "1-30:0.03,31-:0.04"}
DEADLINE = {"--from": "2024-02-08", "--working-days": "3"}
SHARE = {"--amount-fen": "100", "--weights": "1,1,1"}
CLAIM = {
    "id": "A",
    "arose_on": "2024-03-02",
    "overdue_on": "2024-04-02",
    "amount_fen": 60000,
    "investors": {"one": 40000, "two": 20000},
}
OTHER_CLAIM = CLAIM | {"id": "B", "amount_fen": 90000, "investors": {"three": 90000}}
PLAN = {
    "balance_fen": 100000,
    "order": "overdue",
    "period": "month",
    "claims": [OTHER_CLAIM, CLAIM],
}
DUE = {
    "instalment": 1,
    "other_fee_fen": 0,
    "penalty_fen": 120,
    "overdue_fee_fen": 0,
    "interest_fen": 100,
    "principal_fen": 900,
}
ALLOCATE = {"amount_fen": 500, "order": "category-first", "dues": [DUE]}


def line(command: str, options: dict[str, str], **changes: str) -> list[str]:
    changed = options | {f"--{name.replace('_', '-')}": text for name, text in changes.items()}
    return [command, *(word for option in changed.items() for word in option)]


class Cli:
    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys = capsys
        self.monkeypatch = monkeypatch

    def __call__(self, *argv: str, stdin: str | bytes = b"") -> tuple[int, str, str]:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        code = run(app, argv)
        captured = self.capsys.readouterr()
        return code, captured.out, captured.err

    def answer(self, *argv: str, stdin: str = "") -> Any:
        code, out, err = self(*argv, "--json", stdin=stdin)
        assert (code, err) == (0, "")
        assert out.isascii()
        return json.loads(out)

    def error(self, *argv: str, stdin: str | bytes = b"") -> tuple[int, dict[str, Any]]:
        code, out, err = self(*argv, "--json", stdin=stdin)
        assert out == ""
        error = json.loads(err)
        assert list(error) == ["code", "message", "field", "hint"]
        return code, error
