from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import cashbook as cb
from domain import shortfall as s
from domain.accounts import OUTSIDE
from domain.cashbook import Leg
from domain.purposes import Purpose
from tests.exemplars import a_movement

LUCY, MAX = "lucy:investor", "max:investor"
DAY = date(2018, 1, 31)


def debited(account: str, fen: int, there_fen: int, record: str = "1") -> cb.BankMovementRecorded:
    entry_id = f"B-{record}"
    movement_id = cb.movement_id(entry_id, 1)
    return cb.record(
        cb.INITIAL,
        entry_id,
        a_movement(Purpose.BANK_ADJUSTMENT, account, OUTSIDE, amount_fen=fen, id=movement_id),
        bank_record=record,
        bank_date=DAY,
        origin=None,
        payer_available_fen=there_fen,
    )


def after(*events: s.ShortfallEvent) -> s.Shortfalls:
    state = s.INITIAL
    for event in events:
        state = s.evolve(state, event)
    return state


def claims(*amounts: tuple[str, int]) -> s.Shortfalls:
    events = [
        each
        for number, (account, fen) in enumerate(amounts, start=1)
        for each in s.claim(debited(account, fen, 0, str(number)))
    ]
    return after(*events)


def test_what_the_account_could_not_bear_is_claimed() -> None:
    assert s.claim(debited(LUCY, 300, 100)) == (
        s.ShortfallClaimed(
            entry_id="B-1",
            account=LUCY,
            amount_fen=200,
            bank_record="1",
            bank_date=DAY,
            owner="finance",
        ),
    )


@pytest.mark.parametrize("there_fen", [300, 301])
def test_what_it_could_bear_leaves_no_claim(there_fen: int) -> None:
    assert s.claim(debited(LUCY, 300, there_fen)) == ()


def test_money_pays_the_oldest_claim_of_its_account_first() -> None:
    state = claims((LUCY, 200), (MAX, 50), (LUCY, 300))
    first, second = s.cover(state, LUCY, 250, "C-r1")
    assert first == s.ShortfallCovered(
        entry_id="B-1",
        account=LUCY,
        amount_fen=200,
        left_fen=0,
        covered_by="C-r1",
        legs=(Leg(LUCY, -200, 0), Leg(cb.SHORTFALL, 200, 0)),
    )
    assert (second.entry_id, second.amount_fen, second.left_fen) == ("B-3", 50, 250)
    left = s.evolve(s.evolve(state, first), second)
    assert left.open == {"B-2": s.Claim(MAX, 50), "B-3": s.Claim(LUCY, 250)}
    [third] = s.cover(left, LUCY, 1_000, "C-r2")
    assert (third.entry_id, third.amount_fen, third.left_fen) == ("B-3", 250, 0)


def test_no_more_is_taken_than_is_owed() -> None:
    state = claims((LUCY, 200), (MAX, 50))
    [cover] = s.cover(state, LUCY, 1_000, "R-p1")
    assert (cover.amount_fen, cover.left_fen) == (200, 0)
    assert s.cover(state, "bob:borrower", 1_000, "R-p1") == ()
    assert s.cover(state, LUCY, 0, "R-p1") == ()


@given(
    st.lists(
        st.tuples(st.sampled_from([LUCY, MAX]), st.integers(-500, 500).filter(bool)), max_size=30
    )
)
def test_whatever_comes_and_goes(steps: list[tuple[str, int]]) -> None:
    """Money in (above zero) and forced debits, in any order: no account is below zero, one that
    owes has nothing, what all have less what they owe is what came in less what was taken."""
    state = s.INITIAL
    there = {LUCY: 0, MAX: 0}
    book_fen = 0  # What `shortfall` stands at.
    for number, (account, fen) in enumerate(steps):
        if fen > 0:
            there[account] += fen
        else:
            debit = debited(account, -fen, there[account], str(number))
            for leg in debit.legs:
                if leg.account == account:
                    there[account] += leg.available_fen
                elif leg.account == cb.SHORTFALL:
                    book_fen += leg.available_fen
            for event in s.claim(debit):
                state = s.evolve(state, event)
        for cover in s.cover(state, account, there[account], f"C-{number}"):
            assert sum(leg.available_fen + leg.frozen_fen for leg in cover.legs) == 0
            [mine] = [leg for leg in cover.legs if leg.account == account]
            [book] = [leg for leg in cover.legs if leg.account == cb.SHORTFALL]
            there[account] += mine.available_fen
            book_fen += book.available_fen
            state = s.evolve(state, cover)
        owed = {name: state.owed_fen(name) for name in there}
        assert all(fen >= 0 for fen in there.values())
        assert not any(owed[name] and there[name] for name in there)
        assert sum(owed.values()) == -book_fen
        came = {name: sum(fen for to, fen in steps[: number + 1] if to == name) for name in there}
        assert {name: there[name] - owed[name] for name in there} == came
