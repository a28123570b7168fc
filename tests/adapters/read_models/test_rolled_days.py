"""A due date that rolls (顺延) days after the billing: what was known before that stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from adapters.read_models.as_known import AsKnown
from adapters.read_models.loan_history import INSTALMENT_HISTORY
from adapters.read_models.reading import ReadModels
from domain import assessment, funding, repayment
from domain import loan as loans
from domain.ageing import AGEING_TABLES
from domain.investment import TenderPlaced
from domain.policy import Roll
from domain.schedule import Method
from domain.working_days import WorkingDays
from infra.postgres import EmbeddedPostgres, connect
from services.projections.projector import Projector
from tests.adapters.read_models.seeded import Seeded
from tests.adapters.read_models.story import ListLog
from tests.exemplars import a_policy, filled
from tests.oracles.counting import Recount
from tests.oracles.folding import Event, event_of

PLATFORM = "chance"
FINE = AGEING_TABLES["s1-m7"]
TABLE = [(stage.name, stage.from_days) for stage in FINE]
DUE = date(2024, 1, 30)
ROLLED = DUE + timedelta(days=4)
NEW_DUE = DUE + timedelta(days=6)
HOLIDAYS = {DUE + timedelta(days=each) for each in range(6)}
CALENDAR = WorkingDays("holidays", {2023, 2024}, HOLIDAYS, {NEW_DUE})
LAST = NEW_DUE + timedelta(days=5)


class OneLoan(Seeded):
    """One loan of three instalments, the first paid early in part and never again. Nobody looks at
    it on its due date, as the day end once did until the grace days were over."""

    def play(self) -> None:
        placed = TenderPlaced(tender_id="t1", loan_id="L1", investor_id="i1", amount_fen=900_00)
        self.record("investment-t1", placed)
        terms = filled({"t1": ("i1", 900_00)}, periods=3, method=Method.EQUAL_PRINCIPAL)
        self.loans["L1"] = loans.INITIAL
        self._then("L1", *terms)
        policy = a_policy(roll=Roll.FOLLOWING, grace_days=3)
        self._then("L1", *funding.conclude(self.loans["L1"], "0" * 64, policy))
        self._then("L1", *funding.disburse(self.loans["L1"]))
        self._then("L1", *funding.finish_disbursement(self.loans["L1"], self.today))
        while self.today < LAST:
            self._roll()
            if self.today == DUE - timedelta(days=10):
                self._pay_early(100_00)
            if self.today >= ROLLED:
                self._then("L1", *assessment.assess(self.loans["L1"], self.today, CALENDAR))

    def _pay_early(self, fen: int) -> None:
        for step in (
            lambda loan: repayment.accept(loan, "p1", fen, in_full=False, effective_on=self.today),
            lambda loan: repayment.hold(loan, "p1"),
            repayment.route,
            lambda loan: repayment.settle(loan, self.today),
        ):
            self._then("L1", *step(self.loans["L1"]))


@pytest.fixture(scope="module")
def book() -> OneLoan:
    book = OneLoan(1, loans_wanted=0, months=0)
    book.play()
    return book


@pytest.fixture(scope="module")
def url(postgres: EmbeddedPostgres, book: OneLoan) -> str:
    url = postgres.ensure_database("rolled_days")
    with Projector(url, PLATFORM, log=ListLog(book.recorded)) as projector:
        projector.catch_up(limit=7)
    return url


@pytest.fixture(scope="module")
def views(url: str) -> Iterator[ReadModels]:
    views = ReadModels(url, PLATFORM)
    yield views
    views.close()


def late(known: AsKnown) -> dict[str, tuple[int, int]]:
    """Stage -> loans, fen."""
    lines = known.stages(FINE)
    return {e.stage: (e.loans, e.principal_fen + e.interest_fen) for e in lines if e.loans}


def test_it_rolled_days_after_it_was_billed(book: OneLoan) -> None:
    days = {each.topic: each.business_date for each in book.recorded if each.stream == "loan-L1"}
    assert days["loan.instalment-billed.v1"] == DUE - timedelta(days=10)
    assert days["loan.due-date-rolled.v1"] == ROLLED
    assert book.loans["L1"].billed[1].due_on == NEW_DUE


def test_each_day_shows_the_due_date_that_was_known_at_its_close(
    book: OneLoan, views: ReadModels
) -> None:
    open_fen = 300_00 + 9_00 - 100_00
    events: list[Event] = [event_of(each.topic, each._state) for each in book.recorded]
    day = DUE - timedelta(days=11)
    while day <= LAST:
        was_late = DUE < day < ROLLED or day > NEW_DUE
        with views.as_known(day) as known:
            assert late(known) == ({"S1": (1, open_fen)} if was_late else {}), day
            stages = {line.stage: line.loans for line in known.stages(FINE)}
            [loan] = known.loans()
            [grade] = known.grades()
        counted = Recount(events, day)
        assert stages == {name: line["loans"] for name, line in counted.stages(TABLE).items()}
        assert loan.overdue_fen == counted.disclosure()["overdue_fen"]
        due = DUE if day < ROLLED else NEW_DUE
        assert loan.overdue_days == ((day - due).days if was_late else 0), day
        assert grade.late_loans == int(was_late)
        day += timedelta(days=1)


def test_the_stretch_before_keeps_the_due_date_of_then(url: str) -> None:
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f'SET search_path = "views_{PLATFORM}"'.encode())
        rows = INSTALMENT_HISTORY.select(cursor, "period = 1")
    assert [(row.from_on, row.to_on, row.due_on) for row in rows] == [
        (DUE - timedelta(days=10), ROLLED, DUE)
    ]
