"""Every setting of every part, read once from the environment.

Names are the field names in capitals with the prefix `ZHUANHU_`, except `DATABASE_URL` and
`KAFKA_BOOTSTRAP_SERVERS`, which keep the names that hosting platforms hand out. Nothing else in
the project reads the environment. A secret is a `SecretStr`, so that it can't be logged by mistake.
To add a setting, add a field: its name, type, rule and meaning stand here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "ZHUANHU_"
WEEK_MS = 7 * 24 * 3600 * 1000
SERVER = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}")


class SettingsError(ValueError):
    """A setting is missing or breaks its rule; the message names the variable, never its value."""


class SignDigest(StrEnum):
    """The hash inside the bank's RSA signatures; `sha1` only for a bank that still insists."""

    SHA1 = "sha1"
    SHA256 = "sha256"


class BankFamily(StrEnum):
    """Which family of protocols the custodian speaks."""

    SERVICE = "service"
    BATCH = "batch"


class WithdrawalForm(StrEnum):
    """提现方式: whether the bank pays a withdrawal out by itself or waits for our confirmation."""

    IMMEDIATE = "immediate"
    CONFIRMED = "confirmed"


class WithdrawalType(StrEnum):
    """提现类型: on the next working day, on the same one where the bank can, or at once."""

    NORMAL = "normal"
    NORMAL_URGENT = "normal_urgent"
    URGENT = "urgent"


class KafkaProtocol(StrEnum):
    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class SaslMechanism(StrEnum):
    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


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


def _servers(listed: str) -> str:
    if not all(SERVER.fullmatch(each) for each in listed.split(",")):
        raise ValueError("must be host:port, or several parted by commas")
    return listed


PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres_url)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Servers = Annotated[str, AfterValidator(_servers)]
RetentionMs = Annotated[int, Field(ge=-1)]
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
    data_dir: Path = Field(default=Path(".data"), description="Folder of this installation.")
    cache_dir: Path = Field(
        default=Path("~/.cache/zhuanhu"),
        description="Folder that installations share: the jars of our own Kafka.",
    )
    platform: str | None = Field(
        default=None,
        pattern=r"^[a-z][a-z0-9-]{0,31}$",
        description="The platform to serve; unset means the only one there is.",
    )
    vault_key: SecretStr | None = Field(
        default=None,
        description="Key of the vault of personal data, base64; unset means the data folder's.",
    )

    blacklist_key: SecretStr | None = Field(
        default=None,
        description="Key that platforms share for their blacklists, base64; unset means no lists.",
    )
    commands_key: SecretStr | None = Field(
        default=None,
        description="Key with which the platform closes its commands for Kafka, base64.",
    )

    bank_url: HttpUrl | None = Field(
        default=None, description="Where the custodian listens; unset means the stand-in bank."
    )
    bank_family: BankFamily = Field(
        default=BankFamily.SERVICE, description="What the bank speaks: service or batch."
    )
    bank_public_key: Path | None = Field(
        default=None,
        description="PEM file of the bank's public key, or a folder of them: SERIAL.pem each.",
    )
    bank_key_serial: str = Field(
        default="1", pattern=r"^[0-9]{1,10}$", description="证书序号 of the bank's key in a file."
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
    withdrawal_type: WithdrawalType = Field(
        default=WithdrawalType.NORMAL,
        description="When a withdrawal leaves: T+1, T+0 where possible, at once (service family).",
    )
    withdrawal_form: WithdrawalForm = Field(
        default=WithdrawalForm.IMMEDIATE,
        description="confirmed: the bank holds a withdrawal until we confirm it (service family).",
    )
    bank_calls_per_s: int | None = Field(
        default=None, ge=1, description="Calls that the bank bears in a second; unset: any number."
    )
    bank_legs_per_call: int | None = Field(
        default=None, ge=1, description="Legs that it takes in one call; unset: any number."
    )
    bank_line_attempts: int = Field(
        default=9,
        ge=1,
        le=99,
        description="How often a line is ordered whose batch succeeded in part (batch family).",
    )
    callback_host: str = Field(
        default="127.0.0.1", description="Address on which the bank's notices are taken."
    )
    callback_port: Port = Field(default=8801, description="Its port; 0 picks a free one.")
    callback_url: HttpUrl | None = Field(
        default=None, description="What the bank calls it, where a request must say so."
    )

    kafka_bootstrap_servers: Servers | None = Field(
        default=None,
        validation_alias="KAFKA_BOOTSTRAP_SERVERS",
        description="host:port,...; unset means the broker of zhuanhu kafka start.",
    )
    kafka_security_protocol: KafkaProtocol = Field(
        default=KafkaProtocol.PLAINTEXT, description="How to speak with those servers."
    )
    kafka_sasl_mechanism: SaslMechanism | None = Field(
        default=None, description="How to sign in; with SASL_PLAINTEXT and SASL_SSL."
    )
    kafka_sasl_username: str | None = Field(default=None, description="Who signs in.")
    kafka_sasl_password: SecretStr | None = Field(default=None, description="With what.")
    kafka_ssl_ca: Path | None = Field(
        default=None, description="PEM file of who vouches for the servers; unset: the system's."
    )
    kafka_ssl_cert: Path | None = Field(
        default=None, description="PEM file of our certificate, where the servers ask for one."
    )
    kafka_ssl_key: Path | None = Field(default=None, description="PEM file of its key.")
    kafka_ssl_key_password: SecretStr | None = Field(
        default=None, description="What opens that file."
    )

    kafka_replication_factor: int = Field(
        default=1, ge=1, le=32, description="Brokers that hold each partition."
    )
    kafka_min_insync_replicas: int = Field(
        default=1, ge=1, le=32, description="Those that must have a message before it counts."
    )
    kafka_commands_retention_ms: RetentionMs = Field(
        default=WEEK_MS, description="How long commands are kept; -1 is for ever."
    )
    kafka_replies_retention_ms: RetentionMs = Field(
        default=WEEK_MS, description="How long replies are kept; -1 is for ever."
    )

    metrics_host: str = Field(
        default="127.0.0.1", description="Address on which a running part is watched."
    )
    metrics_port: Port | None = Field(
        default=None,
        description="Its port: /metrics, /live and /ready; 0 picks a free one, unset: none.",
    )

    calendar_file: Path | None = Field(
        default=None,
        description="Working days before the package's: JSON, as of `zhuanhu deadline --calendar`.",
    )
    log_level: LogLevel = Field(default=LogLevel.INFO, description="The least level written.")
    log_format: LogFormat = Field(default=LogFormat.JSON, description="json or console.")

    @field_validator("kafka_min_insync_replicas")
    @classmethod
    def _within_replication(cls, wanted: int, info: ValidationInfo) -> int:
        if wanted > info.data.get("kafka_replication_factor", wanted):
            raise ValueError("must not be above the replication factor: nothing could be written")
        return wanted

    def alone(self) -> Settings:
        """The same with nothing of others: embedded PostgreSQL, stand-in bank, own vault key."""
        return self.model_copy(update={"database_url": None, "bank_url": None, "vault_key": None})

    def with_own_kafka(self, address: str) -> Settings:
        """The same on a broker of our own, which asks nobody who he is."""
        security = {
            name: field.get_default()
            for name, field in type(self).model_fields.items()
            if name.startswith(("kafka_security_", "kafka_sasl_", "kafka_ssl_"))
        }
        return self.model_copy(update=security | {"kafka_bootstrap_servers": address})


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
