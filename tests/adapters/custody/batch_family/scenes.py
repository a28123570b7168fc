"""Requests that the tests of this folder share."""

from __future__ import annotations

from datetime import UTC, date, datetime

from domain.accounts import INCOME_ACCOUNT, RESERVE_ACCOUNT
from domain.bank_requests import Execute, Freeze, Leg, Recharge, Release, Withdraw
from domain.purposes import Purpose

INST_CODE = "00170001"
NOON = datetime(2018, 1, 5, 4, 0, tzinfo=UTC)  # 12:00 at the bank.
DAY = date(2018, 1, 5)

ANN, BEA, BOB, GUS = "ann:investor", "bea:investor", "bob:borrower", "gus:guarantor"
CARD = "6222000000001234"
RECHARGE = Recharge("r-recharge", ANN, 123_450)
WITHDRAW = Withdraw("r-withdraw", ANN, 500, CARD)
TENDER = Freeze("T-1.1", ANN, Purpose.TENDER, 60_000, "L1")
HOLD = Freeze("H-1.1", BOB, Purpose.REPAYMENT_HOLD, 900, "L1")
RELEASE = Release("X-1.1", "T-1.1", 200)


def leg(number: int, purpose: Purpose, payer: str, payee: str, fen: int, **more: object) -> Leg:
    return Leg(f"R-1.{number}", purpose, payer, payee, fen, **more)  # type: ignore[arg-type]


def execute(*legs: Leg, purpose: Purpose | None = None) -> Execute:
    return Execute("R-1", purpose or legs[0].purpose, "L1", legs)


def lent(number: int, payer: str, fen: int) -> Leg:
    freeze = f"T-{number}.1"
    return leg(number, Purpose.DISBURSEMENT, payer, BOB, fen, freeze_request_no=freeze)


def repaid(number: int, payee: str, fen: int, interest_fen: int = 0) -> Leg:
    return leg(
        number,
        Purpose.REPAYMENT,
        BOB,
        payee,
        fen,
        interest_fen=interest_fen,
        freeze_request_no="H-1.1",
    )


DISBURSEMENT = execute(
    lent(1, ANN, 60_000),
    lent(2, BEA, 40_000),
    leg(3, Purpose.FEE, BOB, INCOME_ACCOUNT, 1_000),
    leg(4, Purpose.RESERVE_CONTRIBUTION, BOB, RESERVE_ACCOUNT, 2_000),
)
REPAYMENT = execute(
    repaid(1, ANN, 450, 50),
    leg(2, Purpose.SUBROGATED_RECOVERY, BOB, RESERVE_ACCOUNT, 400, freeze_request_no="H-1.1"),
    leg(3, Purpose.FEE, BOB, INCOME_ACCOUNT, 50, freeze_request_no="H-1.1"),
)
TWO_LINES = execute(repaid(1, ANN, 450, 50), repaid(2, BEA, 300))


def advanced(number: int, payee: str, fen: int, interest_fen: int) -> tuple[Leg, Leg]:
    """间接代偿, by two legs: `number` and the next."""
    return (
        leg(
            number,
            Purpose.GUARANTEE_ADVANCE,
            GUS,
            BOB,
            fen,
            interest_fen=interest_fen,
            freeze_request_no="GH-1.1",
        ),
        leg(number + 1, Purpose.ADVANCE_PASSED_ON, BOB, payee, fen, interest_fen=interest_fen),
    )


ADVANCE = execute(*advanced(1, ANN, 450, 50), *advanced(3, BEA, 300, 0))
