"""Callbacks (NOTIFY) to the platform, out of the table that the teller writes in the same commit
as the fact. Sent at least once, again and again until it is answered by the family's word."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import orjson
import psycopg
import urllib3

from services.sandbox_bank import store
from services.sandbox_bank.batch_family.message import signed_text
from services.sandbox_bank.database import connect
from services.sandbox_bank.faults import Faults
from services.sandbox_bank.notice_faults import NoticeFaults, Sending
from services.sandbox_bank.rows import Notice
from services.sandbox_bank.seal import Seal

_RETRY_S = (1, 5, 30, 300, 1800)
_SENDERS = 4
_AT_ONCE = 100
_IDLE_S = 1.0
_TIMEOUT = urllib3.Timeout(connect=3.0, read=10.0)

_DUE = """SELECT id, service, body, attempts, due_at, url FROM notice
WHERE due_at <= clock_timestamp() OR attempts = 0 ORDER BY attempts, id LIMIT %s"""

log = logging.getLogger(__name__)


def callback_form(
    response_type: str, service: str, platform_no: str, body: str, stamp: dict[str, str]
) -> dict[str, str]:
    """`response_type`: NOTIFY from the bank itself, CALLBACK by the member's browser."""
    return {
        "serviceName": service,
        "platformNo": platform_no,
        "responseType": response_type,
        "respData": body,
        **stamp,
    }


class Notifier:
    def __init__(
        self, url: str, notify_url: str, platform_no: str, seal: Seal, faults: Faults
    ) -> None:
        self._url = url
        self._notify_url = notify_url
        self._platform_no = platform_no
        self._seal = seal
        self._faults = NoticeFaults(faults)
        self._http = urllib3.PoolManager(maxsize=_SENDERS, retries=False, timeout=_TIMEOUT)
        self._woken = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="notices", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        self._stopping = True
        self._woken.set()
        self._thread.join(timeout=2)

    def _work(self) -> None:
        with ThreadPoolExecutor(_SENDERS, thread_name_prefix="notice") as senders:
            while not self._stopping:
                self._woken.clear()
                try:
                    with connect(self._url) as db:
                        db.autocommit = True
                        self._send_while_connected(db, senders)
                except psycopg.Error as error:
                    log.warning("callbacks wait for the database: %s", type(error).__name__)
                    self._woken.wait(_IDLE_S)

    def _send_while_connected(self, db: store.Db, senders: ThreadPoolExecutor) -> None:
        while not self._stopping:
            self._woken.clear()
            due = [Notice(*row) for row in db.execute(_DUE, (_AT_ONCE,))]
            if due:
                found = [self._faults.before(db, notice) for notice in due]
                sent = [sending for sending in found if sending is not None]
                self._settle(db, sent, list(senders.map(self._send, sent)))
            else:
                self._woken.wait(_IDLE_S)

    def _send(self, sending: Sending) -> bool:
        taken = self._send_once(sending)
        return self._send_once(sending) if taken and sending.twice else taken

    def _send_once(self, sending: Sending) -> bool:
        notice = sending.notice
        spoil = b" " if sending.forged else b""  # What is signed is not quite what is sent.
        if notice.url is not None:
            told = orjson.loads(notice.body) | {"instCode": self._platform_no}
            sign = self._seal.sign(signed_text(told) + spoil)
            text = orjson.dumps(told | {"sign": sign}).decode()
            return self._post(notice.url, {"bgData": text}, b"success")
        stamp = self._seal.stamp(notice.body.encode() + spoil)
        form = callback_form("NOTIFY", notice.service, self._platform_no, notice.body, stamp)
        return self._post(self._notify_url, form, b"SUCCESS")

    def _post(self, url: str, form: dict[str, str], taken: bytes) -> bool:
        try:
            answer = self._http.request_encode_body(
                "POST", url, fields=form, encode_multipart=False
            )
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == 200 and answer.data.strip() == taken

    def _settle(self, db: store.Db, sent: Sequence[Sending], taken: Sequence[bool]) -> None:
        done = [notice for (notice, *_), answered in zip(sent, taken, strict=True) if answered]
        with db.transaction():
            for notice in done:
                self._faults.after(db, notice)
            db.execute("DELETE FROM notice WHERE id = ANY(%s)", ([each.id for each in done],))
        now = datetime.now(UTC)
        for (notice, *_), answered in zip(sent, taken, strict=True):
            if not answered:
                wait_s = _RETRY_S[min(notice.attempts, len(_RETRY_S) - 1)]
                db.execute(
                    "UPDATE notice SET attempts = attempts + 1, due_at = %s WHERE id = %s",
                    (now + timedelta(seconds=wait_s), notice.id),
                )
