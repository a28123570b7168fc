"""RSA signatures of the protocol: base64 over the exact text, PKCS#1 v1.5, SHA-256 or SHA-1."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Digest = Literal["sha256", "sha1"]

_BITS = 2048
_MIN_BITS = 2048


class BadKey(Exception):
    """A key file is missing, unreadable or no RSA key of 2048 bits or more."""


class Seal:
    """Signs as the bank, verifies the platform."""

    def __init__(self, own: rsa.RSAPrivateKey, platform: rsa.RSAPublicKey, digest: Digest) -> None:
        self._own = own
        self._platform = platform
        self._padding = padding.PKCS1v15()
        # SHA-1 is the published protocol's; the setting exists for platforms that still use it.
        self._hash = hashes.SHA256() if digest == "sha256" else hashes.SHA1()  # noqa: S303

    def sign(self, body: bytes) -> str:
        return base64.b64encode(self._own.sign(body, self._padding, self._hash)).decode()

    def genuine(self, body: bytes, sign: str) -> bool:
        try:
            signature = base64.b64decode(sign, validate=True)
            self._platform.verify(signature, body, self._padding, self._hash)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def own_key(folder: Path) -> rsa.RSAPrivateKey:
    """The bank's key out of `bank_private.pem`; made, with `bank_public.pem`, where missing."""
    path = folder / "bank_private.pem"
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _make(path)
    except OSError as error:
        raise BadKey(f"{folder} cannot be written to: {error.strerror}") from error
    key = _read(path, lambda data: serialization.load_pem_private_key(data, None))
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _MIN_BITS:
        raise BadKey(f"{path} is not an RSA key of {_MIN_BITS} bits or more")
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    shown = folder / "bank_public.pem"
    if not shown.exists() or shown.read_bytes() != public:
        shown.write_bytes(public)
    return key


def platform_key(path: Path) -> rsa.RSAPublicKey:
    key = _read(path, serialization.load_pem_public_key)
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _MIN_BITS:
        raise BadKey(f"{path} is not an RSA key of {_MIN_BITS} bits or more")
    return key


def _make(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # Written aside and renamed: a start that is cut short leaves no half key.
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def _read(path: Path, load: Callable[[bytes], object]) -> object:
    try:
        return load(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise BadKey(f"{path} cannot be read as a key: {type(error).__name__}") from error
