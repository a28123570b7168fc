"""One process at a time on a data folder; a folder that can't be used says why and what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra.data_folder import DataFolder
from infra.errors import DataFolderInUse, DataFolderUnwritable, NoSpaceLeft

HOLD = """
import sys
from pathlib import Path
from infra.data_folder import DataFolder
with DataFolder(Path(sys.argv[1])).acquire():
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the folder until its input closes or it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_holder_is_told_who_has_it(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        with (
            pytest.raises(DataFolderInUse, match=f"in use by process {other.pid}. Stop that"),
            DataFolder(tmp_path).acquire(),
        ):
            pass
        other.kill()


def test_a_killed_holder_leaves_the_folder_free(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        other.kill()
    with DataFolder(tmp_path).acquire() as folder:
        assert folder == tmp_path


def test_a_refused_holder_leaves_the_first_ones_mark(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        for _ in range(2):
            with (
                pytest.raises(DataFolderInUse, match=str(other.pid)),
                DataFolder(tmp_path).acquire(),
            ):
                pass
        other.kill()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataFolderUnwritable, match="file/data is not writable: Not a directory"):
        DataFolder(tmp_path / "file" / "data").prepare()


def test_a_nearly_full_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoSpaceLeft, match="Free some space"):
        DataFolder(tmp_path).prepare(min_free_bytes=1 << 60)


def test_only_its_owner_may_look_into_a_data_folder(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "new").prepare()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.iterdir()) == []
