"""The one door to PostgreSQL: the embedded server, connections, databases, migrations."""

from infra.append_only import forbid_changes
from infra.data_folder import DataFolder
from infra.database import connect, ensure_database, in_schema_of
from infra.embedded_postgres import EmbeddedPostgres
from infra.errors import PostgresUnavailable
from infra.migrations import Migration, MigrationRefused, migrate

__all__ = [
    "DataFolder",
    "EmbeddedPostgres",
    "Migration",
    "MigrationRefused",
    "PostgresUnavailable",
    "connect",
    "ensure_database",
    "forbid_changes",
    "in_schema_of",
    "migrate",
]
