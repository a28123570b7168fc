"""The folder with all that one installation keeps, and the lock that lets one run at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.errors import DataFolderInUse, DataFolderUnwritable, NoSpaceLeft

MIN_FREE_BYTES = 256 * 1024 * 1024


class DataFolder:
    """A data folder at `path`, made when first used. Readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()

    def prepare(self, min_free_bytes: int = MIN_FREE_BYTES) -> Path:
        """Makes the folder if need be, and checks that it can be worked in.

        Raises DataFolderUnwritable or NoSpaceLeft.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self.path / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise DataFolderUnwritable(
                f"the data folder {self.path} is not writable: {error.strerror}",
                "Give this user the right to write there, or name another folder"
                " (ZHUANHU_DATA_DIR or --data).",
            ) from error
        free_bytes = shutil.disk_usage(self.path).free
        if free_bytes < min_free_bytes:
            raise NoSpaceLeft(
                f"only {free_bytes >> 20} MiB are free under {self.path},"
                f" {min_free_bytes >> 20} MiB are needed",
                "Free some space, or name a data folder on another disk.",
            )
        return self.path

    @contextmanager
    def acquire(self) -> Iterator[Path]:
        """Holds the folder for this process alone; the kernel lets go when the process ends.

        Raises DataFolderInUse if another process holds it, and what `prepare` raises.
        """
        self.prepare()
        with (self.path / "lock").open("a+", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise DataFolderInUse(
                    f"the data folder {self.path} is in use by process {lock.read().strip()}",
                    "Stop that process first, or name another data folder.",
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield self.path
