"""A borrower's name and id number go to the credit bureau alone."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs7 import pkcs7_decrypt_der
from cryptography.x509 import Certificate

from adapters.bureau_envelope import Envelopes
from adapters.vault import Erased, VaultUnreadable
from domain.credit_bureau import Record
from tests.certificates import self_signed
from tests.exemplars import ID_NO, NAME, PHONE

OPENED: Record = {"record": "loan_open", "request_id": "7-0-loan_open", "borrower_id": "bob"}
BILLED: Record = {"record": "repayment_status", "request_id": "9-1-repayment_status"}


class People:
    def open(self, ref: str) -> dict[str, str]:
        if ref == "identity-gone":
            raise Erased(ref)
        if ref != "identity-bob":
            raise VaultUnreadable(ref)
        return {"name": NAME, "id_no": ID_NO, "phone": PHONE}


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture
def certificate(tmp_path: Path, key: RSAPrivateKey) -> Certificate:
    return self_signed(tmp_path / "bureau.pem", key)


def test_only_the_bureau_opens_it(key: RSAPrivateKey, certificate: Certificate) -> None:
    record = Envelopes(certificate, People()).enclosed(OPENED)
    envelope = record.pop("borrower")
    assert record == OPENED
    sealed = b64decode(str(envelope))
    assert [text for text in (NAME, ID_NO) if text.encode() in sealed] == []
    told = json.loads(pkcs7_decrypt_der(sealed, certificate, key, []))
    assert told == {"name": NAME, "id_no": ID_NO}
    other = generate_private_key(65537, 2048)
    with pytest.raises(ValueError, match=r".*"):
        json.loads(pkcs7_decrypt_der(sealed, certificate, other, []))


def test_openssl_opens_it(tmp_path: Path, key: RSAPrivateKey, certificate: Certificate) -> None:
    record = Envelopes(certificate, People()).enclosed(OPENED)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "sealed").write_bytes(b64decode(str(record["borrower"])))
    words = ["openssl", "cms", "-decrypt", "-inform", "DER", "-inkey", "key.pem", "-in", "sealed"]
    done = subprocess.run(words, capture_output=True, check=True, cwd=tmp_path)
    assert json.loads(done.stdout) == {"name": NAME, "id_no": ID_NO}


def test_a_record_that_names_nobody_stays_as_it_is(certificate: Certificate) -> None:
    assert Envelopes(certificate, People()).enclosed(BILLED) == BILLED


def test_who_is_erased_is_told_of_without_his_name(certificate: Certificate) -> None:
    gone: Record = OPENED | {"borrower_id": "gone"}
    assert Envelopes(certificate, People()).enclosed(gone) == gone | {"borrower": None}


def test_what_cannot_be_read_is_not_left_out(certificate: Certificate) -> None:
    with pytest.raises(VaultUnreadable):
        Envelopes(certificate, People()).enclosed(OPENED | {"borrower_id": "kim"})
