"""What an installation is, as it lies in its folder."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from services.cli.errors import CliError
from services.cli.installation import Installation


def test_it_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """Other parts may look for it while it is written, and whoever writes it may be killed."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, limits[1]))  # As on a disk that is full.
    try:
        with pytest.raises(OSError, match="File too large"):
            Installation("p1", "P1").save(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    with pytest.raises(CliError, match="holds no zhuanhu"):
        Installation.load(tmp_path)
    Installation("p1", "P1").save(tmp_path)
    assert Installation.load(tmp_path).platform == "p1"
