"""What was known then: at a position, and at the close of a day."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest

from adapters.event_log import LogReader
from domain.cashbook import EntryRequested, EntrySettled
from domain.loan import Status
from domain.platform import BusinessDateRolled
from domain.streams import PLATFORM as PLATFORM_STREAM
from domain.streams import RESERVE, entry_stream, loan_stream
from services.proof.as_of import NotOnRecord, balances_as_of, position_at_close, state_as_of
from services.proof.event_digest import event_digest
from tests.services.proof.forger import Forger
from tests.services.proof.town import FIRST_DAY, PLATFORM


def test_a_day_closes_just_before_its_roll(town_url: str) -> None:
    position = position_at_close(town_url, PLATFORM, date(2018, 2, 1))
    reader = LogReader(town_url, PLATFORM)
    [roll] = reader.read(position, limit=1)
    reader.close()
    assert isinstance(roll.event, BusinessDateRolled)
    assert roll.event.closed == date(2018, 2, 1)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2017, 12, 31), "do not reach back"),
        (date(2018, 3, 10), "not closed"),
        (date(2030, 1, 1), "not closed"),
    ],
)
def test_a_day_that_is_not_on_record(town_url: str, day: date, why: str) -> None:
    with pytest.raises(NotOnRecord, match=why):
        position_at_close(town_url, PLATFORM, day)


def test_a_loan_as_it_stood(town_url: str) -> None:
    def status(position: int) -> Status:
        loan: Status = state_as_of(town_url, PLATFORM, loan_stream("L2"), position).status
        return loan

    forger = Forger(town_url)
    settled = forger.position_of(forger.first(EntrySettled, entry_id="D-L2-2"))
    forger.commit()
    assert status(0) is Status.NONE
    assert status(settled) is Status.DISBURSING
    assert status(settled + 1) is Status.REPAYING
    assert status(position_at_close(town_url, PLATFORM, date(2018, 3, 9))) is Status.OVERDUE


def test_the_reserve_and_an_entry_as_they_stood(town_url: str) -> None:
    before = position_at_close(town_url, PLATFORM, date(2018, 3, 3))
    after = position_at_close(town_url, PLATFORM, date(2018, 3, 4))
    assert not state_as_of(town_url, PLATFORM, RESERVE, before).queue
    assert list(state_as_of(town_url, PLATFORM, RESERVE, after).queue) == ["L1.1"]
    entry = state_as_of(town_url, PLATFORM, entry_stream("P-1"), after)
    assert entry.status == "settled"
    first_day = state_as_of(town_url, PLATFORM, PLATFORM_STREAM, 1)
    assert first_day.business_date == FIRST_DAY


def test_balances_at_the_end_are_the_live_ones(town_url: str) -> None:
    with psycopg.connect(town_url) as connection:
        rows = connection.execute("SELECT * FROM shard_town.account_balance").fetchall()
        [(head,)] = connection.execute("SELECT head_position FROM shard_town.shard").fetchall()
    balances = balances_as_of(town_url, PLATFORM, head)
    assert {account: tuple(balances[account]) for account, *_ in rows} == {
        account: (available_fen, frozen_fen) for account, available_fen, frozen_fen in rows
    }
    assert balances.keys() - {account for account, *_ in rows} == {"outside", "shortfall"}


def test_balances_between_a_request_and_its_settlement(town_url: str) -> None:
    forger = Forger(town_url)
    asked = forger.position_of(forger.first(EntryRequested, entry_id="W-w1"))
    settled = forger.position_of(forger.first(EntrySettled, entry_id="W-w1"))
    forger.commit()
    before, held, after = (
        balances_as_of(town_url, PLATFORM, position)["ann:investor"]
        for position in (asked - 1, asked, settled)
    )
    assert held == (before.available_fen - 10_000, before.frozen_fen + 10_000)
    assert after == (before.available_fen - 10_000, before.frozen_fen)
    assert balances_as_of(town_url, PLATFORM, 0) == {}


@pytest.mark.parametrize("position", [-1, 10**9])
def test_a_position_that_is_not_in_the_log(town_url: str, position: int) -> None:
    with pytest.raises(NotOnRecord, match="not in the log"):
        state_as_of(town_url, PLATFORM, RESERVE, position)
    with pytest.raises(NotOnRecord, match="not in the log"):
        balances_as_of(town_url, PLATFORM, position)


# -- the digest of a history ------------------------------------------------------------


def test_the_digest_does_not_depend_on_positions_commands_or_times(town_url: str) -> None:
    before = event_digest(town_url, PLATFORM)
    assert len(before) == 64
    forger = Forger(town_url)
    forger.lines[3], forger.lines[4] = forger.lines[4], forger.lines[3]
    forger.lines[7].envelope |= {"at": "2020-01-01T00:00:00+00:00", "cause": "x", "actor": "y"}
    forger.save()
    assert event_digest(town_url, PLATFORM) == before


@pytest.mark.parametrize("what", ["stream", "topic", "data", "one less"])
def test_the_digest_depends_on_what_happened(town_url: str, what: str) -> None:
    before = event_digest(town_url, PLATFORM)
    forger = Forger(town_url)
    line = forger.lines[20]
    match what:
        case "stream":
            line.stream, line.version = "elsewhere", 1
        case "topic":
            line.topic += "x"
        case "data":
            line.data["extra"] = 1
        case _:
            forger.drop(line)
    forger.save()
    assert event_digest(town_url, PLATFORM) != before
