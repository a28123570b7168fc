"""提前部分还款: what a part that is paid early costs, to whom it goes, and what is left to pay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import assessment, claims, early_part, repayment
from domain import loan_events as e
from domain.credit_bureau import Told, records
from domain.early_part_events import EarlyPartBilled, EarlyPartUndone
from domain.loan import Loan, Status
from domain.loan_figures import Figure, figures
from domain.model import Refused
from domain.policy import Acceleration, EarlyRest
from domain.refusals import Code
from domain.register import Row
from domain.schedule import Method, schedule
from domain.sharing import ShareMethod
from tests.exemplars import TODAY, a_policy, disbursed, folded, only

SOON = TODAY + timedelta(days=10)  # In the first month.
DUE = date(2018, 2, 28)
FIRST_FEN = 888_49
OVERDUE = e.InstalmentOverdue | e.ClaimFiled


def lent(variant: EarlyRest = EarlyRest.LOWER_INSTALMENT, **changes: Any) -> Loan:
    """10,000 yuan at 12 % over 12 months, 6 : 4."""
    policy = {name: changes.pop(name) for name in list(changes) if name in TERMS}
    return disbursed(policy=a_policy(early_part=variant, **policy), **changes)


TERMS = {"early_compensation", "acceleration", "sharing"}


def sent(loan: Loan, fen: int, on: date = SOON) -> tuple[Loan, list[e.LoanEvent]]:
    """The payment is at the bank; and what it was routed with."""
    accepted = repayment.accept(loan, "p1", fen, in_full=False, effective_on=on, in_part=True)
    loan = folded(repayment.hold(loan, "p1"), folded(accepted, loan))
    events = list(repayment.route(loan))
    return folded(events, loan), events


def paid(loan: Loan, fen: int, on: date = SOON) -> Loan:
    loan, _ = sent(loan, fen, on)
    return folded(repayment.settle(loan, on), loan)


def to_come(loan: Loan) -> tuple[Row, ...]:
    return loan.rows[loan.next_period - 1 :]


def test_the_running_month_then_principal_each_lender_his_part() -> None:
    loan, events = sent(lent(), FIRST_FEN + 2_000_00)
    [first, early, routed] = events
    assert isinstance(first, e.InstalmentBilled)
    assert isinstance(early, EarlyPartBilled)
    assert isinstance(routed, e.RepaymentRouted)
    assert (early.period, early.principal, early.interest) == (13, (1_200_00, 800_00), (0, 0))
    assert routed.left_fen == 0
    loan = folded(repayment.settle(loan, SOON), loan)
    assert (loan.status, loan.billed, loan.early_part) == (Status.REPAYING, {}, None)
    assert sum(loan.unbilled) == 10_000_00 - 788_49 - 2_000_00


def test_as_many_instalments_that_are_lower() -> None:
    loan = paid(lent(), FIRST_FEN + 2_000_00)
    assert [(r.period, r.principal_fen, r.interest_fen) for r in to_come(loan)] == [
        (each.period + 1, each.principal_fen, each.interest_fen)
        for each in schedule(7_211_51, Decimal(12), 11, Method.EQUAL_INSTALMENT)
    ]
    assert [row.due_on for row in loan.rows] == [row.due_on for row in lent().rows]


def test_or_fewer_that_are_as_high_as_before_at_most() -> None:
    loan = paid(lent(EarlyRest.SHORTER_TERM), FIRST_FEN + 2_000_00)
    rows = [row for row in to_come(loan) if row.principal_fen]
    assert len(rows) == 9  # Eight would be 942.48 each.
    assert max(row.principal_fen + row.interest_fen for row in rows) <= FIRST_FEN
    assert sum(row.principal_fen for row in rows) == 7_211_51
    assert len(loan.rows) == 12


def test_the_fewest_instalments_of_fifty_years_are_found_in_few_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One writer decides for everybody: a schedule for each term and each sum took it 13 s."""
    drawn: list[int] = []

    def counted(principal_fen: int, rate: Decimal, periods: int, *how: Any) -> Any:
        drawn.append(periods)
        return schedule(principal_fen, rate, periods, *how)

    monkeypatch.setattr(early_part, "schedule", counted)
    before = lent(EarlyRest.SHORTER_TERM, early_compensation="1", periods=600)
    loan = paid(before, 500_00)
    left = [row for row in to_come(loan) if row.principal_fen]
    assert len(drawn) < 1_000
    highest_fen = sum(before.rows[1][2:])
    one_less = schedule(sum(loan.unbilled), Decimal(12), len(left) - 1, Method.EQUAL_INSTALMENT)
    assert sum(left[0][2:]) <= highest_fen < one_less[0].payment_fen


