"""Who may send: one at a time, and nobody without the lease."""

from __future__ import annotations

import ast
from pathlib import Path

import psycopg
import pytest

import services.custody
from infra.postgres import connect
from services.custody.custody import Custody, LogBehind
from services.custody.lease import CustodyBusy, take_lease
from services.custody.schema import JOURNAL
from tests.services.custody import world as w
from tests.services.custody.conftest import House, MakeHouse

FOLDER = Path(services.custody.__file__).parent


def custody_of(house: House) -> Custody:
    return Custody(
        house.url, house.platform, house.bank, house.writer, house.clock, house.vault, workers=1
    )


def test_a_second_sender_is_turned_away(house: House) -> None:
    house.start()
    with pytest.raises(CustodyBusy, match=house.platform):
        custody_of(house)


def test_platforms_do_not_keep_each_other_out(make_house: MakeHouse) -> None:
    make_house().start()
    make_house().start()


def test_the_lease_ends_with_the_session(house: House) -> None:
    house.start()
    house.stop()
    custody_of(house).close()


def test_who_has_lost_the_session_cannot_send_any_more(house: House) -> None:
    house.log.append(w.recharge("1"))
    custody = house.start()
    with connect(house.url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )
    take_lease(house.url, house.platform).close()
    with pytest.raises(psycopg.OperationalError):
        custody.step()
    assert house.bank.sent == []


def test_only_the_holder_of_the_lease_knows_a_custodian() -> None:
    """What replays or verifies can use the journal without being able to send."""
    able = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name) and node.id == "Custodian":
                able.add(path.stem)
    assert able == {"custody", "wave"}


@pytest.mark.parametrize("table", JOURNAL)
def test_the_journal_is_only_added_to(house: House, table: str) -> None:
    house.log.append(w.recharge("1"))
    house.run()
    with pytest.raises(psycopg.errors.RestrictViolation):
        house.change(f"DELETE FROM {table}")


def test_a_journal_that_is_ahead_of_the_log_sends_nothing(house: House) -> None:
    house.log.append(w.recharge("1"))
    house.bank.answers["C-1.1"] = [w.UNKNOWN]
    house.run()
    house.change("UPDATE follower SET position = 7")
    house.log.append(w.recharge("2"))
    with pytest.raises(LogBehind):
        house.start().step()
    assert house.bank.numbers == ["C-1.1"]
