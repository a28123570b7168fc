"""The commands that explain: --help, commands, doctor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from typer.core import TyperGroup
from typer.main import get_command

from domain.commands import FROM_OUTSIDE, AnyCommand
from services.cli import doctor
from services.cli.__main__ import app
from services.cli.installation import Installation, Keys
from tests.services.cli.conftest import Zhuanhu

READER: TypeAdapter[object] = TypeAdapter(AnyCommand)


def paths(group: TyperGroup, *before: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from paths(command, *before, name)
        else:
            yield (*before, name)


ROOT = get_command(app)
assert isinstance(ROOT, TyperGroup)
COMMANDS = list(paths(ROOT))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(zhuanhu: Zhuanhu, words: tuple[str, ...]) -> None:
    told = zhuanhu(*words, "--help")
    assert (told.code, told.err) == (0, "")
    assert "Example: " in told.out
    assert f"zhuanhu {' '.join(words)}" in " ".join(told.out.split())
    assert "--json" in told.out


def test_commands_gives_schema_and_example_of_each(zhuanhu: Zhuanhu) -> None:
    told = zhuanhu("commands", "--json").json
    assert {each["type"] for each in told} == set(FROM_OUTSIDE)
    for each in told:
        assert each["schema"]["additionalProperties"] is False
        assert each["summary"]
        for example in (each["example"], *each["more_examples"]):
            assert set(example) <= set(each["schema"]["properties"])
            READER.validate_json(json.dumps(example))


def test_commands_for_people(zhuanhu: Zhuanhu) -> None:
    told = zhuanhu("commands")
    assert told.code == 0
    assert all(name in told.out for name in FROM_OUTSIDE)


def findings(zhuanhu: Zhuanhu, data: Path) -> tuple[int, dict[str, bool]]:
    told = zhuanhu("doctor", "--data", str(data), "--json")
    assert told.err == ""
    assert told.json["ok"] is all(each["ok"] for each in told.json["findings"])
    assert all(each["hint"] for each in told.json["findings"] if not each["ok"])
    return told.code, {each["what"]: each["ok"] for each in told.json["findings"]}


def test_doctor_finds_a_fresh_machine_well_and_leaves_it_so(
    zhuanhu: Zhuanhu, make_folder: Callable[[], Path]
) -> None:
    data = make_folder()
    code, found = findings(zhuanhu, data)
    assert code == 0
    assert {"python", "packages", "settings", "data folder", "postgresql", "keys"} <= set(found)
    assert all(found.values())
    assert not data.exists()


@pytest.fixture
def no_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_server_version", lambda folder: "left out")


@pytest.mark.usefixtures("no_postgres")
def test_doctor_finds_what_is_wrong(
    zhuanhu: Zhuanhu, make_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_folder()
    data.mkdir()
    Installation("demo", "P1").save(data)
    Keys(data / "keys").ensure_pairs()
    Installation("demo", "P1").seal(data)
    assert findings(zhuanhu, data)[0] == 0

    (data / "keys" / "vault.key").chmod(0o644)
    assert wrong(findings(zhuanhu, data)) == {"keys"}
    (data / "keys" / "vault.key").write_text("short")
    assert wrong(findings(zhuanhu, data)) == {"keys"}
    (data / "installation.json").write_text("{}")
    assert wrong(findings(zhuanhu, data)) == {"keys", "installation"}
    monkeypatch.setenv("ZHUANHU_LOG_LEVEL", "loudly")
    assert wrong(findings(zhuanhu, data)) == {"keys", "installation", "settings"}
    monkeypatch.setattr(doctor, "PYTHON", (9, 9))
    assert wrong(findings(zhuanhu, data)) == {"keys", "installation", "settings", "python"}


def wrong(found: tuple[int, dict[str, bool]]) -> set[str]:
    code, each = found
    assert code == 1
    return {what for what, ok in each.items() if not ok}
