"""What the proof and the mirror say of the town, and which checks say it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from services.proof.mirror import prove_mirror
from services.proof.mirror_report import MirrorReport
from services.proof.report import Report
from services.proof.verify import verify
from tests.services.proof.town import PLATFORM

NOW = datetime(2018, 4, 1, tzinfo=UTC)
BOOK_TOTAL_FEN = 4_450_000
SHORTFALL_FEN = 500
BANK_TOTAL_FEN = BOOK_TOTAL_FEN - SHORTFALL_FEN


def audit(url: str, **options: Any) -> Report:
    return verify(url, PLATFORM, bank_total_fen=BANK_TOTAL_FEN, **options)


def broken(url: str, **options: Any) -> set[str]:
    return {finding.name for finding in audit(url, **options).findings if not finding.ok}


def prove(url: str, first: date | None = None, last: date | None = None) -> MirrorReport:
    return prove_mirror(url, PLATFORM, NOW, first, last)
