"""The pinned packages and the compose file say only what they should."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, settings
from kafka.admin import ConfigResource

from infra import kafka_programs
from infra.kafka import administration, client_options
from infra.probes import Page, serving
from infra.settings import Settings, known_variables
from services.sandbox_bank import settings as bank_settings

ROOT = Path(__file__).parents[2]
PACKAGE = re.compile(r"[a-z0-9-]+==[0-9][\w.]* \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


PARTS = ("writer", "relay", "projections")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned_and_hashed_and_no_host_is_named(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line and not line.startswith("# ")]
    assert [each for each in entries if not (PACKAGE.fullmatch(each) or HASH.fullmatch(each))] == []
    for first, second in zip(entries, [*entries[1:], ""], strict=True):
        if PACKAGE.fullmatch(first):
            assert HASH.fullmatch(second), first
    assert not re.search(r"://|@|--(extra-)?index|--find-links|/", "\n".join(lines))


def test_what_runs_is_what_was_tested() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^\S+==\S+", (ROOT / name).read_text(encoding="utf-8"), re.M))

    assert pins("requirements.txt") <= pins("requirements-dev.txt")


def test_the_compose_file_has_every_part(services: dict[str, dict[str, Any]]) -> None:
    assert {"postgres", "kafka", "topics", "sandbox-bank", "zhuanhu"} <= set(services)
    assert services["postgres"]["image"] == "postgres:18"
    assert services["topics"]["command"] == ["zhuanhu", "topics", "ensure"]
    assert services["zhuanhu"]["command"] == ["zhuanhu", "up", "--no-writer"]
    assert [services[name]["command"] for name in PARTS] == [["zhuanhu", name] for name in PARTS]
    assert services["sandbox-bank"]["command"][:3] == ["python", "-m", "services.sandbox_bank"]


def test_every_image_names_its_version(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        assert re.fullmatch(r"[a-z/]+:[0-9][0-9.]*", service["image"])


@pytest.mark.parametrize("name", ["zhuanhu", "topics", *PARTS])
def test_every_variable_given_to_ours_is_a_setting(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    given = set(services[name]["environment"])
    assert given
    assert given <= set(known_variables())


def test_keys_are_given_to_those_who_need_them(services: dict[str, dict[str, Any]]) -> None:
    keys = {"ZHUANHU_VAULT_KEY", "ZHUANHU_BLACKLIST_KEY", "ZHUANHU_COMMANDS_KEY"}
    given = {name: keys & set(each.get("environment", {})) for name, each in services.items()}
    assert {name: each for name, each in given.items() if each} == {"zhuanhu": keys, "writer": keys}


def test_kafka_is_the_one_that_was_tested(services: dict[str, dict[str, Any]]) -> None:
    assert services["kafka"]["image"] == f"apache/kafka:{kafka_programs.version()}"


def test_every_variable_given_to_kafka_is_a_setting_of_its(
    services: dict[str, dict[str, Any]], kafka: Settings
) -> None:
    with administration(client_options(kafka)) as client:
        broker = str(client.describe_cluster()["brokers"][0]["broker_id"])
        asked = [ConfigResource("BROKER", broker)]
        known = client.describe_configs(asked, config_filter="all")["broker"][broker]
    given = {name.removeprefix("KAFKA_") for name in services["kafka"]["environment"]}
    assert {name.lower().replace("_", ".") for name in given} <= set(known)


def test_every_port_of_kafka_that_is_told_to_clients_is_listened_on(
    services: dict[str, dict[str, Any]],
) -> None:
    given = services["kafka"]["environment"]
    told = set(re.findall(r"([A-Z]+)://[^:]+(:[0-9]+)", given["KAFKA_ADVERTISED_LISTENERS"]))
    listened = set(re.findall(r"([A-Z]+)://(:[0-9]+)", given["KAFKA_LISTENERS"]))
    assert {name for name, _ in listened - told} == {"CONTROLLER"}
    assert told <= listened
    spoken = dict(
        each.split(":") for each in given["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    )
    assert {name for name, _ in listened} == set(spoken)
    assert {f"kafka{port}" for name, port in told if name == "PLAINTEXT"} == {
        services[name]["environment"]["KAFKA_BOOTSTRAP_SERVERS"]
        for name in ("zhuanhu", "topics", *PARTS)
    }


def test_the_bank_can_be_started_with_what_it_is_given(
    services: dict[str, dict[str, Any]],
) -> None:
    given = services["sandbox-bank"]["environment"]
    settings = bank_settings.read([], given)
    known = {f"ZHUANHU_SANDBOX_{field.name.upper()}" for field in fields(settings)}
    assert set(given) <= known
    assert settings.port == 8800


@pytest.mark.parametrize("name", ["zhuanhu", *PARTS])
def test_every_part_is_asked_whether_it_is_ready_where_it_listens(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    given = services[name]["environment"]
    port, asked = given["ZHUANHU_METRICS_PORT"], services[name]["healthcheck"]["test"]
    assert given["ZHUANHU_METRICS_HOST"] == "0.0.0.0"
    assert f"http://127.0.0.1:{port}/ready" in asked[-1]


def test_a_part_is_healthy_when_it_says_so(services: dict[str, dict[str, Any]]) -> None:
    """The compose file's own words, with the port of a server of ours in place of theirs."""
    word, *command, code = services["writer"]["healthcheck"]["test"]
    assert (word, command) == ("CMD", ["python", "-c"])
    for status, healthy in ((200, True), (503, False)):
        pages = {"/ready": lambda _, status=status: Page(b"{}", status=status)}
        with serving("127.0.0.1", 0, pages) as address:
            asked = code.replace("http://127.0.0.1:9464", address)
            done = subprocess.run((sys.executable, "-c", asked), check=False)
        assert (done.returncode == 0) is healthy