@pytest.mark.parametrize("variant", [EarlyRest.SHORTER_TERM, EarlyRest.LOWER_INSTALMENT])
def test_principal_that_falls_due_in_one_sum_stays_on_its_day(variant: EarlyRest) -> None:
    loan = paid(lent(variant, method=Method.INTEREST_FIRST), 100_00 + 4_000_00)
    assert [(row.principal_fen, row.interest_fen) for row in to_come(loan)] == [
        *[(0, 60_00)] * 10,
        (6_000_00, 60_00),
    ]


def test_of_one_sum_at_the_end_the_months_begun_are_paid_first() -> None:
    """Two months' interest on 10,000 yuan, then ten months' on 6,000."""
    on = DUE + timedelta(days=3)
    loan = folded(assessment.assess(lent(method=Method.BULLET), on), lent(method=Method.BULLET))
    loan, events = sent(loan, 200_00 + 4_000_00, on)
    early = only(EarlyPartBilled, events)
    assert (sum(early.principal), sum(early.interest), early.months_paid) == (4_000_00, 200_00, 2)
    loan = folded(repayment.settle(loan, on), loan)
    assert [(row.principal_fen, row.interest_fen) for row in to_come(loan)] == [
        *[(0, 0)] * 10,
        (6_000_00, 600_00),
    ]
    assert repayment.payoff_fen(loan, on) == 6_000_00
    third = loan.rows[1].due_on + timedelta(days=1)
    assert repayment.payoff_fen(folded(assessment.assess(loan, third), loan), third) == 6_060_00


def test_of_one_sum_at_the_end_a_payment_that_failed_paid_no_months() -> None:
    before = lent(method=Method.BULLET)
    loan, _ = sent(before, 100_00 + 4_000_00)
    loan = folded(repayment.fail(loan, "p1", "E1"), loan)
    assert (loan.rows, loan.months_paid) == (before.rows, 0)
    assert repayment.payoff_fen(loan, SOON) == repayment.payoff_fen(before, SOON) == 10_100_00


def test_whoever_buys_a_claim_then_pays_for_the_days_since_the_months_that_are_paid() -> None:
    """Of one sum at the end: January is paid, and 660.00 more are earned in the 337 days from
    2018-02-28 on; the claim sold is all that i0 has."""
    loan = paid(lent(method=Method.BULLET), 100_00 + 4_000_00)
    loan = folded(assessment.assess(loan, DUE), loan)
    on = DUE + timedelta(days=10)
    offered = claims.offer(loan, "a1", "t0", "i0", 3_600_00, on)
    accrued_fen = claims.accrued_fen(folded([offered], loan), "a1", on)
    assert accrued_fen == round(660_00 * 0.6 * 10 / 337)


def test_the_compensation_is_of_what_is_paid_early() -> None:
    loan, events = sent(lent(early_compensation="3"), FIRST_FEN + 2_000_00)
    early = only(EarlyPartBilled, events)
    assert (sum(early.principal), early.compensation_fen) == (1_941_75, 58_25)
    assert early.interest == (34_95, 23_30)
    assert figures(loan, SOON)[13, Figure.INTEREST] == 58_25
    assert repayment.due_fen(loan, SOON) == FIRST_FEN + 2_000_00


def test_it_is_the_interest_that_is_saved_at_most() -> None:
    loan = lent(early_compensation="50", method=Method.INTEREST_FIRST, periods=2)
    _, events = sent(loan, 100_00 + 1_010_00)
    early = only(EarlyPartBilled, events)
    assert (sum(early.principal), early.compensation_fen) == (1_000_00, 10_00)


@pytest.mark.parametrize(
    ("variant", "fen", "code"),
    [
        (EarlyRest.NONE, 5_000_00, Code.EARLY_PART_FORBIDDEN),
        (EarlyRest.SHORTER_TERM, FIRST_FEN, Code.EARLY_PART_TOO_SMALL),
        (EarlyRest.LOWER_INSTALMENT, FIRST_FEN, Code.EARLY_PART_TOO_SMALL),
    ],
)
def test_refused(variant: EarlyRest, fen: int, code: Code) -> None:
    with pytest.raises(Refused) as caught:
        sent(lent(variant), fen)
    assert caught.value.code == code
    if variant is not EarlyRest.NONE:
        assert only(EarlyPartBilled, sent(lent(variant), fen + 1)[1]).principal == (1, 0)


