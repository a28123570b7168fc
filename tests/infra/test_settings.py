"""Settings come from the environment; a wrong one is named with its rule and not shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.settings import SettingsError, SignDigest, known_variables, load_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in known_variables():
        monkeypatch.delenv(name, raising=False)


def test_everything_has_a_default() -> None:
    settings = load_settings()
    assert settings.database_url is None
    assert settings.sign_digest is SignDigest.SHA256


def test_names_of_hosting_platforms_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hush@db/zhuanhu")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")
    monkeypatch.setenv("ZHUANHU_DATA_DIR", "here")
    settings = load_settings()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value().endswith("@db/zhuanhu")
    assert settings.kafka_bootstrap_servers == "kafka:9092"
    assert settings.data_dir == Path("here")
    assert "hush" not in repr(settings)


def test_a_setting_left_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    assert load_settings().database_url is None


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("DATABASE_URL", "mysql://u:hush@db/x", "must begin with postgresql://"),
        ("ZHUANHU_SIGN_DIGEST", "md5-hush", "'sha1' or 'sha256'"),
        ("ZHUANHU_BANK_TIMEOUT_MS", "99", "greater than or equal to 100"),
        ("ZHUANHU_BANK_CALLS_PER_S", "0", "greater than or equal to 1"),
        ("ZHUANHU_BANK_LEGS_PER_CALL", "0", "greater than or equal to 1"),
        ("ZHUANHU_CALLBACK_PORT", "70000", "less than or equal to 65535"),
        ("ZHUANHU_PLATFORM", "Hush Hush", "should match pattern"),
        ("KAFKA_BOOTSTRAP_SERVERS", "hush", "must be host:port"),
        ("ZHUANHU_KAFKA_MIN_INSYNC_REPLICAS", "2", "must not be above the replication factor"),
        ("ZHUANHU_KAFKA_COMMANDS_RETENTION_MS", "-2", "greater than or equal to -1"),
        ("ZHUANHU_BANK_URL", "hush.example", "must begin with http:// or https://"),
    ],
)
def test_a_wrong_setting_is_named_with_its_rule(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, rule: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert str(refusal.value).startswith(f"{variable}: ")
    assert rule in str(refusal.value)
    assert "hush" not in str(refusal.value).lower()


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHUANHU_LOG_LEVEL", "loud")
    monkeypatch.setenv("ZHUANHU_LOG_FORMAT", "xml")
    with pytest.raises(SettingsError, match=r"ZHUANHU_LOG_LEVEL.*; ZHUANHU_LOG_FORMAT"):
        load_settings()


def test_only_settings_reads_the_environment() -> None:
    root = Path(__file__).parents[2]
    rooms = [root / room for room in ("services", "domain", "adapters", "infra")]
    readers = {
        str(path.relative_to(root))
        for room in rooms
        for path in room.rglob("*.py")
        if re.search(r"\benviron\b|\bgetenv\b", path.read_text(encoding="utf-8"))
    }
    # The stand-in bank is somebody else's house: it has settings of its own.
    assert readers <= {"services/sandbox_bank/settings.py"}
