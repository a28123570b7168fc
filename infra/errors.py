"""What can go wrong with what zhuanhu runs on, each with what to do about it.

PartUnavailable
├── PostgresUnavailable
│   ├── DataFolderInUse
│   ├── DataFolderUnwritable
│   └── NoSpaceLeft
└── KafkaUnavailable
    └── KafkaNotInstalled
"""

from __future__ import annotations


class PartUnavailable(RuntimeError):
    """`hint` says what to do; neither text holds a password."""

    code = ""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.args[0]}. {self.hint}"


class PostgresUnavailable(PartUnavailable):
    """No usable PostgreSQL."""

    code = "postgres_unavailable"


class DataFolderInUse(PostgresUnavailable):
    """Another zhuanhu runs on this data folder."""

    code = "data_folder_in_use"


class DataFolderUnwritable(PostgresUnavailable):
    """The data folder can't be made or written to by this user."""

    code = "data_folder_unwritable"


class NoSpaceLeft(PostgresUnavailable):
    """The disk under the data folder is full, or nearly."""

    code = "no_space_left"


class KafkaUnavailable(PartUnavailable):
    """No usable Kafka: it does not start, does not answer, or refuses who calls."""

    code = "kafka_unavailable"


class KafkaNotInstalled(KafkaUnavailable):
    """No broker is named, and what one of our own needs is missing."""

    code = "kafka_not_installed"
