"""提前部分还款 on a whole platform: shared to the fen, refused once by the bank, and the views say
what the log says."""

from __future__ import annotations

from datetime import timedelta

from adapters.read_models.reading import ReadModels
from domain import commands as c
from domain.accounts import Role
from domain.loan import Loan
from domain.policy import EarlyRest
from domain.refusals import Code
from services.projections.projector import Projector
from services.proof.verify import verify
from tests.exemplars import TODAY
from tests.house import House

FIRST_FEN = 888_49


def test_a_part_is_paid_early_after_the_bank_refused_it_once(house: House) -> None:
    house.open(policy={"early_part": EarlyRest.LOWER_INSTALMENT, "early_compensation": "3"})
    house.member("bob", Role.BORROWER, 10_000_00)
    for lender in ("lucy", "max"):
        house.member(lender, Role.INVESTOR, 10_000_00)
    house.lend("L1", "bob", {"lucy": 6_000_00, "max": 4_000_00})
    house.roll_to(TODAY + timedelta(days=5))
    wanted = {"payment_id": "p0", "loan_id": "L1", "in_part": True}
    code = house.refused(c.RepayLoan, **wanted, amount_fen=FIRST_FEN)
    assert code == Code.EARLY_PART_TOO_SMALL
    lucy_fen, max_fen = (house.balances()[f"{each}:investor"][0] for each in ("lucy", "max"))
    house.repay("p1", "L1", FIRST_FEN + 2_000_00, in_part=True)
    house.reject("R-p1")
    house.settle_all()
    house.repay("p2", "L1", FIRST_FEN + 2_000_00, in_part=True)
    with Projector(house.url, house.platform) as projector:
        projector.catch_up()  # The part is billed and not paid.
        agree(house)
        house.settle_all()
        projector.catch_up()
    loan = agree(house)
    assert sum(loan.unbilled) == 10_000_00 - 788_49 - 1_941_75
    paid_fen = 533_09 + 1_200_00, 355_40 + 800_00
    after = (house.balances()[f"{each}:investor"][0] for each in ("lucy", "max"))
    assert (next(after) - lucy_fen, next(after) - max_fen) == paid_fen
    report = verify(house.url, house.platform)
    wrong = {each.name for each in report.findings if not each.ok}
    assert wrong <= {"mirror", "bank_word"}  # No custody kept a journal.
    with Projector(house.url, house.platform) as projector:
        projector.catch_up()
        assert all(projector.compare().values())
    house.roll_to(loan.rows[1].due_on)
    assert house.loan("L1").billed[2].base_fen == sum(loan.rows[1][2:])


def agree(house: House) -> Loan:
    """View and log, of what is owed and of the schedule."""
    loan = house.loan("L1")
    views = ReadModels(house.url, house.platform)
    try:
        seen = views.loan("L1").value
    finally:
        views.close()
    rows = loan.rows[loan.next_period - 1 :]
    open_ = list(loan.billed.values())
    assert seen.loan.outstanding_principal_fen == sum(loan.unbilled) + sum(
        billed.principal_fen for billed in open_
    )
    assert seen.loan.outstanding_interest_fen == sum(row.interest_fen for row in rows) + sum(
        billed.base_fen - billed.principal_fen for billed in open_
    )
    shown = {row.period: row for row in seen.instalments}
    for row in rows:
        known = shown[row.period]
        assert (known.principal_fen, known.interest_fen, known.billed) == (*row[2:], False)
    assert {row.period: row.open_fen for row in shown.values() if row.open_fen} == {
        period: billed.base_fen for period, billed in loan.billed.items()
    }
    return loan
