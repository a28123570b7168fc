"""The working days that deadlines are counted by may be corrected by a file."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from adapters.working_days import working_days
from services.cli.calendar_in_use import calendar_in_use
from services.cli.errors import CliError

YEAR = {"name": "house-2098", "years": [2098], "holidays": ["2098-01-02"], "made_up": []}


def test_the_packages_unless_a_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZHUANHU_CALENDAR_FILE", raising=False)
    assert calendar_in_use() == working_days()
    file = tmp_path / "calendar.json"
    file.write_text(json.dumps(YEAR))
    monkeypatch.setenv("ZHUANHU_CALENDAR_FILE", str(file))
    known = calendar_in_use()
    assert "+house-2098-" in known.version
    assert known.deadline(date(2098, 1, 1), 1) == date(2098, 1, 3)
    file.write_text("{}")
    with pytest.raises(CliError, match="name"):
        calendar_in_use()
