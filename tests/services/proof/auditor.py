"""What the proof says of the town, and which checks it says it of."""

from __future__ import annotations

from typing import Any

from services.proof.report import Report
from services.proof.verify import verify
from tests.services.proof.town import PLATFORM

BOOK_TOTAL_FEN = 4_450_000
SHORTFALL_FEN = 500
BANK_TOTAL_FEN = BOOK_TOTAL_FEN - SHORTFALL_FEN


def audit(url: str, **options: Any) -> Report:
    return verify(url, PLATFORM, bank_total_fen=BANK_TOTAL_FEN, **options)


def broken(url: str, **options: Any) -> set[str]:
    return {finding.name for finding in audit(url, **options).findings if not finding.ok}
