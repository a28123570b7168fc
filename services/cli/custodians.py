"""Which bank an installation has: the one that ZHUANHU_BANK_URL names, else the stand-in bank as a
process of its own, on the embedded PostgreSQL.

To add a custodian is to make another `domain.ports.Custodian` in `connected`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.custody.service_family.channel import Link
from adapters.custody.service_family.client import ServiceFamilyBank
from adapters.custody.service_family.envelope import Signer
from infra.clock import Clock
from infra.keys import load_private_key, load_public_key
from infra.postgres import EmbeddedPostgres
from infra.settings import Settings, SettingsError, variable_of
from services.cli.bank_process import BankControl, sandbox_bank
from services.cli.installation import BANK_DATABASE, Keys
from services.cli.opening import Place
from services.custody.gate import UNLIMITED, Limits
from services.custody.notices import listening

LOCAL = "127.0.0.1"

Receive = Callable[[Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank that can be called, and that calls. Only a stand-in can be controlled."""

    link: Link
    signer: Signer
    control: BankControl | None
    limits: Limits = UNLIMITED

    def connected(self, clock: Clock) -> ServiceFamilyBank:
        return ServiceFamilyBank(self.link, self.signer, clock)


@contextmanager
def bank_of(
    place: Place, receive: Receive, *, bank_port: int, callback_port: int
) -> Iterator[Bank]:
    """The installation's bank while the block lasts; its notices go to `receive`. The ports are
    those of a stand-in. Raises SettingsError, KeyUnusable, CliError."""
    settings = place.installation.settings()
    if settings.bank_url is not None:
        signer, link = _signer(settings), _link(place, settings, settings.bank_url)
        with listening(settings.callback_host, settings.callback_port, receive):
            yield Bank(link, signer, None, _limits(settings))
        return
    keys = Keys(place.data / "keys")
    keys.ensure_pairs()
    number = place.installation.platform_no
    with (
        EmbeddedPostgres(place.data) as server,
        listening(LOCAL, callback_port, receive) as (host, port),
        sandbox_bank(
            server.ensure_database(BANK_DATABASE),
            place.data,
            number,
            f"http://{host}:{port}/",
            bank_port,
        ) as control,
    ):
        own, banks = load_private_key(keys.platform_private), load_public_key(keys.bank_public)
        yield Bank(Link(control.url, number), Signer(own, banks), control, _limits(settings))


def _limits(settings: Settings) -> Limits:
    return Limits(settings.bank_calls_per_s, settings.bank_legs_per_call)


def _link(place: Place, settings: Settings, url: str) -> Link:
    return Link(
        url,
        place.installation.platform_no,
        settings.key_serial,
        read_timeout_ms=settings.bank_timeout_ms,
    )


def _signer(settings: Settings) -> Signer:
    return Signer(
        load_private_key(_needed(settings, "platform_private_key")),
        load_public_key(_needed(settings, "bank_public_key")),
        settings.sign_digest,
    )


def _needed(settings: Settings, field: str) -> Path:
    path: Path | None = getattr(settings, field)
    if path is None:
        raise SettingsError(f"{variable_of(field)}: must be set where {variable_of('bank_url')} is")
    return path
