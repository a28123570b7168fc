"""Keys are made once, kept to their owner, and refused when they are not what they should be."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from infra.keys import (
    KeyUnusable,
    ensure_rsa_key,
    ensure_vault_key,
    load_certificate,
    load_private_key,
    load_public_key,
    load_public_keys,
    load_signing_key,
    make_signing_key,
    parse_vault_key,
)
from tests.certificates import NOW, self_signed


def test_a_pair_is_made_once(tmp_path: Path) -> None:
    private, public = tmp_path / "keys" / "a.pem", tmp_path / "keys" / "a_public.pem"
    made = ensure_rsa_key(private, public)
    written = private.read_bytes(), public.read_bytes()
    again = ensure_rsa_key(private, public)
    assert (private.read_bytes(), public.read_bytes()) == written
    assert again.public_key() == made.public_key() == load_public_key(public)
    assert sorted(path.name for path in private.parent.iterdir()) == ["a.pem", "a_public.pem"]


def test_only_the_owner_may_read_a_key(tmp_path: Path) -> None:
    ensure_rsa_key(tmp_path / "a.pem", tmp_path / "b.pem")
    ensure_vault_key(tmp_path / "vault.key")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_halves_of_two_pairs_are_refused(tmp_path: Path) -> None:
    ensure_rsa_key(tmp_path / "a.pem", tmp_path / "a_public.pem")
    ensure_rsa_key(tmp_path / "b.pem", tmp_path / "b_public.pem")
    with pytest.raises(KeyUnusable, match=r"b_public\.pem: is not the public half"):
        ensure_rsa_key(tmp_path / "a.pem", tmp_path / "b_public.pem")


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"not a key", "must be a private key in PEM"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "must be an RSA key"),
        (pem(rsa.generate_private_key(65537, 1024)), "at least 2048 bits"),
    ],
    ids=["rubbish", "other kind", "too short"],
)
def test_a_wrong_private_key_is_refused(tmp_path: Path, content: bytes, rule: str) -> None:
    path = tmp_path / "a.pem"
    path.write_bytes(content)
    with pytest.raises(KeyUnusable, match=rule) as refusal:
        load_private_key(path)
    assert str(path) in str(refusal.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match=r"none\.pem: No such file"):
        load_public_key(tmp_path / "none.pem")


def test_the_vault_key_is_made_once(tmp_path: Path) -> None:
    made = ensure_vault_key(tmp_path / "vault.key")
    assert ensure_vault_key(tmp_path / "vault.key") == made
    assert len(made) == 32
    assert ensure_vault_key(tmp_path / "other.key") != made


@pytest.mark.parametrize("text", ["", "?", base64.b64encode(b"x" * 31).decode()])
def test_a_wrong_vault_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(KeyUnusable) as refusal:
        parse_vault_key(text)
    assert str(refusal.value) == "ZHUANHU_VAULT_KEY: must be 32 bytes in base64"


def test_a_signing_key_is_new_each_time_and_never_in_place_of_another(tmp_path: Path) -> None:
    made = make_signing_key(tmp_path / "keys" / "ann.pem")
    assert load_signing_key(tmp_path / "keys" / "ann.pem").public_key() == made.public_key()
    assert make_signing_key(tmp_path / "ben.pem").public_key() != made.public_key()
    with pytest.raises(FileExistsError, match="is there already"):
        make_signing_key(tmp_path / "ben.pem")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ben.pem", "keys"]


def test_a_signing_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ann.pem"
    make_signing_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    for mode in (0o640, 0o604):
        path.chmod(mode)
        with pytest.raises(KeyUnusable, match="others may read it"):
            load_signing_key(path)


def test_another_kind_of_key_signs_nothing(tmp_path: Path) -> None:
    ensure_rsa_key(tmp_path / "a.pem", tmp_path / "b.pem")
    with pytest.raises(KeyUnusable, match="must be an Ed25519 key"):
        load_signing_key(tmp_path / "a.pem")


def test_a_certificate_is_of_an_rsa_key_and_in_force(tmp_path: Path) -> None:
    path, key = tmp_path / "c.pem", rsa.generate_private_key(65537, 2048)
    made = self_signed(path, key)
    assert load_certificate(path, NOW) == made
    for now in (NOW - timedelta(days=2), NOW + timedelta(days=2)):
        with pytest.raises(KeyUnusable, match="is in force from"):
            load_certificate(path, now)
    self_signed(path, ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(KeyUnusable, match="must be of an RSA key"):
        load_certificate(path, NOW)
    path.write_bytes(pem(key))
    with pytest.raises(KeyUnusable, match=r"must be an X\.509 certificate"):
        load_certificate(path, NOW)


def test_public_keys_are_known_by_serial(tmp_path: Path) -> None:
    for serial in ("1", "20"):
        ensure_rsa_key(tmp_path / f"{serial}.key", tmp_path / "public" / f"{serial}.pem")
    one, twenty = (load_public_key(tmp_path / "public" / f"{n}.pem") for n in (1, 20))
    assert load_public_keys(tmp_path / "public", "7") == {"1": one, "20": twenty}
    assert load_public_keys(tmp_path / "public" / "20.pem", "7") == {"7": twenty}
    (tmp_path / "empty").mkdir()
    with pytest.raises(KeyUnusable, match=r"holds no SERIAL\.pem"):
        load_public_keys(tmp_path / "empty", "1")
