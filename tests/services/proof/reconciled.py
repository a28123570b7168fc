"""The town, every closed day of which was reconciled: for a forger to change."""

from __future__ import annotations

import json
from typing import Any

from domain.platform import BusinessDateRolled
from infra.postgres import connect, migrate
from services.reconciliation.schema import MIGRATIONS as RECONCILIATION
from services.reconciliation.schema import reconciliation_schema
from tests.services.proof.forger import Forger
from tests.services.proof.town import PLATFORM


def reconcile(url: str) -> Forger:
    with connect(url, autocommit=True) as connection:
        migrate(connection, reconciliation_schema(PLATFORM), RECONCILIATION)
    forger = Forger(url)
    for line in forger.lines:
        if line.topic == BusinessDateRolled.TOPIC:
            forger.run(
                "INSERT INTO {reconciliation}.day SELECT (jsonb_populate_record("
                "NULL::{reconciliation}.day, %s::jsonb)).*",
                json.dumps(_day(line.data["closed"])),
            )
    return forger


def _day(on: str) -> dict[str, Any]:
    counts = ("lines", "matched", "accounts", "pending", "taken_in", "timing", "breaks", "position")
    return {
        "bank_date": on,
        "verdict": "reconciled",
        "reason": "",
        "digest": "",
        "reconciled_at": "2018-01-02T00:00:00Z",
        "confirm_code": "",
    } | dict.fromkeys(counts, 0)
