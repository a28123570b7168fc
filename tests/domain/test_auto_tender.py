"""The diversified auto-tender: fair turns, parts that spread, no fen that is not there, and nothing
beyond what a lender allowed."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import auto_tender
from domain import loan_events as e
from domain.auto_tender import (
    INITIAL,
    ROUND_FEN,
    AutoTender,
    AutoTenderSet,
    LoanSpread,
    Offer,
    Purse,
    Wanted,
    lent_by,
    spread,
)
from domain.loan import Loan
from domain.model import Refused
from tests.exemplars import disbursed, folded, published

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


# -- a lender's rules ---------------------------------------------------------------------


def rules(member_id: str, **changes: Any) -> AutoTenderSet:
    usual: dict[str, Any] = {
        "per_loan_fen": 10**9,
        "per_borrower_fen": 10**9,
        "keep_fen": 0,
        "grades": (),
        "periods_max": 600,
    }
    return AutoTenderSet(member_id=member_id, **usual | changes)


def line(*all_rules: AutoTenderSet) -> AutoTender:
    known = INITIAL
    for each in all_rules:
        known = auto_tender.evolve(known, each)
    return known


def decided(
    known: AutoTender,
    loan: Loan,
    *,
    investors: int = 2,
    others: Sequence[Loan] = (),
    purses: Mapping[str, Purse] | None = None,
    tenders_max: int = 990,
) -> LoanSpread:
    rich = {name: Purse(10**9, 10**9) for name in known.line}
    return auto_tender.spread_loan(
        known, "s1", loan, investors, [loan, *others], purses or rich, tenders_max
    )


def amounts(spread_loan: LoanSpread) -> dict[str, int]:
    return {offer.investor_id: offer.amount_fen for offer in spread_loan.offers}


def a_loan(amount_fen: int = 1_000_00, **changes: Any) -> Loan:
    return folded(published(amount_fen=amount_fen, **changes))


def test_a_part_is_cut_to_what_the_lender_allows_and_to_whole_hundreds() -> None:
    known = line(rules("ann", per_loan_fen=350_00), rules("dan"), rules("eve"))
    assert amounts(decided(known, a_loan())) == {"ann": 300_00, "dan": 500_00, "eve": 200_00}


def test_grade_term_and_the_borrower_himself_are_passed_over() -> None:
    known = line(
        rules("ann", grades=("B", "C")), rules("bob"), rules("eve", periods_max=11), rules("max")
    )
    assert amounts(decided(known, a_loan(borrower_id="bob"))) == {"max": 500_00}


def test_what_is_lent_to_the_borrower_already_counts() -> None:
    known = line(rules("i0", per_loan_fen=6_000_00, per_borrower_fen=6_500_00), rules("bob2"))
    other = disbursed(loan_id="L0")  # i0 lent 6,000 yuan, i1 4,000.
    assert lent_by([other]) == {"i0": 6_000_00, "i1": 4_000_00}
    spread_loan = decided(known, a_loan(10_000_00), others=[other])
    assert amounts(spread_loan) == {"i0": 500_00, "bob2": 5_000_00}


def test_what_is_kept_and_what_the_bank_allows_at_once_are_not_touched() -> None:
    known = line(rules("ann", keep_fen=200_00), rules("dan"), rules("eve"))
    purses = {"ann": Purse(500_00, 10**9), "dan": Purse(10**9, 150_00)}
    spread_loan = decided(known, a_loan(), purses=purses)
    assert amounts(spread_loan) == {"ann": 300_00, "dan": 100_00}


def test_who_was_served_stands_at_the_end_and_new_rules_keep_the_place() -> None:
    known = line(rules("ann"), rules("dan"), rules("eve"))
    spread_loan = decided(known, a_loan())
    known = auto_tender.evolve(known, spread_loan)
    assert list(known.line) == ["eve", "ann", "dan"]
    known = auto_tender.evolve(known, rules("ann", keep_fen=1))
    assert list(known.line) == ["eve", "ann", "dan"]
    assert known.line["ann"].keep_fen == 1
    known = auto_tender.evolve(known, auto_tender.stop(known, "eve"))
    assert list(known.line) == ["ann", "dan"]


def test_refusals() -> None:
    with pytest.raises(Refused) as refused:
        decided(line(rules("ann", grades=("Z",))), a_loan())
    assert refused.value.code == "auto_tender_nobody"
    with pytest.raises(Refused) as refused:
        auto_tender.stop(INITIAL, "ann")
    assert refused.value.code == "auto_tender_not_set"
    with pytest.raises(Refused) as refused:
        auto_tender.set_rules(rules("ann", per_loan_fen=2, per_borrower_fen=1))
    assert refused.value.code == "limits_contradict"


def test_a_loan_has_no_more_tenders_than_one_may_have() -> None:
    known = line(rules("ann"), rules("dan"), rules("eve"))
    assert len(decided(known, a_loan(), investors=3, tenders_max=2).offers) == 2


def tendered(loan: Loan, found: LoanSpread) -> Loan:
    reserved = [
        e.TenderReserved(
            loan_id=offer.loan_id,
            tender_id=f"t-{offer.loan_id}-{offer.investor_id}",
            investor_id=offer.investor_id,
            amount_fen=offer.amount_fen,
        )
        for offer in found.offers
    ]
    return folded(reserved, loan)


@given(st.data())
def test_nothing_is_placed_beyond_rules_purse_and_loan(data: st.DataObject) -> None:
    """Loans of two borrowers, one after the other, as the writer does it."""
    fen = st.integers(1, 3_000_00)
    known = INITIAL
    purses: dict[str, Purse] = {}
    for name in data.draw(st.permutations(NAMES)):
        per_loan_fen = data.draw(fen)
        known = auto_tender.evolve(
            known,
            rules(
                name,
                per_loan_fen=per_loan_fen,
                per_borrower_fen=per_loan_fen + data.draw(fen),
                keep_fen=data.draw(st.integers(0, 500_00)),
                grades=data.draw(st.sampled_from(((), ("A",), ("B",)))),
                periods_max=data.draw(st.sampled_from((6, 12))),
            ),
        )
        purses[name] = Purse(data.draw(st.integers(0, 5_000_00)), data.draw(fen))
    lent: Counter[tuple[str, str]] = Counter()
    loans: dict[str, list[Loan]] = {"bob2": [], "zoe": []}
    for number in range(data.draw(st.integers(1, 5))):
        borrower = data.draw(st.sampled_from(sorted(loans)))
        loan = a_loan(data.draw(fen), loan_id=f"L{number}", borrower_id=borrower)
        before = dict(known.line)
        investors = data.draw(st.integers(1, 8))
        others = list(loans[borrower])
        try:
            found = decided(known, loan, investors=investors, others=others, purses=purses)
        except Refused:
            continue
        again = decided(known, loan, investors=investors, others=others, purses=purses)
        assert again == found
        assert sum(amounts(found).values()) <= loan.known().amount_fen
        for lender, amount_fen in amounts(found).items():
            mine = before[lender]
            lent[lender, borrower] += amount_fen
            assert 0 < amount_fen <= min(mine.per_loan_fen, purses[lender].at_once_fen)
            assert lent[lender, borrower] <= mine.per_borrower_fen
            assert purses[lender].free_fen - amount_fen >= mine.keep_fen
            assert lender != borrower
            assert (not mine.grades or "A" in mine.grades) and mine.periods_max >= 12
            purse = purses[lender]
            purses[lender] = purse._replace(free_fen=purse.free_fen - amount_fen)
        loans[borrower].append(tendered(loan, found))
        known = auto_tender.evolve(known, found)
        assert set(known.line) == set(before)
