"""What a guarantor owes who paid in his place: the reserve, or a co-guarantor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain import guarantee as g
from domain import guarantor_advance as advances
from domain import reimbursement, repayment, reserve_advance
from domain.loan import Loan
from domain.loan_guarantee import Contribution
from domain.policy import Provider
from domain.refusals import Code
from tests.domain.test_co_guarantors import (
    JOINT,
    SCHEME,
    SEVERAL_40,
    SEVERAL_60,
    advanced,
    co_guaranteed,
    paid,
    protected_by,
)
from tests.domain.test_guarantee import LATE, held, refused
from tests.exemplars import folded

TOGETHER = {"contribution": Contribution.SAME_DOCUMENT}


def reserve_pays(loan: Loan, part: int = 100) -> Loan:
    open_fen = {k: fen * part // 100 for k, fen in reserve_advance.open_claim(loan, 1).items()}
    number = str(part)
    loan = folded([reserve_advance.open_advance(loan, number, 1, open_fen)], loan)
    return folded(reserve_advance.finish_advance(loan, number, paid=True), loan)


def opened(loan: Loan, by: str, to: str | None, owed: dict[str, int]) -> Loan:
    return folded([reimbursement.open_reimbursement(loan, "r1", by, 1, to, owed)], loan)


def reimbursed(loan: Loan, by: str, to: str | None, owed: dict[str, int]) -> Loan:
    loan = opened(loan, by, to, owed)
    return folded([reimbursement.finish(loan, "r1", paid=True)], loan)


def holders(loan: Loan) -> dict[str, int]:
    billed = loan.billed[1]
    fen = {each.guarantor_id: each.total_fen for each in billed.advances}
    return fen | {"reserve": billed.reserve_fen, "investors": billed.investors_fen}


# -- to the reserve ---------------------------------------------------------------------------


def test_the_reserve_may_ask_each_for_what_he_stood_for() -> None:
    joint = co_guaranteed(gus=JOINT, ned=JOINT)
    both = reimbursement.of_payout(joint, 1, 300_00, ("gus", "ned"))
    assert both == {"gus": 300_00, "ned": 300_00}
    several = co_guaranteed(gus=SEVERAL_60, ned=SEVERAL_40)
    assert reimbursement.of_payout(several, 1, 300_00, ("gus", "ned")) == {
        "gus": 180_00,
        "ned": 120_00,
    }
    assert reimbursement.of_payout(several, 1, 300_00, ()) == {}
    one = advanced(several, "ned")
    assert reimbursement.of_payout(one, 1, 606_00, ("gus",)) == {"gus": 606_00}


@pytest.mark.parametrize(
    ("providers", "owed"),
    [
        ((Provider.THIRD_PARTY, Provider.RESERVE), {"pat": 300_00}),
        ((Provider.RESERVE, Provider.THIRD_PARTY), {}),
    ],
)
def test_a_third_party_owes_the_reserve_only_where_it_came_first(
    providers: tuple[Provider, ...], owed: dict[str, int]
) -> None:
    loan = protected_by(*providers, pat=SCHEME)
    assert reimbursement.of_payout(loan, 1, 300_00, ("pat",)) == owed


def test_what_he_pays_the_reserve_is_his_recourse_then() -> None:
    owed = {"gus": 1_010_00, "ned": 1_010_00}
    loan = reserve_pays(co_guaranteed(gus=JOINT, ned=JOINT))
    assert holders(loan) == {"reserve": 1_010_00, "investors": 0}
    loan = reimbursed(loan, "gus", None, owed)
    assert holders(loan) == {"gus": 1_010_00, "reserve": 0, "investors": 0}
    assert loan.billed[1].guarantor_interest_fen == 10_00
    assert reimbursement.due_fen(loan, 1, "ned", None, {"ned": 1_010_00}) == 0
    routed = held(loan, 1_010_00).routed
    assert routed is not None
    assert [(each.guarantor_id, each.total_fen) for each in routed.recourse] == [("gus", 1_010_00)]


@pytest.mark.parametrize(
    ("guarantors", "owed", "borrower_fen", "due"),
    [
        ({"gus": JOINT}, {"gus": 1_010_00}, 10_00, {"gus": 1_000_00}),
        ({"gus": JOINT}, {"gus": 400_00}, 10_00, {"gus": 400_00}),
        (
            {"gus": SEVERAL_60, "ned": SEVERAL_40},
            {"gus": 606_00, "ned": 404_00},
            510_00,
            {"gus": 300_00, "ned": 200_00},
        ),
        ({"gus": SEVERAL_60, "ned": SEVERAL_40}, {"ned": 404_00}, 0, {"gus": 0, "ned": 404_00}),
        (
            {"gus": SEVERAL_60, "ned": JOINT},
            {"gus": 606_00, "ned": 1_010_00},
            510_00,
            {"gus": 300_00, "ned": 500_00},
        ),
    ],
    ids=["joint", "of a part", "several", "of one", "mixed"],
)
def test_what_the_borrower_has_paid_back_is_no_longer_owed(
    guarantors: dict[str, Any], owed: dict[str, int], borrower_fen: int, due: dict[str, int]
) -> None:
    loan = reserve_pays(co_guaranteed(**guarantors))
    if borrower_fen:
        loan = paid(loan, borrower_fen)
    assert {name: reimbursement.due_fen(loan, 1, name, None, owed) for name in due} == due
    settled = paid(loan, 1_010_00)
    assert {reimbursement.due_fen(settled, 1, name, None, owed) for name in due} == {0}


# -- among them -------------------------------------------------------------------------------


def test_they_bear_in_equal_parts_what_they_agreed_to_bear() -> None:
    three = co_guaranteed(gus=TOGETHER, ned=TOGETHER, amy=TOGETHER, pat=JOINT)
    owed = reimbursement.of_advance(three, "gus", 1_000_01)
    assert owed == {"ned": 333_34, "amy": 333_33}
    assert reimbursement.of_advance(three, "pat", 1_000_01) == {}
    alone = co_guaranteed(gus=TOGETHER, ned=JOINT)
    assert reimbursement.of_advance(alone, "gus", 1_000_01) == {}


def test_a_part_of_what_the_borrower_has_not_paid_back_passes_over() -> None:
    loan = advanced(co_guaranteed(gus=TOGETHER, ned=TOGETHER), "gus")
    owed = reimbursement.of_advance(loan, "gus", 1_010_00)
    loan = paid(loan, 210_00)
    assert reimbursement.due_fen(loan, 1, "ned", "gus", owed) == 400_00
    assert reimbursement.due_fen(loan, 1, "gus", "ned", {}) == 0
    loan = reimbursed(loan, "ned", "gus", owed)
    assert holders(loan) == {"gus": 400_00, "ned": 400_00, "reserve": 0, "investors": 0}
    assert reimbursement.due_fen(loan, 1, "ned", "gus", owed) == 0
    assert paid(loan, 800_00).billed == {}


# -- never double -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda x: opened(x, "amy", None, {}), Code.NOT_GUARANTOR),
        (lambda x: opened(x, "gus", "amy", {"gus": 1}), Code.NOT_GUARANTOR),
        (lambda x: opened(x, "gus", "gus", {"gus": 1}), Code.NOT_GUARANTOR),
        (lambda x: opened(x, "gus", None, {}), Code.NOTHING_TO_REIMBURSE),
        (lambda x: opened(x, "ned", "gus", {"ned": 1}), Code.NOTHING_TO_REIMBURSE),
        (lambda x: opened(held(x, 10_00), "gus", None, {"gus": 1}), Code.LINES_MOVING),
        (
            lambda x: opened(opened(x, "gus", None, {"gus": 1}), "ned", None, {"ned": 1}),
            Code.LINES_MOVING,
        ),
    ],
    ids=["stranger", "to a stranger", "to himself", "owes nothing", "holds nothing", "paying", "2"],
)
def test_refused(ask: Callable[[Loan], Loan], code: Code) -> None:
    loan = reserve_pays(co_guaranteed(gus=TOGETHER, ned=TOGETHER))
    assert refused(lambda: ask(loan)) == code


def test_while_it_is_on_its_way_no_line_moves_and_what_the_bank_refuses_is_owed_still() -> None:
    loan = opened(reserve_pays(co_guaranteed(gus=JOINT)), "gus", None, {"gus": 1_010_00})
    assert held(loan, 10_00).routed is None
    refused_by_bank = folded([reimbursement.finish(loan, "r1", paid=False)], loan)
    assert holders(refused_by_bank) == {"reserve": 1_010_00, "investors": 0}
    assert not refused_by_bank.lines_moving


# -- on record --------------------------------------------------------------------------------


def test_what_he_owes_is_on_his_record_until_he_has_paid() -> None:
    arose = g.RecourseArose(
        guarantor_id="gus", claim_id="L1.1", loan_id="L1", period=1, to=None, amount_fen=5
    )
    state = g.evolve(g.evolve(g.INITIAL, arose), arose)
    assert state.recourse == {("L1.1", None): 10}
    state = g.evolve(
        state,
        g.Reimbursed(
            guarantor_id="gus", reimbursement_id="r1", claim_id="L1.1", to=None, amount_fen=7
        ),
    )
    assert state.recourse == {}


def test_an_advance_of_what_is_left_goes_with_it() -> None:
    """The reserve paid a part; he advances the rest, and pays the reserve back."""
    loan = reserve_pays(co_guaranteed(gus=JOINT), part=50)
    loan = folded([advances.open_advance(loan, "a1", "gus", 1)], loan)
    loan = folded([advances.finish(loan, "a1", paid=True)], loan)
    assert holders(loan) == {"gus": 505_00, "reserve": 505_00, "investors": 0}
    loan = reimbursed(loan, "gus", None, {"gus": 505_00})
    assert holders(loan) == {"gus": 1_010_00, "reserve": 0, "investors": 0}
    assert folded(repayment.settle(held(loan, 1_010_00), LATE), held(loan, 1_010_00)).billed == {}
