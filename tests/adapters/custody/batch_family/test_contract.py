"""The port's contract, run against the real bank process's second front."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

import orjson
import pytest
import urllib3

from adapters.custody.batch_family.channel import Link
from adapters.custody.batch_family.client import BatchFamilyBank
from adapters.custody.batch_family.requests import Choices
from adapters.custody.wire import Signer
from domain.bank_requests import BankRequest, Withdraw
from domain.ports import BankAnswer, BankOutcome
from infra.clock import SHANGHAI, ManualClock
from infra.keys import ensure_rsa_key, load_public_key
from infra.postgres import EmbeddedPostgres
from tests.adapters.custody.batch_family.scenes import INST_CODE
from tests.contracts.bench import Bench, Fault
from tests.contracts.custodian import CustodianContract
from tests.contracts.stage import stage

__all__ = ["stage"]  # The contract's fixture, found by its name in this module.

_PATIENCE_S = 60.0
_FAULTS = {
    Fault.SILENT_BEFORE: "timeout_before",
    Fault.BROKEN_BEFORE: "http_500",
    Fault.SILENT_AFTER: "timeout_after",
    Fault.FORGED_AFTER: "bad_signature",
    Fault.CUT_AFTER: "cut",
}


class SandboxBench:
    """`services.sandbox_bank` as its own process; its clock and ours are moved together."""

    good_card = "6222000000001234"
    mismatching_card = "6222000000000001"
    returning_card = "6222000000000003"
    executes_later = True
    executes_whole = False
    stops_withdrawals = False
    moves_cash_alone = False
    asks_passwords = False

    def __init__(
        self, url: str, notify_url: str, signer: Signer, posts: queue.Queue[dict[str, str]]
    ) -> None:
        self._url = url
        self._posts = posts
        self._kept: list[dict[str, str]] = []
        self._http = urllib3.PoolManager(retries=False)
        self._clock = ManualClock(datetime(2018, 1, 5, 10, tzinfo=SHANGHAI))
        self._set_clock()
        link = Link(url, INST_CODE, read_timeout_ms=60_000)
        self.custodian = BatchFamilyBank(link, signer, self._clock, Choices(notify_url))

    def today(self) -> date:
        return self._clock.now().astimezone(SHANGHAI).date()

    def next_day(self) -> None:
        self._clock.advance(timedelta(days=1))
        self._set_clock()

    def arrange(self, fault: Fault, request: BankRequest) -> None:
        asked = {"service": "bidAutoApply", "requestNo": request.request_no}
        self._control("fault", {**asked, "kind": _FAULTS[fault], "times": 1, "hangMs": 100})

    def notice_naming(self, request_no: str) -> Mapping[str, str]:
        """The end of an order, or the result of a batch: its legality is no end."""

        def ends(told: Mapping[str, str]) -> bool:
            return told.get("orderId") == request_no or (
                told.get("acqRes") == request_no and "sucCounts" in told
            )

        return self._wait_for(ends)

    def notice_of_return(self, withdrawal: Withdraw) -> Mapping[str, str]:
        return self._wait_for(lambda told: told.get("orgOrderId") == withdrawal.request_no)

    def settled(self, request: BankRequest) -> BankAnswer:
        deadline = time.monotonic() + _PATIENCE_S
        while (answer := self.custodian.query(request)).outcome is BankOutcome.PENDING:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{request.request_no} is still pending")
        return answer

    def close(self) -> None:
        self.custodian.close()
        self._http.clear()

    def _wait_for(self, wanted: Callable[[Mapping[str, str]], bool]) -> Mapping[str, str]:
        for form in self._kept:
            if wanted(orjson.loads(form["bgData"])):
                return form
        while True:
            form = self._posts.get(timeout=_PATIENCE_S)
            self._kept.append(form)
            if wanted(orjson.loads(form["bgData"])):
                return form

    def _set_clock(self) -> None:
        self._control("clock", {"now": self._clock.now().astimezone(SHANGHAI).isoformat()})

    def _control(self, name: str, content: Mapping[str, object]) -> None:
        answer = self._http.request("POST", f"{self._url}/control/{name}", json=dict(content))
        assert answer.status == 200, answer.data


@pytest.fixture(scope="module")
def posts() -> Iterator[tuple[str, queue.Queue[dict[str, str]]]]:
    """Where the bank calls back to, and what it has posted there."""
    got: queue.Queue[dict[str, str]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            got.put(dict(parse_qsl(body, keep_blank_values=True)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"success")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/notify", got
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def bench(
    postgres: EmbeddedPostgres,
    posts: tuple[str, queue.Queue[dict[str, str]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Bench]:
    folder: Path = tmp_path_factory.mktemp("bank")
    ours = ensure_rsa_key(folder / "platform.pem", folder / "platform_public.pem")
    notify_url, got = posts
    options = {
        "--database-url": postgres.ensure_database("custody_batch_contract"),
        "--port": "0",
        "--keys": str(folder),
        "--platform-no": INST_CODE,
        "--platform-key": str(folder / "platform_public.pem"),
        "--notify-url": "http://127.0.0.1:9/nobody",
    }
    words = [word for pair in options.items() for word in pair]
    command = [sys.executable, "-m", "services.sandbox_bank", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            port = orjson.loads(process.stdout.readline())["port"]
            signer = Signer(ours, {"1": load_public_key(folder / "bank_public.pem")})
            bench = SandboxBench(f"http://127.0.0.1:{port}", notify_url, signer, got)
            yield bench
            bench.close()
        finally:
            process.terminate()


class TestBatchFamilyBank(CustodianContract):
    pass
