"""The book as it was known on any day, against a recount from the events themselves."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import pytest

from adapters.codec import Recorded
from adapters.read_models.answers import NotInView, NotYet
from adapters.read_models.as_known import AsKnown
from adapters.read_models.reading import ReadModels
from adapters.read_models.registry import VIEWS
from domain.ageing import AGEING_TABLES, month_end_before
from domain.disclosure import FIGURES, Book
from domain.loan_events import ClaimAssigned, RepaymentRouted
from infra.postgres import EmbeddedPostgres
from services.projections.projector import Projector
from tests.adapters.read_models.seeded import START, Seeded
from tests.adapters.read_models.story import ListLog
from tests.oracles.counting import Recount, rolls
from tests.oracles.folding import Event, event_of

PLATFORM = "chance"
SEEDS = (2, 6)
FINE = AGEING_TABLES["s1-m7"]
TABLE = [(stage.name, stage.from_days) for stage in FINE]


def raw(recorded: list[Recorded]) -> list[Event]:
    return [event_of(each.topic, each._state) for each in recorded]


@pytest.fixture(scope="module", params=SEEDS)
def seeded(request: pytest.FixtureRequest) -> Seeded:
    return Seeded(request.param, loans_wanted=40)


@pytest.fixture(scope="module")
def views(postgres: EmbeddedPostgres, seeded: Seeded) -> Iterator[ReadModels]:
    url = postgres.ensure_database(f"as_known_{len(seeded.recorded)}")
    with Projector(url, PLATFORM, log=ListLog(seeded.recorded)) as projector:
        projector.catch_up(limit=777)
    views = ReadModels(url, PLATFORM)
    yield views
    views.close()


@pytest.fixture(scope="module")
def events(seeded: Seeded) -> list[Event]:
    return raw(seeded.recorded)


def days(seeded: Seeded) -> list[date]:
    """Every month end, others by chance, and some on which a loan ended."""
    span = (seeded.today - START).days
    chosen = {START + timedelta(days=random.Random(5).randrange(span)) for _ in range(8)}
    ended = [r.business_date for r in seeded.recorded if r.topic == "loan.settled.v1"][:4]
    return sorted({*month_ends(seeded), *chosen, *ended, START, seeded.today})


def month_ends(seeded: Seeded) -> list[date]:
    ends = []
    day = month_end_before(seeded.today)
    while day >= START:
        ends.append(day)
        day = month_end_before(day)
    return ends[::-1]


def test_the_book_has_all_that_may_happen(seeded: Seeded) -> None:
    topics = {each.topic for each in seeded.recorded}
    assert {
        "loan.early-billing-undone.v1",
        "loan.early-part-billed.v1",
        "loan.early-part-undone.v1",
        "loan.advance-paid.v1",
        "loan.advance-released.v1",
        "loan.repayment-failed.v1",
        "loan.settled.v1",
        "loan.due-date-rolled.v1",
        "loan.called-in.v1",
        "loan.call-in-undone.v1",
        "loan.early-compensation-charged.v1",
        "loan.claim-assigned.v1",
        "loan.claim-kept.v1",
        "loan.guarantee-advance-paid.v1",
        "loan.guarantee-advance-released.v1",
        "guarantee.obligation-breached.v1",
        "cash.entry-settled.v1",
        "member.related-party-registered.v1",
    } <= topics
    told = [each.event for each in seeded.recorded]
    sold = [each for each in told if isinstance(each, ClaimAssigned)]
    assert any(each.lines for each in sold), "also what is billed"
    assert any(each.unbilled_fen for each in sold)
    assert any(isinstance(each, RepaymentRouted) and each.recourse for each in told)
    book = Recount(raw(seeded.recorded), seeded.today)
    stages = book.stages(TABLE)
    assert sum(bool(line["loans"]) for line in stages.values()) >= 4


def test_what_is_late_on_any_day_is_what_the_events_say(
    seeded: Seeded, events: list[Event], views: ReadModels
) -> None:
    for day in days(seeded):
        expected = Recount(events, day).stages(TABLE)
        with views.as_known(day) as known:
            told = {line.stage: line for line in known.stages(FINE)}
        assert {
            name: {field: getattr(line, field) for field in expected[name]}
            for name, line in told.items()
        } == expected, day


def of_table(seeded: Seeded, events: list[Event], name: str) -> list[Event]:
    """Of the loans whose policy names that ageing table, and of no loan."""
    mine = {each for each, loan in seeded.loans.items() if loan.policy.ageing == name}
    return [each for each in events if each[2].get("loan_id") in {None, *mine}]


def test_each_loan_stands_in_the_stages_of_its_own_policy(
    seeded: Seeded, events: list[Event], views: ReadModels
) -> None:
    ends = month_ends(seeded)
    for name, table in AGEING_TABLES.items():
        stages = [(stage.name, stage.from_days) for stage in table]
        mine = of_table(seeded, events, name)
        assert len(mine) < len(events)
        for before, end in pairwise(ends):
            expected = Recount(mine, end)
            with views.as_known(end) as known:
                lines = [line for line in known.stages() if line.table == name]
                moved = [line for line in known.rolls() if line.table == name]
            counted = expected.stages(stages)
            assert [line.stage for line in lines] == [stage.name for stage in table]
            assert {line.stage: line.loans for line in lines} == {
                stage: each["loans"] for stage, each in counted.items()
            }
            assert {(each.from_stage, each.to_stage): each.loans for each in moved} == rolls(
                Recount(mine, before), expected, stages
            )


def test_grades_and_months_are_what_the_events_say(
    seeded: Seeded, events: list[Event], views: ReadModels
) -> None:
    for end in month_ends(seeded):
        recount = Recount(events, end)
        with views.as_known(end) as known:
            grades, month = known.grades(), known.months()[-1]
        names = {name for line in recount.grades().values() for name in line}
        assert {
            line.grade: {name: getattr(line, name) for name in names} for line in grades
        } == recount.grades(), end
        assert {name: getattr(month, name) for name in recount.month()} == recount.month(), end


def test_the_disclosure_of_any_day_is_what_the_events_say(
    seeded: Seeded, events: list[Event], views: ReadModels
) -> None:
    at_last = Recount(events, seeded.today)
    assert at_last.own_advances_fen and at_last.advanced, "its guarantor was related for a while"
    for day in days(seeded):
        recount = Recount(events, day)
        with views.as_known(day) as known:
            book = Book(known.loans(), None)
        told = {figure.name: figure.counted(book) for figure in FIGURES}
        assert told == recount.disclosure() | {"fee_schedule": {}}, day
        assert {each.loan_id: sorted(each.current_lenders) for each in book.loans} == {
            name: loan.waiting() for name, loan in recount.out.items()
        }


def test_vintages_and_roll_rates_are_what_the_events_say(
    seeded: Seeded, events: list[Event], views: ReadModels
) -> None:
    ends = [(end, Recount(events, end)) for end in month_ends(seeded)]
    with views.as_known(seeded.today) as known:
        told = {
            (line.issued, line.on.isoformat()): (
                line.loans,
                line.lent_fen,
                line.over_30_loans,
                line.over_30_fen,
                line.over_90_loans,
                line.over_90_fen,
            )
            for line in known.vintages()
        }
    counted = {
        (issued, end.isoformat()): cells
        for end, book in ends
        for issued, cells in book.vintages().items()
    }
    assert {key for key in counted if counted[key][4]}, "somebody is more than 90 days late"
    assert told == counted
    for (_, before), (end, after) in pairwise(ends):
        with views.as_known(end) as known:
            lines = known.rolls(FINE)
        assert {(each.from_stage, each.to_stage): each.loans for each in lines} == rolls(
            before, after, TABLE
        )
        for stage in {each.from_stage for each in lines}:
            shares = [float(each.pct) for each in lines if each.from_stage == stage]
            assert sum(shares) == pytest.approx(100, abs=0.01 * len(shares))


def test_the_views_agree_with_one_another(seeded: Seeded, views: ReadModels) -> None:
    for end in month_ends(seeded):
        with views.as_known(end) as known:
            stages, grades, moved = known.stages(FINE), known.grades(), known.rolls(FINE)
            month, book = known.months()[-1], Book(known.loans(), None)
        late = sum(line.loans for line in stages)
        standing = sum(each.loans for each in moved if each.to_stage != "settled")
        assert late == sum(line.late_loans for line in grades) == month.late_loans
        assert late == standing - sum(each.loans for each in moved if each.to_stage == "current")
        assert standing == len(book.outstanding) == month.loans
        assert standing == sum(line.loans for line in grades)
        assert book.principal_fen == month.principal_fen
        assert book.principal_fen == sum(line.principal_fen for line in grades)
        lenders_fen = sum(line.lenders_fen for line in stages)
        assert lenders_fen == sum(loan.overdue_fen for loan in book.loans) == month.lenders_fen
        assert lenders_fen == sum(line.lenders_fen for line in grades)
        assert month.reserve_fen == 50_000_00


def test_what_was_known_stays_when_more_is_known(
    postgres: EmbeddedPostgres, seeded: Seeded, views: ReadModels
) -> None:
    """Looked at on its own day and at the end of all: the same."""
    end = month_ends(seeded)[len(month_ends(seeded)) // 2]
    until = [each for each in seeded.recorded if each.business_date <= end + timedelta(days=1)]
    url = postgres.ensure_database(f"as_known_then_{len(seeded.recorded)}")
    with Projector(url, PLATFORM, log=ListLog(until)) as projector:
        projector.catch_up()
    then = ReadModels(url, PLATFORM)
    try:
        with then.as_known(end) as first, views.as_known(end) as second:
            assert looked(first) == looked(second)
    finally:
        then.close()


def looked(known: AsKnown) -> list[object]:
    return [
        known.position,
        known.stages(FINE),
        known.grades(),
        known.vintages(),
        known.rolls(FINE),
        known.rolls(),
        known.months(),
        known.loans(),
    ]


def test_a_day_outside_the_books_is_not_known(seeded: Seeded, views: ReadModels) -> None:
    for day in (START - timedelta(days=1), seeded.today + timedelta(days=1)):
        with pytest.raises(NotInView), views.as_known(day):
            pass


def test_a_day_that_a_view_has_not_come_to_the_end_of_is_not_known(
    postgres: EmbeddedPostgres, seeded: Seeded
) -> None:
    url = postgres.ensure_database(f"as_known_late_{len(seeded.recorded)}")
    with Projector(url, PLATFORM, log=ListLog(seeded.recorded)) as projector:
        projector.catch_up(to=10)
    ahead = [view for view in VIEWS if view.NAME == "days"]
    with Projector(url, PLATFORM, views=ahead, log=ListLog(seeded.recorded)) as projector:
        projector.catch_up()
    views = ReadModels(url, PLATFORM)
    try:
        with pytest.raises(NotYet), views.as_known(START + timedelta(days=40)):
            pass
    finally:
        views.close()
