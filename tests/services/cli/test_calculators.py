"""What the calculators answer, to machines and to people. The arithmetic is domain's."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.__main__ import app
from tests.services.cli.calculators import (
    ALLOCATE,
    CLAIM,
    DEADLINE,
    DUE,
    OTHER_CLAIM,
    PENALTY,
    PLAN,
    SCHEDULE,
    SHARE,
    Cli,
    line,
)


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
