"""Kafka's programs: the JDK that runs them, and the jars that Maven brings, held to their pins.

The jars are shared by all data folders: `<cache>/kafka-<version>`. Every one is checked at every
start, and nothing that is not in the list `kafka_jars/jars.sha256` is ever run.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import IO

from infra.errors import KafkaNotInstalled, KafkaUnavailable

JAVA = 17
PINNED = Path(__file__).with_name("kafka_jars")
WAYS_OUT = (
    "Install a JDK 17 or later and Maven (Debian, Ubuntu: apt install openjdk-17-jdk-headless"
    " maven), or run the broker of the compose file (docker compose up -d kafka), or set"
    " KAFKA_BOOTSTRAP_SERVERS to the host:port of any other"
)


def java() -> str:
    """The `java` on the PATH. Raises KafkaNotInstalled where it is missing or too old."""
    found = shutil.which("java")
    if found is None:
        raise KafkaNotInstalled("there is no JDK: java is not on the PATH", WAYS_OUT)
    said = _output(found, "-version")
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < JAVA:
        first = said.strip().splitlines()[0] if said.strip() else "nothing"
        raise KafkaNotInstalled(f"{found} is no JDK {JAVA} or later: {first}", WAYS_OUT)
    return found


@cache
def pins() -> dict[str, str]:
    """SHA-256 of each jar, by its name, in the order of the class path."""
    lines = (PINNED / "jars.sha256").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def version() -> str:
    return next(name[11:-4] for name in pins() if name.startswith("kafka_2.13-"))


def check(cache_dir: Path) -> None:
    """Raises KafkaNotInstalled where a start would for lack of the JDK or of Maven."""
    java()
    if not are_fetched(cache_dir):
        _maven()


def are_fetched(cache_dir: Path) -> bool:
    return not _differing(_folder(cache_dir))


def class_path(cache_dir: Path) -> str:
    """The pinned jars, fetched where they are not in the cache as they should be.

    Raises KafkaNotInstalled without Maven, KafkaUnavailable where what it brings is not usable.
    """
    folder = _folder(cache_dir)
    if not are_fetched(cache_dir):
        with _lock(folder.parent) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not are_fetched(cache_dir):  # Somebody else may just have done it.
                _fetch(folder)
    return os.pathsep.join(str(folder / name) for name in pins())


def _folder(cache_dir: Path) -> Path:
    return cache_dir.expanduser().resolve() / f"kafka-{version()}"


def _lock(cache: Path) -> IO[str]:
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        return (cache / "kafka.lock").open("a", encoding="ascii")
    except OSError as error:
        raise KafkaUnavailable(
            f"the cache folder {cache} cannot be used: {error.strerror}",
            "Set ZHUANHU_CACHE_DIR to a folder that can be written.",
        ) from error


def _differing(folder: Path) -> list[str]:
    """The jars that are not there, or are not what they should be."""
    return [name for name, digest in pins().items() if _digest(folder / name) != digest]


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        return ""


def _fetch(folder: Path) -> None:
    maven = _maven()
    java()  # Maven would say it less clearly.
    fresh = folder.with_name(f"{folder.name}.new")  # Moved into place when whole.
    shutil.rmtree(fresh, ignore_errors=True)
    said = _output(
        maven,
        *("-B", "-q", "-Dstyle.color=never", "-f", str(PINNED / "pom.xml")),
        *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={fresh}"),
    )
    missing = [name for name in pins() if not (fresh / name).exists()]
    if missing:
        why = next((line for line in said.splitlines() if "ERROR" in line), f"no {missing[0]}")
        raise KafkaUnavailable(
            f"Maven could not fetch Kafka's jars: {why.removeprefix('[ERROR] ')}",
            f"See that Maven reaches its registry; or else: {WAYS_OUT}",
        )
    differing = _differing(fresh)
    if differing:
        raise KafkaUnavailable(
            f"Maven brought jars that are not the pinned ones: {', '.join(differing)}",
            "They were not run. Remove them from Maven's own folder too, and try again; if it"
            " stays so, somebody changed them on the way.",
        )
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def _maven() -> str:
    found = shutil.which("mvn")
    if found is None:
        raise KafkaNotInstalled(
            "there is no Maven to fetch Kafka with: mvn is not on the PATH", WAYS_OUT
        )
    return found


def _output(*words: str) -> str:
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return done.stdout
