"""RSA signatures of the protocol: base64 over the exact text, PKCS#1 v1.5, SHA-256 or SHA-1."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Mapping
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
    """Signs as the bank, verifies the platform, whose keys are known by serial (证书序号). The own
    key may change while the bank runs. Safe to use from several threads."""

    def __init__(
        self,
        serial: str,
        own: rsa.RSAPrivateKey,
        platform: Mapping[str, rsa.RSAPublicKey],
        digest: Digest,
    ) -> None:
        self._own = serial, own
        self._platform = dict(platform)
        self._padding = padding.PKCS1v15()
        # SHA-1 is the published protocol's; the setting exists for platforms that still use it.
        self._hash = hashes.SHA256() if digest == "sha256" else hashes.SHA1()  # noqa: S303

    def rotate(self, serial: str, own: rsa.RSAPrivateKey) -> None:
        self._own = serial, own

    def sign(self, body: bytes) -> str:
        return self.stamp(body)["sign"]

    def stamp(self, body: bytes) -> dict[str, str]:
        """The signature, and the serial of the key that it is made with."""
        serial, own = self._own
        signature = own.sign(body, self._padding, self._hash)
        return {"keySerial": serial, "sign": base64.b64encode(signature).decode()}

    def genuine(self, body: bytes, sign: str, serial: str | None = None) -> bool:
        """By the key that `serial` names, by any of them where none is named."""
        named = [key for each, key in self._platform.items() if serial in (None, each)]
        return any(self._fits(key, body, sign) for key in named)

    def _fits(self, key: rsa.RSAPublicKey, body: bytes, sign: str) -> bool:
        try:
            signature = base64.b64decode(sign, validate=True)
            key.verify(signature, body, self._padding, self._hash)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def own_key(folder: Path, mark: str = "") -> rsa.RSAPrivateKey:
    """The bank's key out of `bank_private.pem`; made, with `bank_public.pem`, where missing. Its
    other keys have `.SERIAL` for a mark before `.pem`."""
    path = folder / f"bank_private{mark}.pem"
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
    shown = folder / f"bank_public{mark}.pem"
    if not shown.exists() or shown.read_bytes() != public:
        shown.write_bytes(public)
    return key


def platform_keys(path: Path) -> dict[str, rsa.RSAPublicKey]:
    """By serial: a file is serial 1, a folder holds SERIAL.pem each."""
    if not path.is_dir():
        return {"1": _platform_key(path)}
    keys = {each.stem: _platform_key(each) for each in sorted(path.glob("*.pem"))}
    if not keys:
        raise BadKey(f"{path} holds no SERIAL.pem")
    return keys


def _platform_key(path: Path) -> rsa.RSAPublicKey:
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
