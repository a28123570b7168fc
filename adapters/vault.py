"""Personal data (个人信息), encrypted at rest. The rest of the system holds references only.

Each reference has a key of its own, wrapped by the master key: to erase a person is to throw that
key away, and neither the events nor their hashes change.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import NamedTuple

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import sql

from infra.postgres import connect

NONCE_BYTES = 12
# How a closed message begins, as no JSON does: by the master key, or by the commands key.
_CLOSED, _CLOSED_BY_PLATFORM = b"\x01", b"\x02"


class VaultUnreadable(Exception):
    """The reference is unknown or erased, or the master key is another one."""


class VaultKeyOther(Exception):
    """The platform's book is sealed with another vault key than the one given here."""


class Erased(VaultUnreadable):
    """The reference's own key was thrown away."""


class Sealed(NamedTuple):
    ref: str
    wrapped_key: bytes
    content: bytes


def commands_key_of(master_key: bytes) -> bytes:
    """With which commands are closed for Kafka's topic where no key was agreed on for that."""
    return hashlib.blake2b(b"zhuanhu commands", key=master_key, digest_size=32).digest()


class Seal:
    """Encrypts and recognises personal data; holds the master key, where there is one the key that
    platforms share for their blacklists, and the one with which they close commands."""

    def __init__(
        self,
        master_key: bytes,
        list_key: bytes | None = None,
        commands_key: bytes | None = None,
    ) -> None:
        self._master = AESGCM(master_key)
        self._list_key = list_key
        self._digest_key = hashlib.blake2b(b"zhuanhu digest", key=master_key).digest()
        message_key = hashlib.blake2b(b"zhuanhu message", key=master_key, digest_size=32)
        self._messages = {
            _CLOSED: AESGCM(message_key.digest()),
            _CLOSED_BY_PLATFORM: AESGCM(commands_key or commands_key_of(master_key)),
        }

    def close(self, ref: str, fields: Mapping[str, str]) -> Sealed:
        key = AESGCM.generate_key(bit_length=256)
        name = ref.encode()
        return Sealed(
            ref,
            _encrypt(self._master, key, name),
            _encrypt(AESGCM(key), orjson.dumps(dict(fields)), name),
        )

    def open(self, sealed: Sealed) -> dict[str, str]:
        """Raises Erased, VaultUnreadable."""
        name = sealed.ref.encode()
        if not sealed.wrapped_key:
            raise Erased(f"what was kept under {sealed.ref} is erased")
        try:
            key = _decrypt(self._master, sealed.wrapped_key, name)
            fields: dict[str, str] = orjson.loads(_decrypt(AESGCM(key), sealed.content, name))
        except (InvalidTag, ValueError):  # ValueError: too short to be of ours.
            raise VaultUnreadable(f"{sealed.ref} does not open with this master key") from None
        return fields

    def close_message(self, message: bytes) -> bytes:
        """A command while it waits for the writer."""
        return _CLOSED + _encrypt(self._messages[_CLOSED], message, _CLOSED)

    def open_message(self, message: bytes) -> bytes:
        """A command that was closed, here or by a platform (adapters/kafka/publisher.py); any other
        message as it is. Raises VaultUnreadable."""
        by, closed = message[:1], message[1:]
        key = self._messages.get(by)
        if key is None:
            return message
        try:
            return _decrypt(key, closed, by)
        except (InvalidTag, ValueError):
            raise VaultUnreadable("the message is closed with another key") from None

    def digest(self, text: str) -> str:
        """Equal for equal text, and useless without the master key."""
        return hmac.new(self._digest_key, text.encode(), hashlib.sha256).hexdigest()

    @property
    def key_check(self) -> bytes:
        """By which the master key is known again; it tells nothing of the key."""
        return hashlib.blake2b(b"zhuanhu vault key", key=self._digest_key, digest_size=16).digest()

    @property
    def list_key_id(self) -> str | None:
        """Which key the platforms share; it tells nothing of the key. None where none is set."""
        if self._list_key is None:
            return None
        return hashlib.sha256(b"zhuanhu list key" + self._list_key).hexdigest()[:16]

    def list_digest(self, id_no: str) -> str | None:
        """Equal for the same person on every platform that has the shared key, and useless without
        it. None where none is set."""
        if self._list_key is None:
            return None
        return hmac.new(self._list_key, id_no.encode(), hashlib.sha256).hexdigest()

    def payload_hash(self, payload: bytes) -> bytes:
        """Keyed, because a payload may hold personal data that could be guessed from a hash."""
        return hashlib.blake2b(payload, key=self._digest_key, digest_size=32).digest()


def hold_to_key(url: str, schema: str, seal: Seal) -> None:
    """A book has one vault key, which it is told when it is first opened: with another one its
    writer would take each repeated command for a new payload, and seal what nobody else can open.
    Raises VaultKeyOther."""
    shard = sql.SQL("{}.shard").format(sql.Identifier(schema))
    with connect(url, autocommit=True) as connection:
        asked = sql.SQL("SELECT vault_key FROM ") + shard
        [known] = connection.execute(asked).fetchone() or (None,)
        if known is None:
            told = sql.SQL(
                "UPDATE {} SET vault_key = coalesce(vault_key, %s) RETURNING vault_key"
            ).format(shard)
            [known] = connection.execute(told, (seal.key_check,)).fetchone() or (None,)
    if known != seal.key_check:
        raise VaultKeyOther("the vault key that is set here is not the one of the platform's book")


class Vault:
    """Reads what the writer stored. One connection."""

    def __init__(self, url: str, schema: str, seal: Seal) -> None:
        self._connection = connect(url, autocommit=True, by_key=True)
        self._query = sql.SQL("SELECT wrapped_key, content FROM {}.vault WHERE ref = %s").format(
            sql.Identifier(schema)
        )
        self._seal = seal

    def open(self, ref: str) -> dict[str, str]:
        """The fields under a reference. Raises Erased, VaultUnreadable."""
        row = self._connection.execute(self._query, (ref,)).fetchone()
        if row is None:
            raise VaultUnreadable(f"nothing is kept under {ref}")
        return self._seal.open(Sealed(ref, *row))

    def close(self) -> None:
        self._connection.close()


def _encrypt(cipher: AESGCM, text: bytes, name: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, text, name)


def _decrypt(cipher: AESGCM, sealed: bytes, name: bytes) -> bytes:
    return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name)
