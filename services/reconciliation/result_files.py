"""The result of a bank day as files: the verdict, its breaks, and last the manifest.

{folder}/{date}/result.json     the DayResult
{folder}/{date}/breaks.jsonl    one break of that day a line
{folder}/{date}/manifest.json   {"files": {name: SHA-256}}: where it stands, the rest is whole
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from services.reconciliation.results import Break, DayResult


def write_result(folder: Path, result: DayResult, breaks: Iterable[Break]) -> Path:
    """Gives the manifest's path. Written anew on every run of the day."""
    day = folder / result.bank_date.isoformat()
    day.mkdir(mode=0o700, parents=True, exist_ok=True)
    manifest = day / "manifest.json"
    manifest.unlink(missing_ok=True)
    contents = {
        "result.json": _json(asdict(result)),
        "breaks.jsonl": b"".join(_json(asdict(each)) for each in breaks),
    }
    for name, content in contents.items():
        (day / name).write_bytes(content)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    unfinished = manifest.with_suffix(".part")
    unfinished.write_bytes(_json({"files": digests}))
    return unfinished.replace(manifest)


def _json(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)
