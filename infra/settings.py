"""Every setting of every part, read once from the environment.

Names are the field names in capitals with the prefix `ZHUANHU_`, except `DATABASE_URL` and
`KAFKA_BOOTSTRAP_SERVERS`, which keep the names that hosting platforms hand out. Nothing else in
the project reads the environment. A secret is a `SecretStr`, so that it can't be logged by mistake.
To add a setting, add a field: its name, type, rule and meaning stand here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "ZHUANHU_"


class SettingsError(ValueError):
    """A setting is missing or breaks its rule; the message names the variable, never its value."""


class SignDigest(StrEnum):
    """The hash inside the bank's RSA signatures; `sha1` only for a bank that still insists."""

    SHA1 = "sha1"
    SHA256 = "sha256"


class LogFormat(StrEnum):
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _postgres_url(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql://")
    return secret


def _http_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return url.rstrip("/")


PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres_url)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """What may be set from outside; the defaults run everything on one machine."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore", populate_by_name=True
    )

    database_url: PostgresUrl | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="An external PostgreSQL; unset means the embedded one in the data folder.",
    )
    kafka_bootstrap_servers: str | None = Field(
        default=None,
        validation_alias="KAFKA_BOOTSTRAP_SERVERS",
        description="host:port,...; taken and not used yet: the parts read the event log itself.",
    )
    data_dir: Path = Field(default=Path(".data"), description="Folder of this installation.")
    platform: str | None = Field(
        default=None,
        pattern=r"^[a-z][a-z0-9-]{0,31}$",
        description="The platform to serve; unset means the only one there is.",
    )
    vault_key: SecretStr | None = Field(
        default=None,
        description="Key of the vault of personal data, base64; unset means the data folder's.",
    )

    bank_url: HttpUrl | None = Field(
        default=None, description="Where the custodian listens; unset means the stand-in bank."
    )
    bank_public_key: Path | None = Field(
        default=None, description="PEM file of the bank's public key."
    )
    platform_no: str | None = Field(
        default=None, min_length=1, max_length=50, description="平台编号: our number at the bank."
    )
    platform_private_key: Path | None = Field(
        default=None, description="PEM file of the key that signs our requests."
    )
    key_serial: str = Field(
        default="1", pattern=r"^[0-9]{1,10}$", description="证书序号 of our key at the bank."
    )
    sign_digest: SignDigest = Field(default=SignDigest.SHA256, description="Hash in signatures.")
    bank_timeout_ms: int = Field(
        default=10_000, ge=100, le=120_000, description="How long one call to the bank may take."
    )
    callback_host: str = Field(
        default="127.0.0.1", description="Address on which the bank's notices are taken."
    )
    callback_port: Port = Field(default=8801, description="Its port; 0 picks a free one.")

    log_level: LogLevel = Field(default=LogLevel.INFO, description="The least level written.")
    log_format: LogFormat = Field(default=LogFormat.JSON, description="json or console.")

    def alone(self) -> Settings:
        """The same with nothing of others: embedded PostgreSQL, stand-in bank, own vault key."""
        return self.model_copy(update={"database_url": None, "bank_url": None, "vault_key": None})


def load_settings() -> Settings:
    """The settings of this process. Raises SettingsError that names every wrong variable."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("; ".join(map(_explain, error.errors()))) from None


def variable_of(field: str) -> str:
    """The environment variable that sets `field`."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else (PREFIX + field).upper()


def known_variables() -> Iterator[str]:
    return map(variable_of, Settings.model_fields)


def _explain(error: ErrorDetails) -> str:
    # The input is left out on purpose: it may be a secret.
    place = str(error["loc"][0])
    name = variable_of(place) if place in Settings.model_fields else place
    return f"{name}: {error['msg'].removeprefix('Value error, ')}"