def test_every_setting_of_watching_is_in_its_page() -> None:
    page = (ROOT / "docs" / "watching.md").read_text(encoding="utf-8")
    named = {each for each in known_variables() if "METRICS" in each}
    assert named
    assert [each for each in named if f"`{each}`" not in page] == []


def test_nothing_else_of_ours_is_set_in_the_compose_file(
    services: dict[str, dict[str, Any]],
) -> None:
    ours = {n for n, each in services.items() if each["image"].startswith("zhuanhu:")}
    assert {n for n in ours if "environment" in services[n]} == {
        *("zhuanhu", "sandbox-bank", "topics"),
        *PARTS,
    }


def test_every_one_waited_for_exists(services: dict[str, dict[str, Any]]) -> None:
    waited = {name for service in services.values() for name in service.get("depends_on", {})}
    assert waited <= set(services)


def test_no_password_stands_in_the_compose_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert re.findall(r"PASSWORD: (?!\$\{)|://\w+:(?!\$\{)\w+@", text) == []


def test_every_setting_of_kafka_is_in_its_page() -> None:
    page = (ROOT / "docs" / "kafka.md").read_text(encoding="utf-8")
    assert [each for each in known_variables() if "KAFKA" in each and f"`{each}`" not in page] == []


def test_no_property_fails_because_the_machine_was_busy() -> None:
    assert settings.default is not None
    assert settings.default.deadline is None
    assert HealthCheck.too_slow in settings.default.suppress_health_check


def test_no_word_of_ours_presumes_a_crime() -> None:
    """Of whoever is late, is listed or is sued: what happened is said, and nothing else."""
    presumed = re.compile(r"fraud|\bcrim(e|inal)|guilt|swindl|thie(f|ves)|诈骗|犯罪|嫌疑|骗", re.I)
    said = [ROOT / "docs/errors.md", *ROOT.glob("docs/contract/**/*.json")]
    said += [
        path for room in ("domain", "adapters", "services") for path in ROOT.glob(f"{room}/**/*.py")
    ]
    assert len(said) > 400
    told = [path.name for path in said if presumed.search(path.read_text(encoding="utf-8"))]
    assert told == []
