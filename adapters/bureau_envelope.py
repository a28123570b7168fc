"""数字信封: who a borrower is, for the credit bureau alone.

CMS EnvelopedData (RFC 5652, DER in base64) over the JSON of `name` and `id_no`: AES-256 under a key
made for it, which only the holder of the certificate's RSA key gets at. `openssl cms -decrypt`
opens it. No two envelopes are equal, whatever is in them: records are compared without.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Protocol

import orjson
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options
from cryptography.x509 import Certificate

from adapters.vault import Erased
from domain.credit_bureau import Record


class OpenVault(Protocol):
    def open(self, ref: str) -> dict[str, str]:
        """Raises Erased, VaultUnreadable."""
        ...


class Envelopes:
    """`certificate`: the bureau's, with an RSA key."""

    def __init__(self, certificate: Certificate, vault: OpenVault) -> None:
        self._to = certificate
        self._vault = vault

    def enclosed(self, record: Record) -> Record:
        """A record that names a borrower, with his envelope as `borrower`: None where he was
        erased. Raises VaultUnreadable."""
        borrower_id = record.get("borrower_id")
        if borrower_id is None:
            return record
        try:
            person = self._vault.open(f"identity-{borrower_id}")
        except Erased:
            return record | {"borrower": None}
        told = orjson.dumps({"name": person["name"], "id_no": person["id_no"]})
        return record | {"borrower": self._sealed(told)}

    def _sealed(self, content: bytes) -> str:
        builder = PKCS7EnvelopeBuilder().set_data(content).add_recipient(self._to)
        builder = builder.set_content_encryption_algorithm(AES256)
        return b64encode(builder.encrypt(Encoding.DER, [PKCS7Options.Binary])).decode()
