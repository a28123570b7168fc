"""A release that the real stand-in bank finally refuses, from the night on which its loan
miscarried to the one that has the money given back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.read_models.reading import ReadModels
from domain import commands as c
from domain.accounts import Role
from infra.clock import SHANGHAI
from infra.postgres import EmbeddedPostgres
from infra.settings import BankFamily
from services.custody.contradictions import TakenBack
from services.day_end.day_end import DayEnd
from services.projections.projector import Projector
from services.proof.mirror import prove_mirror
from services.proof.verify import verify
from services.reconciliation.reconciler import Reconciler
from services.reconciliation.results import Verdict
from tests.services.custody.town import (
    DAY,
    PLATFORM,
    Town,
    join,
    open_books,
    opened_town,
    publish,
)

ANN = "ann:investor"


@pytest.fixture(params=BankFamily)
def town(
    postgres: EmbeddedPostgres, database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Town]:
    """ann has tendered half of a loan whose deadline is today."""
    with opened_town(postgres, database, tmp_path, request.param) as town:
        open_books(town)
        join(town, "ann", Role.INVESTOR, "1111", 60_000)
        join(town, "bob", Role.BORROWER, "3333", 0)
        publish(town)
        town.do(c.PlaceTender, tender_id="t1", loan_id="L1", investor_id="ann", amount_fen=50_000)
        town.settle()
        yield town


def test_it_is_asked_for_again_the_next_day_and_book_and_bank_agree_on_each(town: Town) -> None:
    with ExitStack() as opened:
        projector = opened.enter_context(Projector(town.url, PLATFORM))
        catch_up = projector.catch_up
        day_end = opened.enter_context(closing(DayEnd(town.url, PLATFORM, town.writer, catch_up)))
        taken_back = opened.enter_context(closing(TakenBack(town.url, PLATFORM)))
        bank = town.custodian
        by = (town.url, PLATFORM, bank, town.writer, town.clock, catch_up, taken_back)
        reconciler = opened.enter_context(closing(Reconciler(*by)))
        views = opened.enter_context(closing(ReadModels(town.url, PLATFORM)))

        def night() -> None:
            town.clock.advance(timedelta(days=1))
            town.bank.control("clock", now=town.clock.now().astimezone(SHANGHAI).isoformat())
            day_end.roll()
            town.settle()
            town.check_bank()
            catch_up()

        town.bank.control("fault", requestNo="X-t1.1", kind="refuse", times=1)
        night()
        assert town.states("X-t1.1")[-1] == "refused"
        assert town.states("L-L1.miscarried")[-1] == "settled"
        assert town.book()[ANN] == (10_000, 50_000)
        [kept] = views.unreleased().value
        assert (kept.refused.entry_id, kept.again) == ("X-t1", None)
        assert kept.refused.bank_code

        night()
        assert town.states("X2-t1.1")[-1] == "settled"
        assert town.book()[ANN] == (60_000, 0)
        assert views.unreleased().value == []

        night()
        assert town.states("X3-t1.1") == []
        for number in range(3):
            verdict = reconciler.reconcile(DAY + timedelta(days=number)).verdict
            assert verdict is Verdict.RECONCILED, number
        assert reconciler.records.breaks() == []
        held = bank.balances(list(town.book())).values()
        total_fen = sum(each.available_fen + each.frozen_fen for each in held)
        catch_up()
        report = verify(
            town.url, PLATFORM, bank_total_fen=total_fen, compare_views=projector.compare
        )
        assert report.ok, report
        assert prove_mirror(town.url, PLATFORM, town.clock.now()).one_to_one
    assert not town.troubles()
