from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.custody.batch_family.batches import batches_of, request_named
from adapters.custody.batch_family.requests import NotCarried
from domain.accounts import INCOME_ACCOUNT, MARKETING_ACCOUNT, RESERVE_ACCOUNT
from domain.purposes import Purpose
from tests.adapters.custody.batch_family.scenes import (
    ADVANCE,
    ANN,
    BOB,
    DISBURSEMENT,
    REPAYMENT,
    TWO_LINES,
    execute,
    leg,
    lent,
    repaid,
)


def test_a_disbursement_is_one_batch_whose_last_line_carries_the_fees() -> None:
    (batch,) = batches_of(DISBURSEMENT)
    assert (batch.service, batch.mark) == ("batchLendPay", "R-1")
    assert [line.order_no for line in batch.lines] == ["R-1.1", "R-1.2"]
    assert [len(line.fees) for line in batch.lines] == [0, 2]


def test_a_repayment_that_pays_the_reserve_back_is_two_parts_of_one_request() -> None:
    first, second = batches_of(REPAYMENT)
    assert [first.service, second.service] == ["batchRepay", "batchRepayBail"]
    assert [len(each.lines[0].fees) for each in (first, second)] == [1, 0]
    assert first.mark != second.mark
    assert [request_named(each.mark) for each in (first, second)] == [("R-1", False)] * 2


def test_a_repayment_of_a_fee_alone_has_a_line_without_principal() -> None:
    fee = leg(1, Purpose.FEE, BOB, INCOME_ACCOUNT, 50, freeze_request_no="H-1.1")
    (batch,) = batches_of(execute(fee))
    assert batch.service == "batchRepay"
    assert [(line.principal_fen, line.fees) for line in batch.lines] == [(0, (fee,))]


def test_principal_is_the_amount_without_its_interest() -> None:
    (batch,) = batches_of(TWO_LINES)
    assert [line.principal_fen for line in batch.lines] == [400, 300]


def test_what_failed_is_ordered_again_under_numbers_that_name_the_old() -> None:
    (batch,) = batches_of(TWO_LINES)
    again = batch.again(batch.lines[1:])
    assert [line.order_no for line in again.lines] == ["R-1.2~2"]
    assert request_named(again.mark) == ("R-1", False)
    assert [line.order_no for line in again.again(again.lines).lines] == ["R-1.2~3"]
    assert request_named(batch.mark) == ("R-1", True)


def test_a_batch_number_follows_from_the_batch_and_differs_by_try_attempt_and_request() -> None:
    (batch,) = batches_of(TWO_LINES)
    (other,) = batches_of(replace(TWO_LINES, request_no="R-2"))
    numbers = [
        batch.number(0),
        batch.number(1),
        batch.again(batch.lines).number(0),
        other.number(0),
    ]
    assert len(set(numbers)) == len(numbers)
    assert all(len(each) == 6 and each.isdigit() for each in numbers)
    (same,) = batches_of(TWO_LINES)
    assert same.number(0) == batch.number(0)


def test_an_indirect_advance_is_a_line_for_each_two_legs() -> None:
    (batch,) = batches_of(ADVANCE)
    assert (batch.service, batch.mark) == ("batchBailRepay", "R-1")
    assert [line.order_no for line in batch.lines] == ["R-1.1", "R-1.3"]
    assert [line.passed_on for line in batch.lines] == [ADVANCE.legs[1], ADVANCE.legs[3]]
    assert [line.principal_fen for line in batch.lines] == [400, 300]


def test_an_advance_that_is_not_passed_on_is_never_ordered() -> None:
    for legs in (ADVANCE.legs[:3], ADVANCE.legs[1:]):
        with pytest.raises(ValueError, match="zip"):
            batches_of(replace(ADVANCE, legs=legs))


@pytest.mark.parametrize(
    "legs",
    [
        (leg(1, Purpose.BANK_ADJUSTMENT, ANN, BOB, 1),),
        # A contribution has no place at a repayment, nor a fee with the reserve's payout.
        (repaid(1, ANN, 5), leg(2, Purpose.RESERVE_CONTRIBUTION, BOB, RESERVE_ACCOUNT, 1)),
        (
            leg(1, Purpose.RESERVE_PAYOUT, RESERVE_ACCOUNT, ANN, 5),
            leg(2, Purpose.FEE, BOB, INCOME_ACCOUNT, 1),
        ),
        # A fee out of another purse than its line's.
        (repaid(1, ANN, 5), leg(2, Purpose.FEE, BOB, INCOME_ACCOUNT, 1)),
        (lent(1, ANN, 5), leg(2, Purpose.FEE, MARKETING_ACCOUNT, INCOME_ACCOUNT, 1)),
    ],
)
def test_what_the_protocol_has_no_order_for_is_not_carried(legs: tuple[object, ...]) -> None:
    with pytest.raises(NotCarried, match="purpose"):
        batches_of(execute(*legs))  # type: ignore[arg-type]


def test_a_movement_id_must_fit_into_the_banks_order_number() -> None:
    too_long = replace(repaid(1, ANN, 5), movement_id="x" * 41)
    with pytest.raises(ValueError, match="movement_id: at most 40"):
        batches_of(execute(too_long))
