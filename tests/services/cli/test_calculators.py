"""What the calculators promise to machines: shapes, exit codes, errors. The arithmetic is domain's.

Every command line runs through the one place that real ones do; one runs as a process of its own.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.__main__ import app
from services.cli.errors import run

ROOT = Path(__file__).parents[3]
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


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(capsys, monkeypatch)


def line(command: str, options: dict[str, str], **changes: str) -> list[str]:
    changed = options | {f"--{name.replace('_', '-')}": text for name, text in changes.items()}
    return [command, *(word for option in changed.items() for word in option)]


# -- answers ----------------------------------------------------------------------------


def test_schedule(cli: Cli) -> None:
    rows = cli.answer(*line("schedule", SCHEDULE))
    assert len(rows) == 12
    assert rows[0] == {
        "period": 1,
        "payment_fen": 88849,
        "principal_fen": 78849,
        "interest_fen": 10000,
        "balance_fen": 921151,
    }


@pytest.mark.parametrize(
    ("method", "first_payment_fen"),
    [("equal-principal", 93334), ("interest-first", 10000), ("bullet", 0), ("flat", 93334)],
)
def test_schedule_takes_every_method_and_rounding(
    cli: Cli, method: str, first_payment_fen: int
) -> None:
    rows = cli.answer(*line("schedule", SCHEDULE, method=method, rounding="up"))
    assert rows[0]["payment_fen"] == first_payment_fen


def test_share(cli: Cli) -> None:
    assert cli.answer(*line("share", SHARE)) == [34, 33, 33]
    assert cli.answer(*line("share", SHARE, method="last-takes-rest")) == [33, 33, 34]


def test_amounts_beyond_the_floats_stay_exact(cli: Cli) -> None:
    assert cli.answer(*line("share", SHARE, amount_fen="90071992547409931", weights="1")) == [
        90071992547409931
    ]
    given = ALLOCATE | {"amount_fen": 90071992547409931, "dues": []}
    assert cli.answer("allocate", "-", stdin=json.dumps(given))["left_fen"] == 90071992547409931


def test_payout_plan(cli: Cli) -> None:
    assert cli.answer("payout-plan", "-", stdin=json.dumps(PLAN)) == {
        "payouts": [
            {"claim": "A", "amount_fen": 40000, "investors": {"one": 26667, "two": 13333}},
            {"claim": "B", "amount_fen": 60000, "investors": {"three": 60000}},
        ],
        "queued": [{"claim": "A", "amount_fen": 20000}, {"claim": "B", "amount_fen": 30000}],
        "balance_after_fen": 0,
    }


@pytest.mark.parametrize(("order", "first"), [("arose", "A"), ("overdue", "B"), ("eligible", "A")])
def test_payout_plan_goes_by_the_date_that_the_order_names(
    cli: Cli, order: str, first: str
) -> None:
    a = CLAIM | {"arose_on": "2024-06-05", "overdue_on": "2024-06-02"}
    b = OTHER_CLAIM | {"arose_on": "2024-06-06", "overdue_on": "2024-06-01"}
    b["eligible_on"] = "2024-06-03"  # A has none: its overdue date stands in.
    given = PLAN | {"order": order, "period": "day", "balance_fen": 60000, "claims": [a, b]}
    plan = cli.answer("payout-plan", "-", stdin=json.dumps(given))
    assert [payout["claim"] for payout in plan["payouts"]] == [first]


def test_a_file_is_read_like_standard_input(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(PLAN), encoding="utf-8")
    from_file = cli.answer("payout-plan", str(file))
    assert from_file == cli.answer("payout-plan", "-", stdin=json.dumps(PLAN))


def test_allocate_echoes_the_names_of_the_instalments(cli: Cli) -> None:
    given = ALLOCATE | {"dues": [DUE, DUE | {"instalment": "2024-02 第二期"}]}
    assert cli.answer("allocate", "-", stdin=json.dumps(given)) == {
        "applied": [
            {"instalment": 1, "category": "penalty", "amount_fen": 120},
            {"instalment": "2024-02 第二期", "category": "penalty", "amount_fen": 120},
            {"instalment": 1, "category": "interest", "amount_fen": 100},
            {"instalment": "2024-02 第二期", "category": "interest", "amount_fen": 100},
            {"instalment": 1, "category": "principal", "amount_fen": 60},
        ],
        "open": [
            {"instalment": 1, "category": "principal", "amount_fen": 840},
            {"instalment": "2024-02 第二期", "category": "principal", "amount_fen": 900},
        ],
        "left_fen": 0,
    }


def test_penalty(cli: Cli) -> None:
    assert cli.answer(*line("penalty", PENALTY)) == {"penalty_fen": 15000}


def test_deadline(cli: Cli) -> None:
    """Spring Festival is from the 10th to the 17th, and Sunday the 18th is worked."""
    answer = cli.answer(*line("deadline", DEADLINE))
    assert answer["deadline"] == "2024-02-19"
    assert re.fullmatch(r"chinesecalendar-[0-9.]+", answer["calendar"])


def test_a_calendar_of_ones_own_comes_before_the_packages(cli: Cli) -> None:
    own = {"name": "own", "years": [2030], "holidays": ["2030-01-01"], "made_up": ["2030-01-05"]}

    def told(**days: object) -> dict[str, str]:
        options = line("deadline", DEADLINE, **{"from": "2029-12-31", "working_days": "4"})
        given = json.dumps(own | {"years": [2029, 2030]} | days)
        answer: dict[str, str] = cli.answer(*options, "--calendar", "-", stdin=given)
        return answer

    assert told()["deadline"] == "2030-01-05"
    assert told(made_up=[])["deadline"] == "2030-01-07"
    assert told()["calendar"].startswith("chinesecalendar-")
    assert told()["calendar"] != told(made_up=[])["calendar"]


def test_people_get_tables_in_yuan(cli: Cli) -> None:
    for argv, stdin, cell in [
        (line("schedule", SCHEDULE), "", "9211.51"),
        (line("share", SHARE), "", "0.34"),
        (["payout-plan", "-"], json.dumps(PLAN), "266.67"),
        (["allocate", "-"], json.dumps(ALLOCATE), "2.80"),
        (line("penalty", PENALTY), "", "150.00"),
        (line("deadline", DEADLINE), "", "2024-02-19"),
    ]:
        code, out, err = cli(*argv, stdin=stdin)
        assert (code, err) == (0, "")
        assert cell in out


def test_names_are_shown_and_never_read_as_markup(cli: Cli) -> None:
    given = PLAN | {"claims": [CLAIM | {"id": "[red]A[/red]"}]}
    assert "[red]A[/red]" in cli("payout-plan", "-", stdin=json.dumps(given))[1]


@pytest.mark.parametrize(
    "command", ["schedule", "share", "payout-plan", "allocate", "penalty", "deadline"]
)
def test_help_shows_an_example(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"]).output
    assert "Example:" in shown
    assert f"zhuanhu {command}" in " ".join(re.sub(r"[│]", " ", shown).split())


# -- errors -----------------------------------------------------------------------------


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
            cwd=Path(__file__).parents[3],
        )

    done = process(*line("share", SHARE), "--json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[34, 33, 33]\n", "")
    refused = process("payout-plan", "-", "--json", stdin=json.dumps(a_claim(amount_fen=1)))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert json.loads(refused.stderr)["code"] == "investors_do_not_add_up"
