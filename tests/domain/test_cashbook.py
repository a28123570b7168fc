"""The cash book: what each step sets aside and moves, and that nothing is made or lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import cashbook as cb
from domain.accounts import INCOME_ACCOUNT, OUTSIDE, RESERVE_ACCOUNT
from domain.cashbook import Leg, Movement
from domain.funding import TENDERS_MAX
from domain.model import InvariantBroken, Refused
from domain.purposes import MATRIX, Purpose, Shape
from domain.refusals import Code
from tests.exemplars import TODAY, a_movement

LUCY, MAX, BOB = "lucy:investor", "max:investor", "bob:borrower"
GUS = "gus:guarantor"
FREEZE = {"freeze": "T-1.1"}


def requested(*movements: Movement) -> cb.EntryRequested:
    return cb.request(cb.INITIAL, "M-1", "L1", "x", movements)


def steps(*movements: Movement) -> tuple[cb.EntryRequested, cb.EntrySettled, cb.EntryRejected]:
    asked = requested(*movements)
    state = cb.evolve(cb.INITIAL, asked)
    return asked, cb.settle(state, TODAY), cb.reject(state, "E1")


def move(purpose: Purpose, payer: str, payee: str, fen: int, **changes: Any) -> Movement:
    return a_movement(purpose, payer, payee, amount_fen=fen, **changes)


# movements -> what the request holds, what the settlement posts
LEGS: dict[str, tuple[list[Movement], list[Leg], list[Leg]]] = {
    "a recharge holds nothing": (
        [move(Purpose.RECHARGE, OUTSIDE, LUCY, 5)],
        [],
        [Leg(OUTSIDE, -5, 0), Leg(LUCY, 5, 0)],
    ),
    "a withdrawal is held until the bank paid it": (
        [move(Purpose.WITHDRAWAL, LUCY, OUTSIDE, 5)],
        [Leg(LUCY, -5, 5)],
        [Leg(LUCY, 0, -5), Leg(OUTSIDE, 5, 0)],
    ),
    "a freeze stays frozen": (
        [move(Purpose.TENDER, LUCY, LUCY, 5)],
        [Leg(LUCY, -5, 5)],
        [],
    ),
    "a release gives it back": (
        [move(Purpose.TENDER_RELEASE, LUCY, LUCY, 5, **FREEZE)],
        [],
        [Leg(LUCY, 5, -5)],
    ),
    "a disbursement pays its fees out of what arrives": (
        [
            move(Purpose.DISBURSEMENT, LUCY, BOB, 60, **FREEZE),
            move(Purpose.DISBURSEMENT, MAX, BOB, 40, **FREEZE),
            move(Purpose.FEE, BOB, INCOME_ACCOUNT, 2),
            move(Purpose.RESERVE_CONTRIBUTION, BOB, RESERVE_ACCOUNT, 1),
        ],
        [],
        [
            Leg(LUCY, 0, -60),
            Leg(BOB, 97, 0),
            Leg(MAX, 0, -40),
            Leg(INCOME_ACCOUNT, 2, 0),
            Leg(RESERVE_ACCOUNT, 1, 0),
        ],
    ),
    "a repayment consumes its hold": (
        [
            move(Purpose.REPAYMENT, BOB, LUCY, 6, **FREEZE),
            move(Purpose.SUBROGATED_RECOVERY, BOB, RESERVE_ACCOUNT, 3, **FREEZE),
            move(Purpose.FEE, BOB, INCOME_ACCOUNT, 1, **FREEZE),
        ],
        [],
        [
            Leg(BOB, 0, -10),
            Leg(LUCY, 6, 0),
            Leg(RESERVE_ACCOUNT, 3, 0),
            Leg(INCOME_ACCOUNT, 1, 0),
        ],
    ),
    "a payout is held on the reserve, one leg for the same investor twice": (
        [
            move(Purpose.RESERVE_PAYOUT, RESERVE_ACCOUNT, LUCY, 6),
            move(Purpose.RESERVE_PAYOUT, RESERVE_ACCOUNT, LUCY, 4),
        ],
        [Leg(RESERVE_ACCOUNT, -10, 10)],
        [Leg(RESERVE_ACCOUNT, 0, -10), Leg(LUCY, 10, 0)],
    ),
    "an advance passes through the borrower and leaves him as he was": (
        [
            move(Purpose.GUARANTEE_ADVANCE, GUS, BOB, 6, **FREEZE),
            move(Purpose.ADVANCE_PASSED_ON, BOB, LUCY, 6),
            move(Purpose.GUARANTEE_ADVANCE, GUS, BOB, 4, **FREEZE),
            move(Purpose.ADVANCE_PASSED_ON, BOB, MAX, 4),
        ],
        [],
        [Leg(GUS, 0, -10), Leg(LUCY, 6, 0), Leg(MAX, 4, 0)],
    ),
    "a guarantor's money is held, and given back": (
        [move(Purpose.GUARANTEE_HOLD, GUS, GUS, 10)],
        [Leg(GUS, -10, 10)],
        [],
    ),
    "the borrower pays the guarantor back out of a repayment's hold": (
        [
            move(Purpose.REPAYMENT, BOB, LUCY, 6, **FREEZE),
            move(Purpose.GUARANTEE_RECOVERY, BOB, GUS, 3, **FREEZE),
        ],
        [],
        [Leg(BOB, 0, -9), Leg(LUCY, 6, 0), Leg(GUS, 3, 0)],
    ),
    "a claim is paid for out of a hold, and its seller's fee out of what he gets": (
        [
            move(Purpose.ASSIGNMENT, MAX, LUCY, 10, **FREEZE),
            move(Purpose.ASSIGNMENT_FEE, LUCY, INCOME_ACCOUNT, 1),
        ],
        [],
        [Leg(MAX, 0, -10), Leg(LUCY, 9, 0), Leg(INCOME_ACCOUNT, 1, 0)],
    ),
    "a surplus is held too": (
        [move(Purpose.RESERVE_SURPLUS, RESERVE_ACCOUNT, INCOME_ACCOUNT, 5)],
        [Leg(RESERVE_ACCOUNT, -5, 5)],
        [Leg(RESERVE_ACCOUNT, 0, -5), Leg(INCOME_ACCOUNT, 5, 0)],
    ),
}


@pytest.mark.parametrize(("movements", "holds", "posts"), LEGS.values(), ids=LEGS.keys())
def test_legs(movements: list[Movement], holds: list[Leg], posts: list[Leg]) -> None:
    asked, settled, rejected = steps(*movements)
    assert list(asked.legs) == holds
    assert list(settled.legs) == posts
    assert list(rejected.legs) == [Leg(leg.account, -leg[1], -leg[2]) for leg in holds]
    assert settled.movement_ids == rejected.movement_ids == tuple(m.id for m in movements)


def net_of(legs: Sequence[Leg]) -> int:
    return sum(leg.available_fen + leg.frozen_fen for leg in legs)


ADVANCE = {Purpose.GUARANTEE_ADVANCE, Purpose.ADVANCE_PASSED_ON}
ALONE = [p for p in Purpose if p not in {*ADVANCE, Purpose.ASSIGNMENT_FEE}]


@st.composite
def movements(draw: st.DrawFn) -> Movement:
    purpose = draw(st.sampled_from(ALONE))
    rule = MATRIX[purpose]

    def account(roles: Any) -> str:
        role = draw(st.sampled_from(sorted(roles)))
        owner = draw(st.sampled_from(("lucy", "max", "bob")))
        return OUTSIDE if role == OUTSIDE else f"{owner}:{role}"

    payer, payee = account(rule.payers), account(rule.payees)
    if rule.shape in {Shape.FREEZE, Shape.RELEASE}:
        payee = payer
    frozen = rule.needs is not None or (purpose is Purpose.FEE and draw(st.booleans()))
    amount_fen = draw(st.integers(1, 10**15))
    return move(purpose, payer, payee, amount_fen, freeze="T-1.1" if frozen else None)


@settings(derandomize=True, max_examples=200)
@given(st.lists(movements(), min_size=1, max_size=8))
def test_no_step_makes_or_loses_a_fen(entry: list[Movement]) -> None:
    asked, settled, rejected = steps(*entry)
    assert net_of(asked.legs) == net_of(settled.legs) == net_of(rejected.legs) == 0
    undone = cb.net((*asked.legs, *rejected.legs))
    assert undone == ()
    assert all(leg.frozen_fen == 0 for leg in settled.legs if leg.account == OUTSIDE)
    whole = Counter[str]()
    for leg in (*asked.legs, *settled.legs):
        whole[leg.account] += leg.available_fen + leg.frozen_fen
    expected = Counter[str]()
    for movement in entry:
        expected[movement.payer] -= movement.amount_fen
        expected[movement.payee] += movement.amount_fen
    assert {k: v for k, v in whole.items() if v} == {k: v for k, v in expected.items() if v}


@st.composite
def advances(draw: st.DrawFn) -> list[Movement]:
    amount_fen = draw(st.integers(1, 10**15))
    interest_fen = draw(st.integers(0, amount_fen))
    guarantor = draw(st.sampled_from((GUS, "max:guarantor")))
    borrower = draw(st.sampled_from((BOB, "eve:borrower")))
    investor = draw(st.sampled_from((LUCY, MAX)))
    parts = {"interest_fen": interest_fen}
    return [
        move(Purpose.GUARANTEE_ADVANCE, guarantor, borrower, amount_fen, **FREEZE, **parts),
        move(Purpose.ADVANCE_PASSED_ON, borrower, investor, amount_fen, **parts),
    ]


@settings(derandomize=True, max_examples=200)
@given(st.lists(advances(), min_size=1, max_size=4))
def test_an_advance_never_touches_the_borrower(pairs: list[list[Movement]]) -> None:
    """Not one step of it, whatever he has: an account that holds nothing stays at nothing."""
    entry = [movement for pair in pairs for movement in pair]
    asked, settled, rejected = steps(*entry)
    assert asked.legs == rejected.legs == ()
    assert not any(leg.account.endswith(":borrower") for leg in settled.legs)
    assert net_of(settled.legs) == 0
    paid_fen = sum(-leg.frozen_fen for leg in settled.legs if leg.account.endswith(":guarantor"))
    got_fen = sum(leg.available_fen for leg in settled.legs if leg.account.endswith(":investor"))
    assert paid_fen == got_fen == sum(first.amount_fen for first, _ in pairs)


ADVANCED = move(Purpose.GUARANTEE_ADVANCE, GUS, BOB, 6, interest_fen=1, **FREEZE)
PASSED_ON = move(Purpose.ADVANCE_PASSED_ON, BOB, LUCY, 6, interest_fen=1)


@pytest.mark.parametrize(
    "entry",
    [
        [ADVANCED],
        [PASSED_ON],
        [ADVANCED, PASSED_ON, PASSED_ON],
        [ADVANCED, msgspec.structs.replace(PASSED_ON, payer="eve:borrower")],
        [ADVANCED, msgspec.structs.replace(PASSED_ON, amount_fen=5)],
        [ADVANCED, msgspec.structs.replace(PASSED_ON, amount_fen=7)],
        [ADVANCED, msgspec.structs.replace(PASSED_ON, interest_fen=2)],
        [ADVANCED, msgspec.structs.replace(PASSED_ON, payee=INCOME_ACCOUNT)],
        [ADVANCED, msgspec.structs.replace(PASSED_ON, payee=GUS)],
        [msgspec.structs.replace(ADVANCED, payer=LUCY), PASSED_ON],
        [msgspec.structs.replace(ADVANCED, payer=RESERVE_ACCOUNT), PASSED_ON],
        [msgspec.structs.replace(ADVANCED, payee=LUCY), PASSED_ON],
        [ADVANCED, PASSED_ON, move(Purpose.FEE, BOB, INCOME_ACCOUNT, 1)],
    ],
)
def test_an_advance_goes_whole_through_the_borrower_who_got_it(entry: list[Movement]) -> None:
    with pytest.raises(Refused) as caught:
        requested(*entry)
    assert caught.value.code == Code.MOVEMENT_NOT_ALLOWED


SOLD = move(Purpose.ASSIGNMENT, MAX, LUCY, 10, **FREEZE)
SELLERS_FEE = move(Purpose.ASSIGNMENT_FEE, LUCY, INCOME_ACCOUNT, 6)


@pytest.mark.parametrize(
    "entry",
    [
        [SELLERS_FEE],
        [SOLD, SELLERS_FEE, SELLERS_FEE],
        [SOLD, msgspec.structs.replace(SELLERS_FEE, amount_fen=11)],
        [SOLD, msgspec.structs.replace(SELLERS_FEE, payer=MAX)],
    ],
)
def test_a_sellers_fee_is_of_what_he_is_paid_with_it(entry: list[Movement]) -> None:
    with pytest.raises(Refused) as caught:
        requested(*entry)
    assert caught.value.code == Code.MOVEMENT_NOT_ALLOWED


REQUESTED = cb.evolve(cb.INITIAL, requested(move(Purpose.RECHARGE, OUTSIDE, LUCY, 5)))
SETTLED = cb.evolve(REQUESTED, cb.settle(REQUESTED, TODAY))
REJECTED = cb.evolve(REQUESTED, cb.reject(REQUESTED, "E1"))


@pytest.mark.parametrize(
    ("state", "when", "code"),
    [
        (cb.INITIAL, lambda s: cb.settle(s, TODAY), Code.ENTRY_UNKNOWN),
        (cb.INITIAL, lambda s: cb.reject(s, "E1"), Code.ENTRY_UNKNOWN),
        (SETTLED, lambda s: cb.settle(s, TODAY), Code.ENTRY_CLOSED),
        (SETTLED, lambda s: cb.reject(s, "E1"), Code.ENTRY_CLOSED),
        (REJECTED, lambda s: cb.settle(s, TODAY), Code.ENTRY_CLOSED),
        (REJECTED, lambda s: cb.reject(s, "E1"), Code.ENTRY_CLOSED),
        (REQUESTED, lambda s: cb.request(s, "M-1", "L1", "x", []), Code.ID_TAKEN),
    ],
)
def test_the_banks_word_comes_once(
    state: cb.Entry, when: Callable[[cb.Entry], Any], code: Code
) -> None:
    """A hold is never voided or committed twice."""
    with pytest.raises(Refused) as caught:
        when(state)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "movement",
    [
        move(Purpose.DISBURSEMENT, LUCY, BOB, 5),
        move(Purpose.REPAYMENT, BOB, LUCY, 5),
        move(Purpose.GUARANTEE_ADVANCE, GUS, BOB, 5),
        move(Purpose.GUARANTEE_RELEASE, GUS, GUS, 5),
        move(Purpose.GUARANTEE_RECOVERY, BOB, GUS, 5),
        move(Purpose.REPAYMENT, BOB, LUCY, 5, interest_fen=6, **FREEZE),
        move(Purpose.REPAYMENT, BOB, LUCY, 5, interest_fen=-1, **FREEZE),
    ],
)
def test_a_movement_that_cannot_be_is_a_bug(movement: Movement) -> None:
    with pytest.raises(InvariantBroken):
        requested(movement)


def recorded(payer: str, payee: str, there_fen: int) -> cb.BankMovementRecorded:
    return cb.record(
        cb.INITIAL,
        "B-1",
        move(Purpose.BANK_ADJUSTMENT, payer, payee, 10),
        bank_record="1",
        bank_date=TODAY,
        origin=None,
        payer_available_fen=there_fen,
    )


@pytest.mark.parametrize(
    ("there_fen", "shortfall_fen", "legs"),
    [
        (10, 0, (Leg(LUCY, -10, 0), Leg(OUTSIDE, 10, 0))),
        (4, 6, (Leg(LUCY, -4, 0), Leg(OUTSIDE, 10, 0), Leg(cb.SHORTFALL, -6, 0))),
        (0, 10, (Leg(OUTSIDE, 10, 0), Leg(cb.SHORTFALL, -10, 0))),
    ],
)
def test_a_forced_debit_takes_what_is_there(
    there_fen: int, shortfall_fen: int, legs: tuple[Leg, ...]
) -> None:
    fact = recorded(LUCY, OUTSIDE, there_fen)
    assert (fact.shortfall_fen, fact.legs) == (shortfall_fen, legs)


def test_a_credit_of_the_bank_is_final_from_the_start() -> None:
    fact = recorded(OUTSIDE, LUCY, 0)
    assert (fact.shortfall_fen, fact.legs) == (0, (Leg(OUTSIDE, -10, 0), Leg(LUCY, 10, 0)))
    state = cb.evolve(cb.INITIAL, fact)
    with pytest.raises(Refused, match=Code.ENTRY_CLOSED):
        cb.settle(state, TODAY)
    with pytest.raises(InvariantBroken, match="not open"):
        _ = state.open


def test_a_movements_id_is_short_enough_for_the_strictest_bank() -> None:
    """40 characters, for the longest ids that callers may choose."""
    longest = "x" * 32
    assert len(cb.movement_id(f"D-{longest}-9", TENDERS_MAX + 2)) <= 40
    assert len(cb.movement_id(f"R-{longest}", TENDERS_MAX + 2)) <= 40
