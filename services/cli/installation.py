"""What one data folder holds: its description, its keys, its databases."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import SecretStr

from adapters.vault import Seal, commands_key_of
from infra.keys import (
    VAULT_KEY_BYTES,
    ensure_rsa_key,
    ensure_vault_key,
    load_public_key,
    parse_vault_key,
)
from infra.settings import Settings, load_settings
from services.cli.errors import CliError

FILE = "installation.json"
DATABASE = "zhuanhu"
BANK_DATABASE = "sandbox_bank"


@dataclass(frozen=True, slots=True)
class Installation:
    """`starts_at`: the instant (ISO, with offset) at which simulated time begins; afterwards it is
    the stand-in bank's clock, moved by hand. None: time is the machine's. `bank_family`: what the
    bank speaks; None: as the settings say."""

    platform: str
    platform_no: str
    starts_at: str | None = None
    bank_family: str | None = None

    @property
    def simulated(self) -> bool:
        return self.starts_at is not None

    def settings(self) -> Settings:
        """Simulated time is the stand-in bank's: such an installation uses nothing of others."""
        settings = load_settings()
        return settings.alone() if self.simulated else settings

    def seal(self, data: Path) -> Seal:
        """With the vault key that was set, else the data folder's, made where missing."""
        settings = self.settings()
        vault_key = _key(settings.vault_key, "ZHUANHU_VAULT_KEY")
        return Seal(
            vault_key or ensure_vault_key(Keys(data / "keys").vault),
            _key(settings.blacklist_key, "ZHUANHU_BLACKLIST_KEY"),
            _key(settings.commands_key, "ZHUANHU_COMMANDS_KEY"),
        )

    def save(self, data: Path) -> None:
        """Whole or not at all: other parts may look for it already."""
        draft = data / f"{FILE}.new"
        draft.write_bytes(orjson.dumps(asdict(self)))
        draft.replace(data / FILE)

    @classmethod
    def load(cls, data: Path) -> Installation:
        """Raises CliError for a folder that holds none."""
        try:
            return cls(**orjson.loads((data / FILE).read_bytes()))
        except FileNotFoundError:
            raise CliError(
                "no_installation",
                f"{data} holds no zhuanhu",
                "data",
                "make one with: zhuanhu up --data DIR, or zhuanhu demo --keep",
            ) from None


@dataclass(frozen=True, slots=True)
class Keys:
    """Paths under `<data>/keys`, made when missing."""

    folder: Path

    @property
    def platform_private(self) -> Path:
        return self.folder / "platform_private.pem"

    @property
    def bank_public(self) -> Path:
        return self.folder / "bank_public.pem"

    def bank_publics(self) -> dict[str, RSAPublicKey]:
        """The stand-in bank's by serial: the first, and those that it announced since."""
        later = sorted(self.folder.glob("bank_public.*.pem"))
        serials = {path.name.split(".")[1]: load_public_key(path) for path in later}
        return {"1": load_public_key(self.bank_public)} | serials

    @property
    def vault(self) -> Path:
        return self.folder / "vault.key"

    def ensure_pairs(self) -> None:
        """Makes the platform's and the stand-in bank's key pair where missing."""
        ensure_rsa_key(self.platform_private, self.folder / "platform_public.pem")
        ensure_rsa_key(self.folder / "bank_private.pem", self.bank_public)

    def seed_vault(self, seed: int) -> None:
        """A vault key that follows from a seed: the events of a trial book must be repeatable."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = hashlib.blake2b(f"seed {seed}".encode(), digest_size=VAULT_KEY_BYTES).digest()
        self.vault.write_bytes(base64.b64encode(key))
        self.vault.chmod(0o600)


def commands_key(settings: Settings, data: Path) -> bytes | None:
    """With which commands for Kafka's topic are closed: the one that was set, else one made of the
    vault's key, as the writer's is. None where neither is known here. Raises KeyUnusable."""
    given = _key(settings.commands_key, "ZHUANHU_COMMANDS_KEY")
    vault_key = _key(settings.vault_key, "ZHUANHU_VAULT_KEY")
    kept = Keys(data / "keys").vault
    if vault_key is None and kept.exists():
        vault_key = ensure_vault_key(kept)
    return given or (vault_key and commands_key_of(vault_key))


def _key(given: SecretStr | None, name: str) -> bytes | None:
    """Raises as `parse_vault_key`."""
    return None if given is None else parse_vault_key(given.get_secret_value(), name)
