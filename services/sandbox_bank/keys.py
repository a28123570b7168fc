"""Which records a request names, so that a batch can read them all ahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Kind = Literal["account", "freeze", "project", "request"]

_NAMES: dict[str, Kind] = {
    "requestNo": "request",
    "batchNo": "request",
    "platformUserNo": "account",
    "withdrawRequestNo": "request",
    "creditsaleRequestNo": "request",
    "saleRequestNo": "request",
    "projectNo": "project",
    "preTransactionNo": "freeze",
    "freezeRequestNo": "freeze",
    "originalFreezeRequestNo": "freeze",
    "sourcePlatformUserNo": "account",
    "targetPlatformUserNo": "account",
}


class Key(NamedTuple):
    kind: Kind
    no: str


def keys_in(data: Mapping[str, Any]) -> frozenset[Key]:
    keys: set[Key] = set()
    _collect(data, keys)
    return frozenset(keys)


def _collect(data: Mapping[str, Any], keys: set[Key]) -> None:
    for name, kind in _NAMES.items():
        if isinstance(no := data.get(name), str) and no:
            keys.add(Key(kind, no))
    for name in ("details", "bizDetails"):
        items = data.get(name)
        if isinstance(items, list):
            for item in items:
                if isinstance(item, Mapping):
                    _collect(item, keys)