def test_a_rest_that_fell_due_leaves_nothing_to_be_paid_early() -> None:
    loan = lent(acceleration=Acceleration(over_days=1))
    late = DUE + timedelta(days=2)
    loan = folded(assessment.assess(loan, late), loan)
    assert loan.called_in
    with pytest.raises(Refused, match=Code.EARLY_PART_TOO_SMALL):
        sent(loan, 20_000_00, late)


def test_what_is_late_is_paid_first() -> None:
    late = DUE + timedelta(days=3)
    loan = folded(assessment.assess(lent(), late), lent())
    owed_fen = repayment.due_fen(loan, late)
    assert owed_fen > FIRST_FEN
    least_fen = early_part.least_fen(loan, late, owed_fen)
    assert least_fen == owed_fen + FIRST_FEN
    loan = paid(loan, least_fen + 500_00, late)
    assert (loan.status, loan.next_period) == (Status.REPAYING, 3)
    assert sum(loan.unbilled) == 10_000_00 - 788_49 - 796_37 - 500_00


def test_on_the_due_date_a_month_that_has_not_begun_is_not_paid() -> None:
    loan = folded(assessment.assess(lent(), DUE), lent())
    loan = paid(loan, FIRST_FEN + 500_00, DUE)
    assert (loan.next_period, sum(loan.unbilled)) == (2, 10_000_00 - 788_49 - 500_00)


def test_one_that_is_enough_pays_the_loan_off() -> None:
    fen = repayment.payoff_fen(lent(), SOON)
    loan, events = sent(lent(), fen + 7)
    assert only(e.InstalmentBilled, events).whole_rest
    assert only(e.RepaymentRouted, events).left_fen == 7
    assert folded(repayment.settle(loan, SOON), loan).status is Status.SETTLED
    nearly, _ = sent(lent(), fen - 1)
    assert (sum(nearly.unbilled), nearly.routed is not None) == (1, True)


# -- a payment that fails ---------------------------------------------------------------------


def test_one_that_the_bank_refused_leaves_the_schedule_as_it_was() -> None:
    before = lent(EarlyRest.SHORTER_TERM)
    loan, _ = sent(before, FIRST_FEN + 2_000_00)
    loan = folded(repayment.fail(loan, "p1", "E1"), loan)
    assert (loan.rows, sum(loan.unbilled)) == (before.rows, 10_000_00 - 788_49)
    assert (sorted(loan.billed), loan.early_part) == ([1], None)  # Its month stays billed.
    again = paid(loan, FIRST_FEN + 2_000_00)
    assert again.early_parts == 2
    assert sum(again.unbilled) == 7_211_51


def test_one_that_was_in_doubt_for_months_is_drawn_up_anew() -> None:
    """Meanwhile nobody was late with it, and an instalment was billed by the lower schedule."""
    loan, _ = sent(lent(), FIRST_FEN + 2_000_00)
    for day in (DUE, date(2018, 4, 2)):
        assessed = assessment.assess(loan, day)
        assert 13 not in {each.period for each in assessed if isinstance(each, OVERDUE)}
        loan = folded(assessed, loan)
    assert loan.next_period == 3
    unbilled_fen = sum(loan.unbilled)
    loan = folded(repayment.fail(loan, "p1", "E1"), loan)
    assert sum(loan.unbilled) == unbilled_fen + 2_000_00
    assert sum(row.principal_fen for row in to_come(loan)) == sum(loan.unbilled)
    assert [row.period for row in to_come(loan)] == [*range(3, 13)]


