"""The stand-in bank as a child process, and the controls that a real bank does not have."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import psutil
import urllib3

from services.cli.failure import EXIT_REFUSED, CliError

STOP_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class BankControl:
    """The bank's clock, faults and sums. Outside the protocol; for a stand-in only."""

    url: str
    pid: int

    def has_ended(self) -> bool:
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE
        return True

    def set_clock(self, now: datetime) -> None:
        self._call("POST", "/control/clock", {"now": now.isoformat()})

    def clock(self) -> datetime | None:
        """Where the bank's clock stands; None while it runs with the machine's."""
        told = self._call("GET", "/control/clock")
        return datetime.fromisoformat(told["now"]) if told["standing"] else None

    def total_fen(self) -> int:
        return int(self._call("GET", "/control/total")["total_fen"])

    def fault(self, **fault: object) -> None:
        self._call("POST", "/control/fault", fault)

    def plan_faults(self, profile: str, seed: int, **more: int) -> None:
        """From here on it misbehaves, as the seed has it. `more`: delayMs, hangMs."""
        self._call("POST", "/control/faults", {"profile": profile, "seed": seed, **more})

    def end_faults(self) -> None:
        """What is wrong with a day's files stays wrong."""
        self._call("POST", "/control/faults", {})

    def notices_owed(self) -> int:
        return int(self._call("GET", "/control/faults")["noticesOwed"])

    def injected(self) -> list[dict[str, str]]:
        """Every fault that has struck: kind, subject, detail, bankDate."""
        told: list[dict[str, str]] = self._call("GET", "/control/injected")["injected"]
        return told

    def balances(self) -> dict[str, dict[str, int]]:
        """By the bank's own numbers: available_fen, frozen_fen."""
        return self._call("GET", "/control/balances")

    def interest(self, user_no: str, amount: str) -> None:
        self._call("POST", "/control/interest", {"platformUserNo": user_no, "amount": amount})

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        try:
            answer = urllib3.request(
                method,
                self.url + path,
                body=None if body is None else orjson.dumps(body),
                headers={"Content-Type": "application/json"},
                timeout=60,
                retries=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise CliError(
                "bank_silent",
                f"{path}: the stand-in bank does not answer any more ({type(error).__name__})",
                hint="zhuanhu up starts it again; see bank.log in the data folder",
                exit_code=EXIT_REFUSED,
            ) from None
        if answer.status != 200:
            raise CliError("bank_control", f"{path}: {answer.status} {answer.data[:200]!r}")
        told: dict[str, Any] = orjson.loads(answer.data)
        return told


def bank_command(
    database_url: str, data: Path, platform_no: str, notify_url: str, port: int
) -> list[str]:
    """Ends with whoever holds the other end of its standard input."""
    return [
        *(sys.executable, "-m", "services.sandbox_bank"),
        *("--database-url", database_url, "--port", str(port)),
        *("--keys", str(data / "keys"), "--platform-no", platform_no),
        *("--platform-key", str(data / "keys" / "platform_public.pem")),
        *("--notify-url", notify_url, "--attached", "on"),
    ]


@contextmanager
def sandbox_bank(
    database_url: str, data: Path, platform_no: str, notify_url: str, port: int = 0
) -> Iterator[BankControl]:
    """Runs the bank while the block lasts. Raises CliError if it does not come up."""
    command = bank_command(database_url, data, platform_no, notify_url, port)
    with (
        (data / "bank.log").open("ab") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # Never written to: it closes when we are gone, however.
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # A Ctrl-C is for us: a step is finished before it ends.
        ) as process,
    ):
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise CliError(
                    "bank_not_started",
                    f"the stand-in bank ended with {process.wait()}",
                    hint=f"see {data / 'bank.log'}",
                )
            ready = orjson.loads(line)
            yield BankControl(f"http://127.0.0.1:{ready['port']}", ready["pid"])
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
