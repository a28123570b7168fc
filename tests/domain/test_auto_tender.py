"""The diversified auto-tender: fair turns, parts that spread, no fen that is not there."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from domain.auto_tender import ROUND_FEN, Offer, Wanted, spread

NAMES = ("ann", "bob", "eve", "lucy", "max", "zoe")
MONEY = st.integers(0, 5_000_00)


def test_a_loan_is_spread_in_the_order_of_the_line() -> None:
    line = deque(["ann", "bob", "eve"])
    rich = dict.fromkeys(line, 10_000_00)
    assert spread([Wanted("L1", 600_00, 2)], line, rich) == (
        Offer("L1", "ann", 300_00),
        Offer("L1", "bob", 300_00),
    )
    assert list(line) == ["eve", "ann", "bob"]  # Who was given something stands at the end.


def test_parts_are_whole_hundreds_where_the_loan_allows_it() -> None:
    line = deque(NAMES)
    rich = dict.fromkeys(line, 10_000_00)
    amounts = [offer.amount_fen for offer in spread([Wanted("L1", 1_000_00, 3)], line, rich)]
    assert amounts == [300_00, 300_00, 300_00, 100_00]
    small = [offer.amount_fen for offer in spread([Wanted("L2", 250_00, 3)], line, rich)]
    assert small == [83_33, 83_33, 83_33, 1]


def test_who_has_too_little_or_a_part_already_is_passed_over() -> None:
    line = deque(["ann", "bob", "eve"])
    free = {"ann": 99_99, "bob": 500_00, "eve": 500_00}
    wanted = Wanted("L1", 100_00, 1, frozenset({"bob"}))
    assert spread([wanted], line, free) == (Offer("L1", "eve", 100_00),)
    assert spread([wanted], deque(["ann", "bob"]), free) == ()


def test_money_placed_in_one_loan_is_not_placed_in_the_next() -> None:
    line = deque(["ann"])
    loans = [Wanted("L1", 300_00, 1), Wanted("L2", 300_00, 1)]
    assert spread(loans, line, {"ann": 599_99}) == (Offer("L1", "ann", 300_00),)


def test_nobody_there_nobody_is_offered_anything() -> None:
    assert spread([Wanted("L1", 1_00, 1)], deque(), {}) == ()
    assert spread([], deque(NAMES), {}) == ()


@given(
    st.lists(
        st.tuples(st.integers(1, 9_000_00), st.integers(0, 8), st.sets(st.sampled_from(NAMES)))
    ),
    st.dictionaries(st.sampled_from(NAMES), MONEY),
    st.permutations(NAMES),
)
def test_no_more_than_is_wanted_than_is_there_than_a_part_than_once(
    wishes: list[tuple[int, int, set[str]]], free_fen: Mapping[str, int], order: list[str]
) -> None:
    loans = [
        Wanted(f"L{number}", left_fen, investors, frozenset(holders))
        for number, (left_fen, investors, holders) in enumerate(wishes)
    ]
    line = deque(order)
    offers = spread(loans, line, free_fen)
    assert sorted(line) == sorted(NAMES)
    assert all(offer.amount_fen > 0 for offer in offers)
    assert len({(offer.loan_id, offer.investor_id) for offer in offers}) == len(offers)
    spent: Counter[str] = Counter()
    for offer in offers:
        spent[offer.investor_id] += offer.amount_fen
    assert all(spent[name] <= free_fen.get(name, 0) for name in NAMES)
    for loan in loans:
        given_fen = [offer.amount_fen for offer in offers if offer.loan_id == loan.loan_id]
        assert sum(given_fen) <= loan.left_fen
        assert max(given_fen, default=0) <= max(1, loan.left_fen // max(1, loan.investors))
        whole = loan.left_fen // max(1, loan.investors) >= ROUND_FEN
        assert not whole or all(fen % ROUND_FEN == 0 for fen in given_fen[:-1])
        takers = {offer.investor_id for offer in offers if offer.loan_id == loan.loan_id}
        assert not takers & loan.holders
