"""What goes wrong with notices: missing, late, twice, out of order, badly signed, contradicted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from services.sandbox_bank import store
from services.sandbox_bank.batch_family.codes import ret_code
from services.sandbox_bank.batch_family.words import WITHDRAWAL_RETURNED
from services.sandbox_bank.errors import Code
from services.sandbox_bank.faults import Faults
from services.sandbox_bank.kinds import Fault, Kind
from services.sandbox_bank.plan import injection_id
from services.sandbox_bank.rows import Notice
from services.sandbox_bank.words import refusal

_BEFORE = frozenset({Kind.NOTICE_MISSING, Kind.NOTICE_LATE, Kind.NOTICE_REORDERED})
_SENDING = frozenset({Kind.NOTICE_TWICE, Kind.NOTICE_BAD_SIGNATURE})
_AFTER = frozenset({Kind.CONTRADICTION})
_REORDERED_S = 0.05  # The next ones pass meanwhile.

_RECORD = """INSERT INTO injected (id, kind, subject, detail, bank_date, at)
SELECT %s, %s, %s, %s, (coalesce(stands_at, now()) AT TIME ZONE 'Asia/Shanghai')::date,
    coalesce(stands_at, now()) FROM bank
ON CONFLICT DO NOTHING"""


class Sending(NamedTuple):
    notice: Notice
    twice: bool = False
    forged: bool = False


class NoticeFaults:
    """Asked before a notice is sent, and once it was taken. Writes down what it injects."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def before(self, db: store.Db, notice: Notice) -> Sending | None:
        """How it is sent; None: not now, or never."""
        if notice.id < 0 or self._faults.idle:  # A contradiction has to arrive.
            return Sending(notice)
        about = _about(notice)
        if not notice.attempts and (fault := self._take(db, about, _BEFORE)):
            if fault.kind is Kind.NOTICE_MISSING:
                db.execute("DELETE FROM notice WHERE id = %s", (notice.id,))
                return None
            wait_s = fault.delay_s if fault.kind is Kind.NOTICE_LATE else _REORDERED_S
            due_at = datetime.now(UTC) + timedelta(seconds=wait_s)
            db.execute(
                "UPDATE notice SET attempts = 1, due_at = %s WHERE id = %s", (due_at, notice.id)
            )
            return None
        found = self._take(db, about, _SENDING)
        kind = found.kind if found else None
        return Sending(notice, kind is Kind.NOTICE_TWICE, kind is Kind.NOTICE_BAD_SIGNATURE)

    def after(self, db: store.Db, notice: Notice) -> None:
        """It was taken: now and then the bank says the opposite afterwards."""
        if notice.id < 0 or self._faults.idle:
            return
        opposite = _opposite(notice)
        if opposite is None or not self._take(db, _about(notice), _AFTER):
            return
        lie = replace(notice, id=-notice.id, body=orjson.dumps(opposite).decode(), attempts=0)
        store.NOTICE.write(db, [lie])

    def _take(self, db: store.Db, about: str, kinds: frozenset[Kind]) -> Fault | None:
        fault = self._faults.take("NOTICE", about, kinds)
        if fault is not None:
            row = (fault.kind.value, fault.subject)
            db.execute(_RECORD, (injection_id(*row), *row, about.partition(" ")[0]))
        return fault


def _about(notice: Notice) -> str:
    """Of a batch there are two: of its legality, and of its result."""
    told = orjson.loads(notice.body)
    no = str(told.get("requestNo") or told.get("orderId") or told.get("acqRes") or notice.id)
    return f"{no} result" if "sucCounts" in told else no


def _opposite(notice: Notice) -> Mapping[str, Any] | None:
    """A refusal of what was told to be done, for a single request."""
    told: dict[str, Any] = orjson.loads(notice.body)
    code, message = Code.REFUSED, "交易失败"
    if notice.url is None:
        if told["code"] != "0" or "withdrawRequestNo" in told:
            return None
        return refusal(code, message) | {"requestNo": told["requestNo"]}
    if told.get("state") != "S" or told["txCode"] == WITHDRAWAL_RETURNED:
        return None
    failed = {"retCode": ret_code(code), "retMsg": message, "state": "F"}
    return told | failed | {"failCode": ret_code(code), "failMsg": message}
