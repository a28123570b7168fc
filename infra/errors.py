"""What can go wrong with the database and the data folder, each with what to do about it.

PostgresUnavailable
├── DataFolderInUse
├── DataFolderUnwritable
└── NoSpaceLeft
"""

from __future__ import annotations


class PostgresUnavailable(RuntimeError):
    """No usable PostgreSQL. `hint` says what to do; neither text holds a password."""

    code = "postgres_unavailable"

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.args[0]}. {self.hint}"


class DataFolderInUse(PostgresUnavailable):
    """Another zhuanhu runs on this data folder."""

    code = "data_folder_in_use"


class DataFolderUnwritable(PostgresUnavailable):
    """The data folder can't be made or written to by this user."""

    code = "data_folder_unwritable"


class NoSpaceLeft(PostgresUnavailable):
    """The disk under the data folder is full, or nearly."""

    code = "no_space_left"
