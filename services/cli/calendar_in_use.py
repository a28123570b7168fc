"""By which working days deadlines are counted here."""

from __future__ import annotations

from adapters.working_days import working_days
from domain.working_days import WorkingDays
from infra.settings import load_settings
from services.cli.calculator_inputs import CalendarIn
from services.cli.reading import read_input


def calendar_in_use() -> WorkingDays:
    """The package's, and before it those of ZHUANHU_CALENDAR_FILE. Raises CliError."""
    file = load_settings().calendar_file
    return working_days(None if file is None else read_input(str(file), CalendarIn).overlay())
