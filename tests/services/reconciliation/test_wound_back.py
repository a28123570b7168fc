"""The book wound back to a bank day is what the bank had then, whatever came in which order."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.read_models.movements import MovementRow
from domain.bank_statement import BankBalance, LineKind, StatementLine
from domain.cashbook import Movement
from domain.purposes import Purpose
from services.reconciliation.balances import at_the_bank, cut_at
from services.reconciliation.matching import key_of_movement

START = date(2018, 1, 1)
ACCOUNTS = ["a:investor", "b:borrower", "platform:reserve"]
HELD = {"withdrawal", "tender", "reserve_payout"}
LISTED = {"recharge", "withdrawal", "reserve_payout"}


@st.composite
def entries(draw: st.DrawFn) -> list[MovementRow]:
    """One movement each; some open, some refused, some done at the bank on one of five days."""
    made = []
    for number in range(draw(st.integers(0, 12))):
        purpose = draw(
            st.sampled_from(
                ["recharge", "withdrawal", "tender", "tender_release", "reserve_payout"]
            )
        )
        status = draw(st.sampled_from(["requested", "settled", "rejected"]))
        done_on = START + timedelta(days=draw(st.integers(0, 4)))
        one, other = draw(st.permutations(ACCOUNTS))[:2]
        payer, payee = {
            "recharge": ("outside", other),
            "withdrawal": (one, "outside"),
            "reserve_payout": (one, other),
        }.get(purpose, (one, one))
        made.append(
            MovementRow(
                movement_id=f"E{number}.1",
                entry_id=f"E{number}",
                purpose=purpose,
                payer=payer,
                payee=payee,
                amount_fen=draw(st.integers(1, 10**6)),
                interest_fen=0,
                freeze_id="F.1" if purpose == "tender_release" else None,
                subject="",
                reference="",
                status=status,
                requested_on=START,
                closed_on=None if status == "requested" else done_on,
                bank_date=done_on if status == "settled" else None,
                bank_code=None,
                origin=None,
                shortfall_fen=0,
                requested_position=1,
                closed_position=None if status == "requested" else 2,
            )
        )
    return made


def effect(row: MovementRow, sign: int = 1) -> dict[str, tuple[int, int]]:
    """What the bank does for it: our own words, not the cash book's."""
    fen = sign * row.amount_fen
    match row.purpose:
        case "tender":
            return {row.payer: (-fen, fen)}
        case "tender_release":
            return {row.payer: (fen, -fen)}
        case _:
            return {row.payer: (-fen, 0), row.payee: (fen, 0)}


def total(effects: list[dict[str, tuple[int, int]]]) -> dict[str, BankBalance]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for each in effects:
        for account, (available_fen, frozen_fen) in each.items():
            sums[account][0] += available_fen
            sums[account][1] += frozen_fen
    sums.pop("outside", None)
    return {account: BankBalance(*fen) for account, fen in sums.items()}


def held_now(rows: list[MovementRow]) -> dict[str, BankBalance]:
    """The book: everything settled, and the holds of what is open."""
    effects = [effect(row) for row in rows if row.status == "settled"]
    effects += [
        {row.payer: (-row.amount_fen, row.amount_fen)}
        for row in rows
        if row.status == "requested" and row.purpose in HELD
    ]
    return total(effects)


def nonzero(balances: dict[str, BankBalance]) -> dict[str, BankBalance]:
    return {name: each for name, each in balances.items() if each != BankBalance(0, 0)}


@settings(derandomize=True)
@given(rows=entries(), days=st.integers(0, 4), surprises=st.sets(st.integers(0, 11)))
def test_wound_back_it_is_what_the_bank_did(
    rows: list[MovementRow], days: int, surprises: set[int]
) -> None:
    """`surprises`: movements that the bank lists as done on the day, whatever the book says."""
    day = START + timedelta(days=days)
    listed = {
        row.movement_id: row
        for number, row in enumerate(rows)
        if row.purpose in LISTED
        and ((row.bank_date == day) or (number in surprises and row.status != "rejected"))
        and not (row.bank_date is not None and row.bank_date < day)
    }
    lines = {
        key_of_movement(row): [
            StatementLine(LineKind.TRANSFER, key, row.amount_fen, row.payer, row.payee)
        ]
        for key, row in listed.items()
    }
    later = [movement_of(row) for row in rows if row.bank_date is not None and row.bank_date > day]
    cut = cut_at(day, lines, rows, {})
    done = [
        row
        for row in rows
        if row.movement_id in listed or (row.bank_date is not None and row.bank_date <= day)
    ]
    wound_back = at_the_bank(held_now(rows), later, rows, cut)
    assert nonzero(wound_back) == nonzero(total([effect(row) for row in done]))


def movement_of(row: MovementRow) -> Movement:
    return Movement(
        id=row.movement_id,
        purpose=Purpose(row.purpose),
        payer=row.payer,
        payee=row.payee,
        amount_fen=row.amount_fen,
        freeze=row.freeze_id,
    )
