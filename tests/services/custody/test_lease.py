"""Who may send: one at a time, and nobody without the lease."""

from __future__ import annotations

import ast
from pathlib import Path

import psycopg
import pytest

from infra.postgres import connect
from services.custody import lease
from services.custody.custody import Custody, LogBehind
from services.custody.journal import Journal
from services.custody.lease import CustodyBusy, LeaseMissing, enter, prepare_journal, take_lease
from services.custody.schema import JOURNAL, custody_schema
from tests.services.custody import world as w
from tests.services.custody.conftest import House, MakeHouse

ROOT = Path(__file__).parents[3]


def custody_of(house: House) -> Custody:
    return Custody(
        house.url, house.platform, house.bank, house.writer, house.clock, house.vault, workers=1
    )


def test_a_second_sender_is_turned_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.start()
    monkeypatch.setattr(lease, "PATIENCE_MS", 100)
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
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity JOIN pg_locks"
            " USING (pid) WHERE datname = current_database() AND locktype = 'advisory' AND granted"
        )
    take_lease(house.url, house.platform).close()
    with pytest.raises(psycopg.OperationalError):
        custody.step()
    assert house.bank.sent == []


def test_nobody_else_writes_the_journal_without_which_nothing_is_sent(
    make_house: MakeHouse,
) -> None:
    """A session without a lease, one with that of another platform, and one that gave it back."""
    mine, other = make_house(), make_house()
    for house in (mine, other):
        prepare_journal(house.url, house.platform)
    schema = custody_schema(mine.platform)
    with connect(mine.url, autocommit=True) as without:
        enter(without, schema)
        with pytest.raises(LeaseMissing):
            Journal(without)
    with take_lease(other.url, other.platform) as of_another:
        enter(of_another, schema)
        with pytest.raises(LeaseMissing):
            Journal(of_another)
    with take_lease(mine.url, mine.platform) as given_back:
        Journal(given_back)
        given_back.execute("SELECT pg_advisory_unlock_all()")
        with pytest.raises(LeaseMissing):
            Journal(given_back)


def test_only_who_may_send_knows_a_custodian() -> None:
    """The composition root makes it, custody calls it; reconciliation has the part of it that
    reads, and nobody else knows of any."""
    able = set()
    for path in [*(ROOT / "services").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name) and node.id == "Custodian":
                able.add(path.relative_to(ROOT).as_posix())
    assert able == {
        "services/cli/custodians.py",  # Where one is made.
        "services/custody/custody.py",
        "services/custody/wave.py",
    }


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
