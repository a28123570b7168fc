"""The signed envelope that is posted, and the JSON that comes back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from adapters.custody.wire import NoAnswer, Signer, read_json

_BANK_TIME = ZoneInfo("Asia/Shanghai")


def form(
    signer: Signer,
    *,
    platform_no: str,
    key_serial: str,
    service: str,
    fields: Mapping[str, object],
    now: datetime,
) -> dict[str, str]:
    """The form to post. `timestamp` is the envelope's own: a request sent again differs in it."""
    content = orjson.dumps({**fields, "timestamp": bank_time(now)})
    return {
        "serviceName": service,
        "platformNo": platform_no,
        "reqData": content.decode(),
        "keySerial": key_serial,
        "sign": signer.sign(content),
    }


def read_object(content: bytes | str) -> dict[str, Any]:
    """The JSON object in `content`. Raises NoAnswer (`unreadable`)."""
    fields = read_json(content)
    if not isinstance(fields, dict):
        raise NoAnswer("unreadable", "not a JSON object")
    return fields


def bank_time(moment: datetime) -> str:
    """yyyyMMddHHmmss in the bank's own time."""
    return moment.astimezone(_BANK_TIME).strftime("%Y%m%d%H%M%S")
