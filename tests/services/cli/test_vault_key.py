"""A platform's book has one vault key, and whoever comes with another is sent away."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.vault import VaultKeyOther
from infra.settings import Settings
from services.cli import parts
from services.cli.command_examples import EXAMPLES
from services.cli.installation import Installation
from services.cli.opening import Place
from services.cli.watching import Watching
from tests.services.cli.conftest import Zhuanhu
from tests.services.kafka_house import KafkaHouse

OTHER = base64.b64encode(bytes(range(32))).decode()
OPENING = EXAMPLES[0].model_dump_json()


@pytest.fixture
def data(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whose book was opened with the folder's own key."""
    monkeypatch.setenv("DATABASE_URL", database)
    Installation("demo", "P1").save(tmp_path)
    return tmp_path


@pytest.mark.parametrize("words", [("publish", "-"), ("parked", "list")])
def test_another_key_is_refused_before_anything_is_done(
    zhuanhu: Zhuanhu, data: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """The same command would be another payload, and what is sealed nobody else's to open."""
    told = zhuanhu("publish", "-", "--data", str(data), "--json", stdin=OPENING)
    assert told.json["outcome"] == "accepted"
    monkeypatch.setenv("ZHUANHU_VAULT_KEY", OTHER)
    refused = zhuanhu(*words, "--data", str(data), "--json", stdin=OPENING)
    assert (refused.code, refused.error["code"]) == (2, "vault_key_other")
    assert "ZHUANHU_VAULT_KEY" in refused.error["hint"]
    assert OTHER not in refused.err
    monkeypatch.delenv("ZHUANHU_VAULT_KEY")
    again = zhuanhu("publish", "-", "--data", str(data), "--json", stdin=OPENING)
    assert (again.json["outcome"], again.json["replayed"]) == ("accepted", True)


@pytest.fixture
def house(database: str, kafka: Settings, kafka_platform: str) -> Iterator[KafkaHouse]:
    with closing(KafkaHouse(database, kafka_platform, kafka)) as house:
        yield house


def test_a_writer_that_only_waits_says_so_at_once(
    house: KafkaHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not when it is to take over."""
    place = Place(tmp_path, Installation(house.platform, "P1"))
    places, urls = {house.platform: place}, {house.platform: house.url}
    here = parts._Here(places, urls, house.options, Watching(places))
    told_to_stop = threading.Event()
    told_to_stop.set()
    parts._write(here, told_to_stop)
    monkeypatch.setenv("ZHUANHU_VAULT_KEY", OTHER)
    with pytest.raises(VaultKeyOther):
        parts._write(here, told_to_stop)
