"""What is reported of a day besides its differences, and what ends breaks without a look at their
day: asked from the book, from custody and from what is on record."""

from __future__ import annotations

from datetime import date

from domain.bank_statement import BankStatement
from domain.contradictions import Contradictions
from services.reconciliation.book import Book
from services.reconciliation.breaks import BreakClass, Difference, break_id_of
from services.reconciliation.matching import entry_of, key_of_movement
from services.reconciliation.records import Records
from services.reconciliation.told_once import bears_out, came_back, said_twice

Notes = dict[str, str]
"""Break id -> what ends it."""


class Explaining:
    def __init__(self, records: Records, book: Book, contradictions: Contradictions) -> None:
        self._records = records
        self._book = book
        self._contradictions = contradictions

    def told_once(self, statement: BankStatement) -> list[Difference]:
        """What happened on the day, without what was ended since it was told."""
        told = self._contradictions.on(statement.bank_date)
        known = self._book.of_entries({each.entry_id for each in told if each.entry_id})
        found = [*came_back(statement.lines)]
        found += [said_twice(each, known.get(each.entry_id or "", ())) for each in told]
        ended = self._records.resolved([each.break_id for each in found])
        return [each for each in found if each.break_id not in ended]

    def covered(self) -> Notes:
        """Shortfalls that money has covered since."""
        covered = self._book.covered(self._records.open_ones(BreakClass.SHORTFALL))
        return {
            break_id_of(BreakClass.SHORTFALL, claim): f"covered by {', '.join(entries)}"
            for claim, entries in covered.items()
        }

    def returned(self) -> Notes:
        """Withdrawals that came back, and the book has the money."""
        references = self._records.open_ones(BreakClass.RETURNED)
        known = self._book.of_entries({entry_of(each) for each in references})
        return {
            break_id_of(BreakClass.RETURNED, each): f"{rows[0].payee} has it, by {each}"
            for each in references
            if (rows := known[entry_of(each)])
        }

    def borne_out(self) -> Notes:
        """Contradictions of which the bank's statements say how it is, as the book has it."""
        told = self._contradictions.of(self._records.open_ones(BreakClass.CONTRADICTION))
        known = self._book.of_entries({each.entry_id for each in told if each.entry_id})
        keys = {key_of_movement(row) for rows in known.values() for row in rows}
        listed = self._records.days_seen(keys, but=date.min)
        differing = self._records.open_ones(BreakClass.BALANCE)
        return {
            break_id_of(BreakClass.CONTRADICTION, each.request_no): note
            for each in told
            if each.entry_id and (note := bears_out(known[each.entry_id], listed, differing))
        }
