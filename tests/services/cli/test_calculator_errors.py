"""What the calculators say to bad input, to wrong usage, and to what the rules forbid."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.services.cli.calculators import (
    ALLOCATE,
    CLAIM,
    DEADLINE,
    DUE,
    PENALTY,
    PLAN,
    SCHEDULE,
    SHARE,
    Cli,
    line,
)

ROOT = Path(__file__).parents[3]


# -- bad input ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["-1", "1.5", "1e3", "NaN", "true", "", " 1", "1_0", "１", "9" * 5000]
)
@pytest.mark.parametrize(
    ("command", "options", "option"),
    [
        ("schedule", SCHEDULE, "principal_fen"),
        ("schedule", SCHEDULE, "periods"),
        ("share", SHARE, "amount_fen"),
        ("share", SHARE, "weights"),
        ("penalty", PENALTY, "base_fen"),
        ("penalty", PENALTY, "days"),
        ("deadline", DEADLINE, "working_days"),
    ],
)
def test_a_figure_that_is_no_whole_number_is_bad_input(
    cli: Cli, command: str, options: dict[str, str], option: str, text: str
) -> None:
    code, error = cli.error(*line(command, options, **{option: text}))
    assert (code, error["code"], error["field"]) == (2, "bad_input", option)
    assert "whole number" in error["message"]


@pytest.mark.parametrize(
    ("argv", "field"),
    [
        (line("schedule", SCHEDULE, principal_fen="0"), "principal_fen"),
        (line("schedule", SCHEDULE, periods="0"), "periods"),
        (line("schedule", SCHEDULE, periods="601"), "periods"),
        (line("schedule", SCHEDULE, annual_rate="-1"), "annual_rate"),
        (line("schedule", SCHEDULE, annual_rate="NaN"), "annual_rate"),
        (line("schedule", SCHEDULE, annual_rate="1001"), "annual_rate"),
        (line("share", SHARE, weights="0,0"), "weights"),
        (line("share", SHARE, weights="1,,1"), "weights"),
        (line("penalty", PENALTY, bands="1-30:0.03,20-:0.04"), "bands"),
        (line("penalty", PENALTY, days="36501"), "days"),
        (line("deadline", DEADLINE, working_days="1001"), "working_days"),
        (line("deadline", DEADLINE, **{"from": "2024-2-8"}), "from"),
        (line("deadline", DEADLINE, **{"from": "2024-02-30"}), "from"),
        (line("deadline", DEADLINE, **{"from": "2199-12-31"}), "from"),
        (line("deadline", DEADLINE, **{"from": "9999-12-31"}), "from"),
    ],
)
def test_a_figure_outside_its_rule_is_bad_input(cli: Cli, argv: list[str], field: str) -> None:
    code, error = cli.error(*argv)
    assert (code, error["code"], error["field"]) == (2, "bad_input", field)


def without(given: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != key}


def a_claim(**changes: Any) -> dict[str, Any]:
    return PLAN | {"claims": [CLAIM | changes]}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ([], "file"),
        (without(PLAN, "order"), "order"),
        (PLAN | {"extra": 1}, "extra"),
        (PLAN | {"balance_fen": -1}, "balance_fen"),
        (PLAN | {"balance_fen": 1.0}, "balance_fen"),
        (PLAN | {"balance_fen": True}, "balance_fen"),
        (PLAN | {"balance_fen": "1"}, "balance_fen"),
        (PLAN | {"balance_fen": None}, "balance_fen"),
        (PLAN | {"balance_fen": 10**18 + 1}, "balance_fen"),
        (PLAN | {"order": "age"}, "order"),
        (PLAN | {"period": "week"}, "period"),
        (PLAN | {"claims": {}}, "claims"),
        (a_claim(id=""), "claims[0].id"),
        (a_claim(id=7), "claims[0].id"),
        (a_claim(id="A\nB"), "claims[0].id"),
        (a_claim(id="\ud800"), "claims[0].id"),
        (a_claim(overdue_on="2024-02-30"), "claims[0].overdue_on"),
        (a_claim(overdue_on="20240229"), "claims[0].overdue_on"),
        (a_claim(arose_on=1704067200), "claims[0].arose_on"),
        (a_claim(eligible_on="2024-01-01T00:00:00"), "claims[0].eligible_on"),
        (a_claim(amount_fen=-1), "claims[0].amount_fen"),
        (a_claim(investors={"one": -1}), "claims[0].investors.one"),
        (a_claim(investors={"one": 0.5}), "claims[0].investors.one"),
        (a_claim(investors=["one"]), "claims[0].investors"),
        (a_claim(investors={"": 1}), "claims[0].investors"),
        (a_claim(colour="red"), "claims[0].colour"),
    ],
)
def test_a_malformed_plan_names_the_place(cli: Cli, given: Any, field: str) -> None:
    code, error = cli.error("payout-plan", "-", stdin=json.dumps(given))
    assert (code, error["code"], error["field"]) == (2, "bad_input", field)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (ALLOCATE | {"amount_fen": -1}, "amount_fen"),
        (ALLOCATE | {"order": "newest-first"}, "order"),
        (ALLOCATE | {"dues": [without(DUE, "penalty_fen")]}, "dues[0].penalty_fen"),
        (ALLOCATE | {"dues": [DUE | {"interest_fen": -1}]}, "dues[0].interest_fen"),
        (ALLOCATE | {"dues": [DUE | {"interest_fen": 1e300}]}, "dues[0].interest_fen"),
        (ALLOCATE | {"dues": [DUE, DUE]}, "dues"),
        (ALLOCATE | {"dues": [DUE | {"instalment": None}]}, "dues[0].instalment"),
        (ALLOCATE | {"dues": [DUE | {"instalment": -1}]}, "dues[0].instalment"),
        (ALLOCATE | {"dues": [DUE | {"instalment": ""}]}, "dues[0].instalment"),
    ],
)
def test_a_malformed_allocation_names_the_place(cli: Cli, given: Any, field: str) -> None:
    code, error = cli.error("allocate", "-", stdin=json.dumps(given))
    assert (code, error["code"], error["field"]) == (2, "bad_input", field)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"amount_fen": NaN}',
        b'{"amount_fen": Infinity}',
        b'{"amount_fen": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"amount_fen": 1, "amount_fen": 2, "order": "category-first", "dues": []}',
    ],
)
def test_what_is_not_one_clear_json_is_bad_input(cli: Cli, raw: bytes) -> None:
    code, error = cli.error("allocate", "-", stdin=raw)
    assert (code, error["code"], error["field"]) == (2, "bad_input", "file")


def test_a_file_that_is_not_there_is_bad_input(cli: Cli, tmp_path: Path) -> None:
    for name in (str(tmp_path / "none.json"), str(tmp_path), "nul\0"):
        code, error = cli.error("allocate", name)
        assert (code, error["code"], error["field"]) == (2, "unreadable_file", "file")


# -- usage, streams and refusals ----------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "field"),
    [
        ([], None),
        (["nonsense"], None),
        (["share"], "amount_fen"),
        (["share", "--amount-fen"], "amount_fen"),
        (line("share", SHARE, colour="red"), "colour"),
        ([*line("share", SHARE), "stray"], None),
        (line("share", SHARE, method="fair"), "method"),
        (line("schedule", SCHEDULE, rounding="HALF_UP"), "rounding"),
        (["payout-plan"], "file"),
        (["deadline", "--working-days", "3"], "from"),
        (["deadline", "--from", "2024-02-08"], "working_days"),
    ],
)
def test_wrong_usage_has_the_shape_of_every_error(
    cli: Cli, argv: list[str], field: str | None
) -> None:
    # --json first, so that an option without its value does not swallow it.
    code, out, err = cli(*argv[:1], "--json", *argv[1:])
    error = json.loads(err)
    assert (code, out, error["code"]) == (2, "", "usage")
    if argv:
        assert error["field"] == field
    assert error["message"]


def test_people_get_an_error_in_one_line(cli: Cli) -> None:
    code, out, err = cli(*line("share", SHARE, weights="x"))
    assert (code, out) == (2, "")
    assert err.startswith("error: weights: must be a whole number")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("shell", "code"),
    [
        ("share --amount-fen 5 --weights 1 --json >&-", "no_output"),
        ("share --amount-fen 5 --weights 1 --json >/dev/full", "no_space_left"),
        ("payout-plan - --json <&-", "unreadable_file"),
    ],
)
def test_streams_that_lead_nowhere_are_named(shell: str, code: str) -> None:
    done = subprocess.run(
        f"{sys.executable} -m services.cli {shell}",
        shell=True,
        stderr=subprocess.PIPE,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert json.loads(done.stderr)["code"] == code


def test_what_the_plans_rules_forbid_is_refused(cli: Cli) -> None:
    twice = json.dumps(a_claim(amount_fen=2, investors={"one": 1, "two": 1}))
    for stdin, refusal in [
        (json.dumps(a_claim(amount_fen=60001)), "investors_do_not_add_up"),
        (json.dumps(PLAN | {"claims": [CLAIM, CLAIM]}), "duplicate_claim"),
        (twice.replace('"two"', '"one"'), "duplicate_investor"),
    ]:
        code, error = cli.error("payout-plan", "-", stdin=stdin)
        assert (code, error["code"]) == (1, refusal)
        assert error["field"]


def test_the_command_as_a_process_of_its_own() -> None:
    def process(*argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "services.cli", *argv],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )

    done = process(*line("share", SHARE), "--json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[34, 33, 33]\n", "")
    refused = process("payout-plan", "-", "--json", stdin=json.dumps(a_claim(amount_fen=1)))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert json.loads(refused.stderr)["code"] == "investors_do_not_add_up"
