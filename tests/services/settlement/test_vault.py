"""Personal data lie in the vault and nowhere else, and can be erased."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.shard_schema import shard_schema
from adapters.vault import Erased, Seal, Vault, VaultUnreadable
from domain import commands as c
from domain.accounts import Role
from tests.exemplars import CARD, NAME, PHONE, command, id_no_of
from tests.house import SEAL, House

ID_NO = id_no_of("lucy")
SECRETS = (NAME, ID_NO, PHONE, CARD, ID_NO[-6:], CARD[-6:])


@pytest.fixture
def lucy(house: House) -> House:
    house.open()
    house.member("lucy", Role.INVESTOR, 1_00)
    house.bind("lucy", Role.INVESTOR, "b1")
    return house


@pytest.fixture
def vault(lucy: House) -> Iterator[Vault]:
    vault = Vault(lucy.url, schema_of(lucy), SEAL)
    yield vault
    vault.close()


def test_no_table_of_the_shard_shows_a_person(
    lucy: House, capfd: pytest.CaptureFixture[str]
) -> None:
    fields = {"kind": "person", "name": NAME, "id_no": ID_NO, "phone": PHONE}
    lucy.refused(c.RegisterMember, member_id="lucy", roles=(Role.INVESTOR,), **fields)
    tables = lucy.query("SELECT tablename FROM pg_tables WHERE schemaname = (%s)", schema_of(lucy))
    assert {"stored_events", "receipt", "vault", "inbox", "parked"} <= {row[0] for row in tables}
    for (table,) in tables:
        content = b""
        for row in lucy.query(f"SELECT * FROM {{}}.{table}"):
            for value in row:
                content += value if isinstance(value, bytes) else str(value).encode()
        shown = [s for s in SECRETS if s.encode() in content or as_json(s) in content]
        assert shown == [], table
    out = "".join(capfd.readouterr())
    assert [s for s in SECRETS if s in out] == []


def schema_of(house: House) -> str:
    return shard_schema(house.platform)


def as_json(text: str) -> bytes:
    return text.encode("unicode_escape")


def test_a_command_shows_nobody_when_it_is_printed() -> None:
    shown = repr(
        command(
            c.RegisterMember,
            member_id="lucy",
            kind="person",
            roles=(Role.INVESTOR,),
            name=NAME,
            id_no=ID_NO,
            phone=PHONE,
        )
    )
    assert [s for s in SECRETS if s in shown] == []


def test_the_vault_gives_back_what_was_put_away(vault: Vault) -> None:
    assert vault.open("identity-lucy") == {"name": NAME, "id_no": ID_NO, "phone": PHONE}
    assert vault.open("card-lucy.b1") == {"card_no": CARD, "bank_code": "ICBC", "phone": PHONE}


def test_another_key_opens_nothing(lucy: House) -> None:
    stranger = Vault(lucy.url, schema_of(lucy), Seal(bytes([1]) * 32))
    try:
        with pytest.raises(VaultUnreadable, match="identity-lucy"):
            stranger.open("identity-lucy")
    finally:
        stranger.close()


def test_an_entry_cannot_pass_for_another(lucy: House, vault: Vault) -> None:
    lucy.member("max", Role.INVESTOR)
    lucy.connection.execute(
        "UPDATE shard_p1.vault v SET wrapped_key = o.wrapped_key, content = o.content"
        " FROM shard_p1.vault o WHERE v.ref = 'identity-max' AND o.ref = 'identity-lucy'"
    )
    with pytest.raises(VaultUnreadable):
        vault.open("identity-max")


def test_who_is_erased_is_unreadable_and_the_log_stands(lucy: House, vault: Vault) -> None:
    before = lucy.recorded()
    lucy.connection.execute("UPDATE shard_p1.vault SET wrapped_key = ''")
    with pytest.raises(Erased):
        vault.open("identity-lucy")
    assert lucy.recorded() == before


def test_a_seal_knows_the_same_person_again_and_tells_nobody() -> None:
    assert SEAL.digest(ID_NO) == SEAL.digest(ID_NO) != SEAL.digest(ID_NO[:-1] + "1")
    assert SEAL.digest(ID_NO) != Seal(bytes([1]) * 32).digest(ID_NO)


def test_a_sealed_text_differs_each_time() -> None:
    assert SEAL.close("a", {"x": "1"}).content != SEAL.close("a", {"x": "1"}).content
