"""Which bank an installation has: the one that ZHUANHU_BANK_URL names, else the stand-in bank as a
process of its own, on the embedded PostgreSQL.

To add a custodian is to make another `domain.ports.Custodian`, and a line in `FAMILIES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from adapters.custody.batch_family import channel as batch_channel
from adapters.custody.batch_family import notices as batch_notices
from adapters.custody.batch_family.client import BatchFamilyBank
from adapters.custody.batch_family.requests import Choices
from adapters.custody.service_family import calls
from adapters.custody.service_family import channel as service_channel
from adapters.custody.service_family import notices as service_notices
from adapters.custody.service_family.client import ServiceFamilyBank
from adapters.custody.service_family.words import WithdrawType
from adapters.custody.wire import Signer
from domain.ports import Custodian
from infra.clock import Clock
from infra.keys import load_private_key, load_public_keys
from infra.postgres import EmbeddedPostgres
from infra.settings import BankFamily, Settings, SettingsError, variable_of
from services.cli.bank_process import BankControl, sandbox_bank
from services.cli.installation import BANK_DATABASE, Keys
from services.cli.opening import Place
from services.custody.gate import UNLIMITED, Limits
from services.custody.notices import listening

LOCAL = "127.0.0.1"

Receive = Callable[[Mapping[str, str]], None]


class Connection(Custodian, Protocol):
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank that can be called, and that calls `notify_url`: None where that is agreed without us.
    Only a stand-in can be controlled."""

    family: BankFamily
    url: str
    platform_no: str
    signer: Signer
    notify_url: str | None
    settings: Settings
    control: BankControl | None
    limits: Limits = UNLIMITED

    def connected(self, clock: Clock) -> Connection:
        return FAMILIES[self.family].connect(self, clock)


@dataclass(frozen=True, slots=True)
class Family:
    """`word`: what its notices are answered with."""

    connect: Callable[[Bank, Clock], Connection]
    word: str


def _service(bank: Bank, clock: Clock) -> Connection:
    link = service_channel.Link(
        bank.url,
        bank.platform_no,
        bank.settings.key_serial,
        read_timeout_ms=bank.settings.bank_timeout_ms,
    )
    choices = calls.Choices(
        withdraw_type=WithdrawType(bank.settings.withdrawal_type.upper()),
        withdraw_form=bank.settings.withdrawal_form.upper(),
    )
    return ServiceFamilyBank(link, bank.signer, clock, choices)


def _batch(bank: Bank, clock: Clock) -> Connection:
    if bank.notify_url is None:
        raise SettingsError(f"{variable_of('callback_url')}: must be set for a bank of this family")
    link = batch_channel.Link(
        bank.url, bank.platform_no, read_timeout_ms=bank.settings.bank_timeout_ms
    )
    choices = Choices(bank.notify_url, line_attempts=bank.settings.bank_line_attempts)
    return BatchFamilyBank(link, bank.signer, clock, choices)


FAMILIES = {
    BankFamily.SERVICE: Family(_service, service_notices.TAKEN),
    BankFamily.BATCH: Family(_batch, batch_notices.TAKEN),
}


@contextmanager
def bank_of(
    place: Place, receive: Receive, *, bank_port: int, callback_port: int
) -> Iterator[Bank]:
    """The installation's bank while the block lasts; its notices go to `receive`. The ports are
    those of a stand-in. Raises SettingsError, KeyUnusable, CliError."""
    settings = place.installation.settings()
    family = BankFamily(place.installation.bank_family or settings.bank_family)
    number, word = place.installation.platform_no, FAMILIES[family].word
    if settings.bank_url is not None:
        taken = listening(settings.callback_host, settings.callback_port, receive, word)
        with taken:
            called, signer, limits = settings.callback_url, _signer(settings), _limits(settings)
            url = settings.bank_url
            yield Bank(family, url, number, signer, called, settings, None, limits)
        return
    keys = Keys(place.data / "keys")
    keys.ensure_pairs()
    with (
        EmbeddedPostgres(place.data) as server,
        listening(LOCAL, callback_port, receive, word) as (host, port),
        sandbox_bank(
            server.ensure_database(BANK_DATABASE),
            place.data,
            number,
            f"http://{host}:{port}/",
            bank_port,
        ) as control,
    ):
        own, banks = load_private_key(keys.platform_private), keys.bank_publics()
        called, signer = f"http://{host}:{port}/", Signer(own, banks)
        limits = _limits(settings)
        yield Bank(family, control.url, number, signer, called, settings, control, limits)


def _limits(settings: Settings) -> Limits:
    return Limits(settings.bank_calls_per_s, settings.bank_legs_per_call)


def _signer(settings: Settings) -> Signer:
    return Signer(
        load_private_key(_needed(settings, "platform_private_key")),
        load_public_keys(_needed(settings, "bank_public_key"), settings.bank_key_serial),
        settings.sign_digest,
    )


def _needed(settings: Settings, field: str) -> Path:
    path: Path | None = getattr(settings, field)
    if path is None:
        raise SettingsError(f"{variable_of(field)}: must be set where {variable_of('bank_url')} is")
    return path
