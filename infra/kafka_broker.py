"""A real Kafka of our own in `<data>/kafka`: one KRaft node, for development and tests.

It listens on 127.0.0.1 alone, and outlives whoever started it, until it is stopped. It is found
again by its command line, which no other process has: there is no pid file that could be stale. A
broker that was killed comes back on the same data and, as long as that is free, on the same port.
"""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import signal
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import psutil

from infra import kafka, kafka_programs, kafka_properties
from infra.data_folder import MIN_FREE_BYTES, DataFolder
from infra.errors import KafkaUnavailable, NoSpaceLeft

START_TIMEOUT_S = 120  # Recovery after a crash may take its time.
STOP_TIMEOUT_S = 60
ANSWER_TIMEOUT_S = 3
TRIES = 5  # For a port that somebody else takes before the broker has it.

JAVA_OPTIONS = (
    "-Xmx384m",
    "-XX:+UseSerialGC",  # The least memory, and short work on a heap this small.
    "-XX:TieredStopAtLevel=1",  # Half the CPU of the first minutes; it seldom lives longer.
    "-XX:-UsePerfData",  # No files of its own elsewhere.
    "-XX:+ExitOnOutOfMemoryError",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


class KafkaBroker:
    """The broker of one data folder: `start`, `stop`, and where it is.

    `properties` are more of Kafka's own settings, or others in place of ours. As a context manager
    it runs while the block lasts. Errors are KafkaUnavailable and its kinds, or those of the data
    folder, each with what to do.
    """

    def __init__(
        self, data_dir: Path, cache_dir: Path, properties: Mapping[str, str] | None = None
    ) -> None:
        self._folder = DataFolder(data_dir)
        self._cache_dir = cache_dir
        self._more = properties or {}
        self._kafka = self._folder.path / "kafka"
        self._properties = self._kafka / "server.properties"
        self._log = self._folder.path / "kafka.log"
        self._log_start = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def data_dir(self) -> Path:
        return self._folder.path

    @property
    def address(self) -> str:
        """host:port of the broker, where it runs or ran last."""
        properties = kafka_properties.read(self._properties)
        if not properties:
            raise KafkaUnavailable(
                f"no Kafka was ever started in {self._folder.path}",
                "Start one: zhuanhu kafka start.",
            )
        return properties["advertised.listeners"].split(",")[0].rpartition("/")[2]

    @property
    def pid(self) -> int | None:
        """The process id of the broker, None where it does not run."""
        process = self._process()
        return process.pid if process else None

    def answers(self) -> bool:
        """Whether it runs and serves clients."""
        if self._process() is None:
            return False
        with suppress(KafkaUnavailable, OSError):
            host, _, port = self.address.rpartition(":")
            socket.create_connection((host, int(port)), ANSWER_TIMEOUT_S).close()
            options = {"bootstrap_servers": [self.address]}
            return kafka.brokers(options, ANSWER_TIMEOUT_S * 1000) > 0
        return False

    def start(self) -> None:
        """Starts it unless it runs, and returns when it answers."""
        self._folder.prepare(MIN_FREE_BYTES)
        if "," in str(self._kafka):
            raise KafkaUnavailable(
                f"Kafka takes no folder with a comma in its name: {self._kafka}",
                "Name another data folder (ZHUANHU_DATA_DIR or --data).",
            )
        with self._changing():
            deadline = time.monotonic() + START_TIMEOUT_S
            tries = 0
            while not self.answers():
                if time.monotonic() > deadline:
                    raise self._failure(f"Kafka did not answer within {START_TIMEOUT_S} s")
                if self._process() is not None:
                    time.sleep(0.05)  # It starts: nothing but an answer shows when it is there.
                    continue
                if tries == TRIES or (tries and not self._lost_its_port()):
                    raise self._failure("Kafka did not start")
                self._launch()
                tries += 1

    def stop(self) -> bool:
        """Stops it cleanly and returns when it has ended; False where it did not run."""
        if not self._kafka.exists():
            return False
        with self._changing():
            process = self._process()
            if process is None:
                return False
            process.terminate()
            process.resume()  # One that was made to stand still could not end.
            try:
                process.wait(STOP_TIMEOUT_S)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait()
            return True

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One process at a time starts or stops the broker."""
        with (self._folder.path / "kafka.change").open("a", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _process(self) -> psutil.Process | None:
        """The broker on this very folder. One that has ended has no command line any more."""
        ours = ["kafka.Kafka", str(self._properties)]
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.cmdline()[-2:] == ours:
                    return process
        return None

    def _launch(self) -> None:
        java = kafka_programs.java()
        class_path = kafka_programs.class_path(self._cache_dir)
        self._kafka.mkdir(mode=0o700, exist_ok=True)
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        ports = kafka_properties.ports(self._properties)
        words = (java, *JAVA_OPTIONS, f"-XX:ErrorFile={self._kafka}/crash.log", "-cp", class_path)
        if not (self._kafka / "log").exists():
            self._format(words, ports)
        kafka_properties.write(self._properties, self._kafka / "log", ports, self._more)
        self._spawn(*words, "kafka.Kafka", str(self._properties))

    def _format(self, words: tuple[str, ...], ports: tuple[int, int]) -> None:
        fresh = self._kafka / "log.new"  # Moved into place when whole.
        shutil.rmtree(fresh, ignore_errors=True)
        properties = self._kafka / "format.properties"
        kafka_properties.write(properties, fresh, ports, self._more)
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = ("kafka.tools.StorageTool", "format", "--standalone", f"--cluster-id={cluster}")
        pid = self._spawn(*words, *tool, "-c", str(properties))
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
            raise self._failure("Kafka could not set up its folder")
        properties.unlink()
        fresh.rename(self._kafka / "log")

    def _spawn(self, *words: str) -> int:
        """Not a child that anybody would have to look after: it goes on when we end."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        return os.posix_spawn(
            words[0],
            words,
            {
                "PATH": os.defpath,
                "LC_ALL": "C.UTF-8",
            },  # The caller's CLASSPATH and the like stay out.
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(self._log), flags, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,  # A Ctrl-C is for us, not for the broker.
            setsigdef=[signal.SIGPIPE],
        )

    def _said(self) -> str:
        """What Kafka wrote since it was last launched."""
        with suppress(FileNotFoundError):
            return self._log.read_bytes()[self._log_start :].decode(errors="replace")
        return ""

    def _lost_its_port(self) -> bool:
        return "Address already in use" in self._said()

    def _failure(self, what: str) -> Exception:
        """What Kafka said last of what went wrong, as our error."""
        wrong = [
            line for line in self._said().splitlines() if "ERROR" in line or "xception" in line
        ]
        why = (wrong or self._said().splitlines()[-1:] or ["it said nothing"])[-1].strip()
        if "No space left on device" in self._said():
            return NoSpaceLeft(f"{what}: {why}", "Free some space, and start again.")
        return KafkaUnavailable(f"{what}: {why}", f"See {self._log}.")
