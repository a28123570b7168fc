"""The bank's posts, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
import urllib3
from structlog.testing import capture_logs

from services.custody.notices import BODY_LIMIT, NotReady, listening
from tests.services.custody import world as w
from tests.services.custody.conftest import House


class Caller:
    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(retries=False)

    def post(self, fields: Mapping[str, str]) -> tuple[int, bytes]:
        answer = self._pool.request("POST", self._url, fields=fields, encode_multipart=False)
        return answer.status, answer.data

    def post_raw(self, body: bytes, **headers: str) -> int:
        return self._pool.request("POST", self._url, body=body, headers=headers).status

    def close(self) -> None:
        self._pool.clear()


@pytest.fixture
def caller(house: House) -> Iterator[Caller]:
    house.bank.answers["C-1.1"] = [w.PENDING]
    house.log.append(w.recharge("1"))
    custody = house.run()
    with listening("127.0.0.1", 0, custody.receive) as (host, port):
        caller = Caller(f"http://{host}:{port}/")
        yield caller
        caller.close()


def test_a_notice_is_written_down_and_then_answered(house: House, caller: Caller) -> None:
    assert caller.post(w.notice("C-1.1")) == (200, b"SUCCESS")
    kept = house.rows("SELECT request_no, outcome, bank_date, handled FROM notice")
    assert kept == [("C-1.1", "succeeded", w.DAY, False)]
    house.run(house.started[0])
    assert house.writer.ids == ["settle:C-1"]


def test_a_forged_one_is_answered_400_and_not_stored(house: House, caller: Caller) -> None:
    assert caller.post({**w.notice("C-1.1"), "sign": "forged"}) == (400, b"FAIL")
    assert house.rows("SELECT * FROM notice") == []


def test_what_is_no_form_is_answered_400(caller: Caller) -> None:
    assert caller.post_raw(b"\xff\xfe") == 400


def test_what_is_too_large_is_not_read(caller: Caller) -> None:
    assert caller.post_raw(b"", **{"Content-Length": str(BODY_LIMIT + 1)}) == 413


def test_what_cannot_be_written_down_is_not_answered_success(house: House, caller: Caller) -> None:
    house.change("ALTER TABLE notice RENAME TO away")
    assert caller.post(w.notice("C-1.1"))[0] == 500


def test_who_is_not_ready_is_called_again_and_nothing_is_wrong() -> None:
    def not_yet(form: Mapping[str, str]) -> None:
        raise NotReady

    with listening("127.0.0.1", 0, not_yet) as (host, port), capture_logs() as said:
        caller = Caller(f"http://{host}:{port}/")
        assert caller.post(w.notice("C-1.1")) == (503, b"FAIL")
        caller.close()
    assert said == []


def test_a_drain_ends_with_the_notice_it_waits_for(house: House, caller: Caller) -> None:
    assert caller.post(w.notice("C-1.1")) == (200, b"SUCCESS")
    assert house.started[0].drain(patience_ms=1_000)
    assert house.writer.ids == ["settle:C-1"]
