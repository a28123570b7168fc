"""Movements and instructions, one to one: every way in which they can come apart is named."""

from __future__ import annotations

from datetime import date, timedelta
from typing import LiteralString

import pytest

from domain.cashbook import BankMovementRecorded, EntryRequested, EntrySettled
from infra.postgres import connect, migrate
from services.proof.as_of import NotOnRecord
from services.reconciliation.schema import MIGRATIONS as RECONCILIATION
from services.reconciliation.schema import reconciliation_schema
from tests.services.proof.auditor import prove
from tests.services.proof.forger import Forger
from tests.services.proof.town import FIRST_DAY, PLATFORM

MOVEMENTS = 44
BANK_RECORDS = 2


def violations(url: str) -> list[str]:
    report = prove(url)
    assert report.one_to_one is (report.finding.violation_count == 0)
    return [each.what for each in report.finding.violations]


def tampered(url: str, *queries: LiteralString) -> list[str]:
    """What is found once somebody has changed the journal past its guards."""
    forger = Forger(url)
    for query in queries:
        forger.run(query)
    forger.commit()
    return violations(url)


class TestOneToOne:
    def test_an_honest_journal(self, town_url: str) -> None:
        report = prove(town_url)
        assert report.one_to_one
        assert report.finding.looked_at == {
            "movements": MOVEMENTS,
            "instructions": MOVEMENTS,
            "bank_records": BANK_RECORDS,
        }
        assert report.settled + report.rejected + report.open == MOVEMENTS
        assert (report.rejected, report.open) == (7, 1)
        assert report.first_day == FIRST_DAY
        told = report.as_json()
        assert told["one_to_one"] is True
        assert (
            told["violations"] == told["unknown"] == told["retried"] == told["contradicted"] == []
        )

    def test_an_instruction_is_missing(self, town_url: str) -> None:
        found = tampered(town_url, "DELETE FROM {custody}.instruction WHERE movement_id = 'R-p3.1'")
        assert found == ["R-p3.1 has no instruction"]

    def test_an_instruction_is_doubled(self, town_url: str) -> None:
        found = tampered(
            town_url,
            "ALTER TABLE {custody}.instruction DROP CONSTRAINT instruction_pkey",
            "INSERT INTO {custody}.instruction SELECT * FROM {custody}.instruction"
            " WHERE movement_id = 'W-w1.1'",
        )
        assert found == ["W-w1.1 has a second instruction"]

    def test_an_instruction_is_of_another_amount(self, town_url: str) -> None:
        found = tampered(
            town_url,
            "UPDATE {custody}.instruction SET amount_fen = amount_fen + 1"
            " WHERE movement_id = 'W-w1.1'",
        )
        assert found == ["W-w1.1 differs from its movement"]

    def test_an_instruction_is_of_another_entry(self, town_url: str) -> None:
        found = tampered(
            town_url,
            "UPDATE {custody}.instruction SET entry_id = 'W-w2' WHERE movement_id = 'W-w1.1'",
        )
        assert found == ["W-w1.1 differs from its movement"]

    @pytest.mark.parametrize("shift", ["", " + 1", " + 100000"])
    def test_an_instruction_is_of_no_movement(self, town_url: str, shift: LiteralString) -> None:
        query: LiteralString = (
            "INSERT INTO {custody}.instruction SELECT 'T-t1.2', request_no, entry_id, amount_fen,"
            " position" + shift + " FROM {custody}.instruction WHERE movement_id = 'T-t1.1'"
        )
        assert tampered(town_url, query) == ["T-t1.2 has no movement"]

    def test_an_instruction_was_moved_to_another_event(self, town_url: str) -> None:
        found = tampered(
            town_url,
            "UPDATE {custody}.instruction SET position = position + 1 WHERE movement_id = 'T-t1.1'",
        )
        assert sorted(found) == ["T-t1.1 has no instruction", "T-t1.1 has no movement"]

    def test_an_event_cannot_be_read(self, town_url: str) -> None:
        forger = Forger(town_url)
        line = forger.first(EntryRequested, entry_id="T-t8")
        line.data["movements"][0]["amount_fen"] = "much"
        forger.save()
        assert violations(town_url) == [
            f"{line.stream} cannot be read: ValidationError",
            "T-t8.1 has no movement",
        ]

    def test_what_is_not_planned_yet_may_wait(self, town_url: str) -> None:
        forger = Forger(town_url)
        waiting = forger.first(EntryRequested, entry_id="T-t8")
        forger.run("DELETE FROM {custody}.instruction WHERE entry_id = 'T-t8'")
        forger.run("UPDATE {custody}.follower SET position = %s", forger.position_of(waiting) - 1)
        forger.commit()
        report = prove(town_url)
        assert report.one_to_one
        assert report.finding.looked_at["not_yet_planned"] == 1
        assert report.oldest_open is not None
        assert (report.oldest_open.request_no, report.oldest_open.state) == (None, None)

    def test_all_of_them_are_counted(self, town_url: str) -> None:
        forger = Forger(town_url)
        forger.run("DELETE FROM {custody}.instruction")
        forger.commit()
        assert prove(town_url).finding.violation_count == MOVEMENTS