def test_one_in_doubt_whose_rest_fell_due_is_owed_without_compensation() -> None:
    loan = lent(acceleration=Acceleration(over_days=20), early_compensation="3")
    loan, _ = sent(folded(assessment.assess(loan, DUE), loan), FIRST_FEN + 2_000_00, DUE)
    loan = folded(assessment.assess(loan, DUE + timedelta(days=21)), loan)
    assert loan.called_in
    undone, owed, failed = repayment.fail(loan, "p1", "E1")
    assert isinstance(undone, EarlyPartUndone)
    assert isinstance(owed, EarlyPartBilled)
    assert (sum(owed.principal), sum(owed.interest)) == (1_941_75, 0)
    loan = folded([undone, owed, failed], loan)
    assert loan.early_part is None
    assert sum(each.principal_fen for each in loan.billed.values()) == 10_000_00
    later = date(2018, 4, 2)
    assessed = assessment.assess(loan, later)
    assert 13 in {each.period for each in assessed if isinstance(each, OVERDUE)}


# -- whatever is paid -------------------------------------------------------------------------


@settings(derandomize=True, max_examples=150)
@given(
    amounts_fen=st.lists(st.integers(1, 50_000), min_size=1, max_size=4),
    method=st.sampled_from(Method),
    variant=st.sampled_from((EarlyRest.SHORTER_TERM, EarlyRest.LOWER_INSTALMENT)),
    compensation=st.sampled_from(("0", "3", "50")),
    sharing=st.sampled_from(ShareMethod),
    parts=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 40_000)), max_size=3),
)
def test_every_claim_closes_at_zero_whatever_was_paid_early(
    amounts_fen: Sequence[int],
    method: Method,
    variant: EarlyRest,
    compensation: str,
    sharing: ShareMethod,
    parts: Sequence[tuple[int, int]],
) -> None:
    """Each part: after so many days, so much more than it takes. Then the borrower pays on time."""
    terms = a_policy(early_part=variant, early_compensation=compensation, sharing=sharing)
    loan, today = disbursed(amounts_fen, policy=terms, method=method, periods=6), TODAY
    got = [0] * len(amounts_fen)
    ends = loan.rows[-1].due_on
    pending = list(parts)
    number = 0
    while loan.status is not Status.SETTLED:
        assert today <= ends
        loan = folded(assessment.assess(loan, today), loan)
        if loan.status is Status.SETTLED:
            break
        due_fen, fen, early = repayment.due_fen(loan, today), 0, False
        least_fen = early_part.least_fen(loan, today, due_fen)
        if pending and pending[0][0] <= (today - TODAY).days and least_fen is not None:
            fen, early = least_fen + pending.pop(0)[1], True
        elif due_fen:
            fen = due_fen
        if fen:
            number += 1
            name = f"p{number}"
            accepted = repayment.accept(
                loan, name, fen, in_full=False, effective_on=today, in_part=early
            )
            loan = folded(repayment.hold(loan, name), folded(accepted, loan))
            events = repayment.route(loan)
            routed = only(e.RepaymentRouted, events)
            billed = [each for each in events if isinstance(each, EarlyPartBilled)]
            for each in billed:
                principal_fen = sum(each.principal)
                assert each.compensation_fen <= -(-principal_fen * int(compensation) // 100)
                assert compensation != "0" or routed.left_fen == 0
            for part in routed.parts:
                got = [a + b for a, b in zip(got, part.principal, strict=True)]
            loan = folded(events, loan)
            loan = folded(repayment.settle(loan, today), loan)
            rows = to_come(loan)
            assert sum(row.principal_fen for row in rows) == sum(loan.unbilled)
            assert min((row.principal_fen + row.interest_fen for row in rows), default=0) >= 0
        today += timedelta(days=1)
    assert got == list(amounts_fen)


def test_the_credit_bureau_is_told_of_it_as_of_an_instalment() -> None:
    loan = lent()
    told = Told(7, "2018-02-10T04:00:00+00:00", SOON)
    _, events = sent(loan, FIRST_FEN + 2_000_00)
    found = []
    accepted = e.RepaymentAccepted(
        loan_id="L1",
        payment_id="p1",
        amount_fen=FIRST_FEN + 2_000_00,
        in_full=False,
        effective_on=SOON,
    )
    settled = e.RepaymentSettled(loan_id="L1", payment_id="p1", principal_fen=2_788_49)
    for event in (accepted, *events, settled):
        after = folded([event], loan)
        found += list(records(told, event, loan, after))
        loan = after
    mine = [record for record in found if record["term"] == 13]
    assert [(r["op_code"], r["planned_repayment_fen"], r["open_fen"]) for r in mine] == [
        ("A", 2_000_00, 2_000_00),
        ("M", 2_000_00, 0),
    ]
