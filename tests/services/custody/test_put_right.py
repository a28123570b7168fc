"""What two people put right reaches the real stand-in bank, and both sides hold the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.custody.service_family.accounts import user_no
from domain import commands as c
from domain.accounts import Role
from domain.purposes import Purpose
from infra.postgres import EmbeddedPostgres
from infra.settings import BankFamily
from services.custody.contradictions import TakenBack
from services.projections.projector import Projector
from services.reconciliation.breaks import BreakClass
from services.reconciliation.reconciler import Reconciler
from services.reconciliation.results import Verdict
from tests.exemplars import ANN, BEN, command
from tests.services.custody.town import (
    DAY,
    PLATFORM,
    Town,
    join,
    lend,
    open_books,
    opened_town,
)


@pytest.fixture
def family() -> BankFamily:
    return BankFamily.SERVICE


@pytest.fixture
def lent(
    postgres: EmbeddedPostgres, database: str, tmp_path: Path, family: BankFamily
) -> Iterator[Town]:
    """A loan is out, of which the platform has a fee of 1,000 fen; Ann has 10,000."""
    with opened_town(postgres, database, tmp_path, family) as town:
        open_books(town)
        by_two(town, c.AppointOperators, operators=(ANN.operator, BEN.operator))
        join(town, "ann", Role.INVESTOR, "1111", 60_000)
        join(town, "bea", Role.INVESTOR, "2222", 60_000)
        join(town, "bob", Role.BORROWER, "3333", 5_000)
        lend(town)
        yield town


def by_two(town: Town, kind: type[c.Command], **fields: Any) -> None:
    (receipt,) = town.writer.submit([command(kind, platform=PLATFORM, **fields)])
    assert receipt.outcome == "accepted", receipt


@pytest.mark.parametrize("family", BankFamily)
def test_a_fee_goes_back(lent: Town) -> None:
    before = lent.book()["bob:borrower"]
    by_two(
        lent,
        c.ReverseMovement,
        reversal_id="v1",
        movement_id="D-L1-1.3",
        amount_fen=400,
        reason="by the old rate",
    )
    lent.settle()
    assert lent.states("Q-v1")[-1] == "settled"
    assert lent.book()["platform:income"] == (600, 0)
    assert lent.book()["bob:borrower"] == (before[0] + 400, 0)
    lent.check_bank()


def test_a_debit_that_met_held_money_is_covered_by_what_the_bank_refused(lent: Town) -> None:
    """A withdrawal is held in the book and not yet at the bank, which takes a part of it. The
    platform pays a part of what lacks meanwhile, which comes too much in the end."""
    lent.do(
        c.RequestWithdrawal,
        withdrawal_id="w1",
        member_id="ann",
        role=Role.INVESTOR,
        binding_id="card-ann",
        amount_fen=9_000,
    )
    lent.bank.control(
        "adjust", platformUserNo=user_no("ann:investor"), amount="30.00", direction="OUT"
    )
    lent.do(
        c.RecordBankMovement,
        bank_record="ADJ.1",
        purpose=Purpose.BANK_ADJUSTMENT,
        account="ann:investor",
        amount_fen=3_000,
        credit=False,
        bank_date=DAY,
    )
    assert lent.book()["ann:investor"] == (0, 9_000)
    by_two(lent, c.CoverShortfall, cover_id="g1", entry_id="B-ADJ.1", amount_fen=500)
    lent.settle()
    assert lent.states("W-w1.1")[-1] == "refused"
    assert lent.states("SC-g1")[-1] == "settled"
    assert lent.book()["ann:investor"] == (7_500, 0)
    assert lent.book()["platform:income"] == (500, 0)
    lent.check_bank()
    assert not lent.troubles()


def test_the_days_files_tell_of_the_debit_and_the_cover_closes_its_break(lent: Town) -> None:
    lent.do(
        c.RequestWithdrawal,
        withdrawal_id="w1",
        member_id="ann",
        role=Role.INVESTOR,
        binding_id="card-ann",
        amount_fen=9_000,
    )
    lent.bank.control(
        "adjust", platformUserNo=user_no("ann:investor"), amount="30.00", direction="OUT"
    )
    lent.next_day()
    with (
        closing(Projector(lent.url, PLATFORM)) as projector,
        closing(TakenBack(lent.url, PLATFORM)) as taken_back,
        closing(
            Reconciler(
                lent.url,
                PLATFORM,
                lent.custodian,
                lent.writer,
                lent.clock,
                projector.catch_up,
                taken_back,
            )
        ) as reconciler,
    ):
        first = reconciler.reconcile(DAY)
        assert (first.verdict, first.taken_in) == (Verdict.BREAKS, 1)
        [found] = reconciler.records.breaks()
        assert (found.kind, found.bank_fen, found.book_fen) == (BreakClass.SHORTFALL, 2_000, 0)

        lent.settle()
        assert lent.states("W-w1.1")[-1] == "refused"
        assert lent.book()["ann:investor"] == (7_000, 0)
        lent.next_day()
        assert reconciler.reconcile(DAY + timedelta(days=1)).verdict is Verdict.RECONCILED
        assert reconciler.records.breaks() == []
        *_, last = reconciler.records.history(found.break_id)
        assert (last.what, last.note) == ("resolved", "covered by W-w1")
        day = reconciler.records.day(DAY)
        assert day is not None
        assert day.verdict.clean
        assert day.confirmed_at is not None
    lent.check_bank()
