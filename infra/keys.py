"""Keys on disk: made once, readable by their owner only, never overwritten.

RSA pairs are PEM (PKCS#8 private, SubjectPublicKeyInfo public), and so is the private Ed25519 key
of an operator. The vault key is 32 bytes, kept as one line of base64. Raises KeyUnusable, which
names the file and never shows what is in it.
"""

from __future__ import annotations

import base64
import binascii
import errno
import os
import secrets
import stat
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509 import Certificate, load_pem_x509_certificate

RSA_BITS = 2048
VAULT_KEY_BYTES = 32


class KeyUnusable(ValueError):
    """A key is missing, unreadable, of the wrong kind or too short."""


def ensure_rsa_key(private: Path, public: Path) -> RSAPrivateKey:
    """The key in `private`, made if there is none; its public half is written to `public`."""
    if not private.exists():
        key = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write_once(private, pem)
    key = load_private_key(private)
    if not public.exists():
        half = key.public_key()
        pem = half.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        _write_once(public, pem)
    if load_public_key(public) != key.public_key():
        raise KeyUnusable(f"{public}: is not the public half of {private}")
    return key


def load_private_key(path: Path) -> RSAPrivateKey:
    key = _private_key(path)
    if not isinstance(key, RSAPrivateKey) or key.key_size < RSA_BITS:
        raise KeyUnusable(f"{path}: must be an RSA key of at least {RSA_BITS} bits")
    return key


def make_signing_key(path: Path) -> Ed25519PrivateKey:
    """A new one. Raises OSError, also where a file is there already: it may be somebody's key."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if not _write_once(path, pem):
        raise FileExistsError(errno.EEXIST, "is there already", str(path))
    return key


def load_signing_key(path: Path) -> Ed25519PrivateKey:
    """Raises KeyUnusable also where others than the owner may read it."""
    key = _private_key(path)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"{path}: must be an Ed25519 key")
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyUnusable(f"{path}: others may read it: chmod 600")
    return key


def _private_key(path: Path) -> PrivateKeyTypes:
    pem = _read(path)
    try:
        return load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):  # TypeError: it wants a password.
        raise KeyUnusable(f"{path}: must be a private key in PEM without a password") from None


def load_public_key(path: Path) -> RSAPublicKey:
    pem = _read(path)
    try:
        key = load_pem_public_key(pem)
    except ValueError:
        raise KeyUnusable(f"{path}: must be a public key in PEM") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < RSA_BITS:
        raise KeyUnusable(f"{path}: must be an RSA key of at least {RSA_BITS} bits")
    return key


def load_certificate(path: Path, now: datetime) -> Certificate:
    """Of an RSA key, in force at `now`."""
    try:
        certificate = load_pem_x509_certificate(_read(path))
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise KeyUnusable(f"{path}: must be an X.509 certificate in PEM") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < RSA_BITS:
        raise KeyUnusable(f"{path}: must be of an RSA key of at least {RSA_BITS} bits")
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise KeyUnusable(
            f"{path}: is in force from {certificate.not_valid_before_utc:%Y-%m-%d}"
            f" to {certificate.not_valid_after_utc:%Y-%m-%d}"
        )
    return certificate


def load_public_keys(path: Path, serial: str) -> dict[str, RSAPublicKey]:
    """By serial: the key of `serial` in a file, or a folder's SERIAL.pem each."""
    if not path.is_dir():
        return {serial: load_public_key(path)}
    keys = {each.stem: load_public_key(each) for each in sorted(path.glob("*.pem"))}
    if not keys:
        raise KeyUnusable(f"{path}: holds no SERIAL.pem")
    return keys


def ensure_vault_key(path: Path) -> bytes:
    """The 32 bytes in `path`, made if there are none. Lose the file and the vault is lost."""
    if not path.exists():
        _write_once(path, base64.b64encode(secrets.token_bytes(VAULT_KEY_BYTES)) + b"\n")
    return parse_vault_key(_read(path).decode("ascii", errors="replace"), str(path))


def parse_vault_key(text: str, source: str = "ZHUANHU_VAULT_KEY") -> bytes:
    """The bytes of a vault key written in base64."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != VAULT_KEY_BYTES:
        raise KeyUnusable(f"{source}: must be {VAULT_KEY_BYTES} bytes in base64")
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyUnusable(f"{path}: {error.strerror}") from None


def _write_once(path: Path, content: bytes) -> bool:
    """Writes a whole file or none, for its owner only; a file already there stays as it is, and
    the answer is False."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)  # Unlike a rename, never in place of another.
    except FileExistsError:
        return False  # Another process was faster: its key counts.
    finally:
        draft.unlink(missing_ok=True)
    return True
