"""Which records a request names, so that a batch can read them all ahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES = (
    "requestNo",
    "batchNo",
    "platformUserNo",
    "projectNo",
    "preTransactionNo",
    "freezeRequestNo",
    "sourcePlatformUserNo",
    "targetPlatformUserNo",
)


def keys_in(data: Mapping[str, Any]) -> frozenset[str]:
    keys: set[str] = set()
    _collect(data, keys)
    return frozenset(keys)


def _collect(data: Mapping[str, Any], keys: set[str]) -> None:
    keys.update(value for name in _NAMES if isinstance(value := data.get(name), str) and value)
    for name in ("details", "bizDetails"):
        items = data.get(name)
        if isinstance(items, list):
            for item in items:
                if isinstance(item, Mapping):
                    _collect(item, keys)