class TestBankRecords:
    @pytest.mark.parametrize("part", ["record", "movement"])
    def test_a_movement_that_does_not_bear_its_records_name(self, town_url: str, part: str) -> None:
        forger = Forger(town_url)
        data = forger.first(BankMovementRecorded).data
        if part == "record":
            data["bank_record"] = "9"
        else:
            data["movement"]["id"] = "B-9.1"
        forger.save()
        assert violations(town_url) == ["B-777 is not of its bank record"]

    def test_a_return_that_the_bank_told_of_and_the_book_does_not_have(self, town_url: str) -> None:
        assert tampered(town_url, _notice("777"), _notice("779")) == [
            "B-779: the bank told of it, and the book has no such movement"
        ]

    def test_a_return_that_nobody_has_looked_at_yet_may_wait(self, town_url: str) -> None:
        assert tampered(town_url, _notice("779", handled="false")) == []

    def test_a_line_that_the_bank_lists_is_in_the_book_or_a_break(self, town_url: str) -> None:
        with connect(town_url, autocommit=True) as connection:
            migrate(connection, reconciliation_schema(PLATFORM), RECONCILIATION)
        lines: LiteralString = (
            "INSERT INTO {reconciliation}.line VALUES ('B-777.1', '2018-01-01'),"
            " ('B-a.b.1', '2018-01-02'), ('B-known.1', '2018-01-02'), ('W-w1.1', '2018-01-02')"
        )
        known: LiteralString = (
            "INSERT INTO {reconciliation}.break VALUES ('x', 'missing_in_book', 'B-known.1', 'ann',"
            " 'open', NULL, '2018-01-02', '2018-01-02', NULL)"
        )
        assert tampered(town_url, lines, known) == [
            "B-a.b: the bank lists it, and the book has no such movement"
        ]
        assert prove(town_url, last=date(2018, 1, 1)).one_to_one
        assert not prove(town_url, first=date(2018, 1, 2), last=date(2018, 1, 2)).one_to_one


def _notice(no: LiteralString, handled: LiteralString = "true") -> LiteralString:
    return (
        "INSERT INTO {custody}.notice (received_at, request_no, outcome, code, bank_date, handled,"
        " withdrawal_request_no, account, amount_fen) VALUES ('2018-01-03', '"
        + no
        + "', 'succeeded', '', NULL, "
        + handled
        + ", 'W-w1.1', 'ann:investor', 10000)"
    )


class TestRange:
    @pytest.mark.parametrize("cut", [date(2018, 1, 1), date(2018, 1, 3), date(2018, 3, 9)])
    def test_two_ranges_add_up(self, town_url: str, cut: date) -> None:
        early, late = prove(town_url, last=cut), prove(town_url, first=cut + timedelta(days=1))
        whole = prove(town_url)
        for name in ("movements", "instructions", "bank_records"):
            parts = [each.finding.looked_at.get(name, 0) for each in (early, late)]
            assert sum(parts) == whole.finding.looked_at[name]
            assert name == "bank_records" or all(parts)
        for count in ("settled", "rejected", "open"):
            assert getattr(early, count) + getattr(late, count) == getattr(whole, count)
        assert early.last_position + 1 == late.first_position
        assert (early.last_day, late.first_day) == (cut, cut + timedelta(days=1))
        assert early.one_to_one
        assert late.one_to_one

    def test_what_is_wrong_is_found_in_its_range_alone(self, town_url: str) -> None:
        tampered(town_url, "DELETE FROM {custody}.instruction WHERE movement_id = 'W-w1.1'")
        assert not prove(town_url, FIRST_DAY, FIRST_DAY).one_to_one
        assert prove(town_url, first=FIRST_DAY + timedelta(days=1)).one_to_one

    def test_a_position_is_in_one_range_only(self, town_url: str) -> None:
        """At the last one of the first day: no movement was requested there."""
        last = prove(town_url, last=FIRST_DAY).last_position
        forger = Forger(town_url)
        forger.run(
            "INSERT INTO {custody}.instruction SELECT 'T-t1.2', request_no, entry_id, amount_fen,"
            " %s FROM {custody}.instruction WHERE movement_id = 'T-t1.1'",
            last,
        )
        forger.commit()
        assert not prove(town_url, last=FIRST_DAY).one_to_one
        assert prove(town_url, first=FIRST_DAY + timedelta(days=1)).one_to_one

    def test_what_settles_after_the_range_is_settled(self, town_url: str) -> None:
        forger = Forger(town_url)
        settled = forger.first(EntrySettled, entry_id="W-w1")
        forger.lines.remove(settled)
        settled.version = 2
        forger.lines.append(settled)
        forger.save()
        assert prove(town_url, FIRST_DAY, FIRST_DAY).open == 0

    @pytest.mark.parametrize(
        ("first", "last", "field"),
        [(date(2018, 3, 11), None, "from"), (None, date(2017, 12, 31), "to")],
    )
    def test_days_that_the_books_do_not_have(
        self, town_url: str, first: date | None, last: date | None, field: str
    ) -> None:
        with pytest.raises(NotOnRecord) as refused:
            prove(town_url, first, last)
        assert refused.value.field == field

    def test_a_range_may_reach_beyond_both_ends(self, town_url: str) -> None:
        report = prove(town_url, date(2000, 1, 1), date(2100, 1, 1))
        assert (report.first_day, report.last_day) == (FIRST_DAY, date(2018, 3, 10))
        assert report.settled == prove(town_url).settled
