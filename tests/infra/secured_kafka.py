"""A broker that asks who calls: TLS with client certificates on one port, TLS with a password on
another. Certificates are made for the test."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from kafka.admin import UserScramCredentialUpsertion

from infra import kafka
from infra.kafka_broker import KafkaBroker
from tests.ports import free_ports

USER = "platform"
PASSWORD = "hush-platform"
KEY_PASSWORD = "hush-key"
MODULE = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class Secured:
    ssl: str
    sasl_ssl: str
    ca: Path
    client_cert: Path
    client_key: Path


@contextmanager
def secured_kafka(folder: Path, cache_dir: Path) -> Iterator[Secured]:
    certs = folder / "certs"
    certs.mkdir()
    authority = Authority(certs)
    cert, key = authority.issue("server")
    (certs / "server.both.pem").write_bytes(key.read_bytes() + cert.read_bytes())
    client_cert, client_key = authority.issue("client", KEY_PASSWORD)
    plain, controller, ssl, sasl_ssl = (f"127.0.0.1:{port}" for port in free_ports(4))
    outside = f"PLAINTEXT://{plain},SSL://{ssl},SASL_SSL://{sasl_ssl}"
    known = f'{MODULE}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
    properties = {
        "listeners": f"{outside},CONTROLLER://{controller}",
        "advertised.listeners": outside,
        "controller.quorum.bootstrap.servers": controller,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
        "SSL:SSL,SASL_SSL:SASL_SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certs / "server.both.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.cert),
        "listener.name.ssl.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": known,
        "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config": f"{MODULE}.scram.ScramLoginModule"
        " required;",
    }
    with KafkaBroker(folder / "data", cache_dir, properties) as broker:
        with kafka.administration({"bootstrap_servers": [broker.address]}) as client:
            client.alter_user_scram_credentials(
                [UserScramCredentialUpsertion(USER, "SCRAM-SHA-256", PASSWORD)]
            )
        yield Secured(ssl, sasl_ssl, authority.cert, client_cert, client_key)


class Authority:
    """Vouches for the certificates that it issues."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.cert = folder / "ca.pem"
        self.cert.write_bytes(self._sign("ca", self._key.public_key(), True))

    def issue(self, name: str, password: str | None = None) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        cert_file, key_file = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        cert_file.write_bytes(self._sign(name, key.public_key(), False))
        seal = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, seal))
        return cert_file, key_file

    def _sign(self, name: str, key: ec.EllipticCurvePublicKey, is_authority: bool) -> bytes:
        now = dt.datetime.now(dt.UTC)
        cert = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                False,
            )
            .sign(self._key, SHA256())
        )
        return cert.public_bytes(Encoding.PEM)
