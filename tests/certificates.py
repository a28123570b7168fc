"""X.509 certificates made for a test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC)


def self_signed(
    path: Path, key: RSAPrivateKey | EllipticCurvePrivateKey, since: datetime = NOW, days: int = 2
) -> x509.Certificate:
    """In force from a day before `since` on; written to `path` as PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bureau")])
    begins = since - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
        .sign(key, SHA256())
    )
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return certificate
