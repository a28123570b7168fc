"""What the looks at the book of a past day share: the day, and files for other programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from adapters.read_models.answers import NotInView
from adapters.read_models.as_known import AsKnown
from services.cli.failure import CliError
from services.cli.looking import Look, day


def business_day(look: Look, as_of: str | None) -> date:
    """The day that was named, or the running one."""
    if as_of is not None:
        return day(as_of, "as_of")
    days = look.views.business_days().value
    if not days:
        told = "the platform has no business date yet"
        raise CliError("not_found", told, "as_of", "open the platform first")
    return days[-1].business_date


@contextmanager
def known_on(look: Look, on: date, field: str) -> Iterator[AsKnown]:
    """The book at the close of `on`; `field` is what named that day."""
    try:
        with look.views.as_known(on) as known:
            yield known
    except NotInView:
        told = f"{field}: {on} is no business day of the books"
        raise CliError("not_on_record", told, field, "name one up to the business date") from None


def write_file(file: Path, content: bytes) -> bool:
    """True where it went to the output, which then belongs to it alone."""
    if str(file) == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return True
    try:
        file.write_bytes(content)
    except OSError as error:
        raise CliError("no_file", f"{file}: {error.strerror}", "file") from None
    return False
