"""What a broker of our own needs is named where it is missing, and nothing unpinned is run.

`mvn` and `java` are played by scripts on a PATH of their own; the jars are small files.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from infra import kafka_programs
from infra.errors import KafkaNotInstalled, KafkaUnavailable
from infra.kafka_broker import KafkaBroker

JAVA_17 = "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2"
MAVEN = """
for word; do case $word in -DoutputDirectory=*) to=${word#*=};; esac; done
mkdir -p "$to" && printf good > "$to/kafka_2.13-9.jar" && printf good > "$to/other.jar"
echo called >> "${0%/*}/calls"
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it but the shell's own tools, and two pinned jars."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "mkdir"):
        (folder / tool).symlink_to(f"/bin/{tool}")
    monkeypatch.setenv("PATH", str(folder))
    digest = hashlib.sha256(b"good").hexdigest()
    pinned = {"kafka_2.13-9.jar": digest, "other.jar": digest}
    monkeypatch.setattr(kafka_programs, "pins", lambda: pinned)
    return folder


def program(path: Path, name: str, script: str) -> None:
    (path / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (path / name).chmod(0o755)


def calls(path: Path) -> int:
    return len((path / "calls").read_text(encoding="ascii").split())


THREE_WAYS_OUT = r"JDK 17.* Maven .*docker compose up.*KAFKA_BOOTSTRAP_SERVERS"


@pytest.mark.parametrize(
    ("programs", "missing"),
    [
        ({}, "java is not on the PATH"),
        ({"java": JAVA_17}, "mvn is not on the PATH"),
        ({"java": JAVA_17.replace("17", "11"), "mvn": MAVEN}, "is no JDK 17 or later"),
        ({"java": "echo no runtime here; false", "mvn": MAVEN}, "no runtime here"),
    ],
)
def test_what_is_missing_is_said_with_the_three_ways_out(
    path: Path, tmp_path: Path, programs: dict[str, str], missing: str
) -> None:
    for name, script in programs.items():
        program(path, name, script)
    with pytest.raises(KafkaNotInstalled, match=rf"{missing}.*{THREE_WAYS_OUT}"):
        KafkaBroker(tmp_path / "data", tmp_path / "cache").start()


def test_the_jars_are_fetched_once_and_again_when_they_are_no_longer_what_they_were(
    path: Path, tmp_path: Path
) -> None:
    program(path, "java", JAVA_17)
    program(path, "mvn", MAVEN)
    cache = tmp_path / "cache"
    assert not kafka_programs.are_fetched(cache)
    jars = kafka_programs.class_path(cache).split(os.pathsep)
    assert jars == [str(cache / "kafka-9" / name) for name in ("kafka_2.13-9.jar", "other.jar")]
    assert kafka_programs.are_fetched(cache)
    kafka_programs.class_path(cache)
    assert calls(path) == 1

    Path(jars[1]).write_text("changed", encoding="ascii")
    assert kafka_programs.class_path(cache).split(os.pathsep) == jars
    assert Path(jars[1]).read_text(encoding="ascii") == "good"
    assert calls(path) == 2


def test_a_jar_that_is_not_the_pinned_one_is_not_run(path: Path, tmp_path: Path) -> None:
    program(path, "java", JAVA_17)
    program(path, "mvn", MAVEN.replace('good > "$to/other', 'evil > "$to/other'))
    with pytest.raises(KafkaUnavailable, match=r"not the pinned ones: other\.jar\."):
        kafka_programs.class_path(tmp_path / "cache")
    assert not (tmp_path / "cache" / "kafka-9").exists()


def test_what_maven_says_is_told(path: Path, tmp_path: Path) -> None:
    program(path, "java", JAVA_17)
    program(path, "mvn", "echo '[INFO] x'; echo '[ERROR] no way to the registry'; false")
    with pytest.raises(KafkaUnavailable, match=rf": no way to the registry\..*{THREE_WAYS_OUT}"):
        kafka_programs.class_path(tmp_path / "cache")


def test_a_cache_that_cannot_be_made_is_named(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KafkaUnavailable, match=r"file cannot be used.*ZHUANHU_CACHE_DIR"):
        kafka_programs.class_path(tmp_path / "file")


def test_the_list_pins_every_jar_by_a_hash_and_the_pom_and_names_no_address() -> None:
    folder = kafka_programs.PINNED
    assert len(kafka_programs.pins()) > 40
    assert all(len(digest) == 64 for digest in kafka_programs.pins().values())
    pom = (folder / "pom.xml").read_text(encoding="utf-8")
    assert f"<version>{kafka_programs.version()}</version>" in pom
    assert "://" not in pom
