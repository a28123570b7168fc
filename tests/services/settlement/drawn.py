"""What the machine asks for, as Hypothesis draws it: small ids, so that commands meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from domain import commands as c
from domain.accounts import Role
from domain.commands import Command
from domain.purposes import Purpose
from domain.schedule import Method

GUARANTEED = "L1"  # By gus, who has money for all of it.

members = st.sampled_from(("m0", "m1", "m2"))
roles = st.sampled_from((Role.INVESTOR, Role.BORROWER))
loan_ids = st.sampled_from(("L0", "L0", "L1", "L2"))
numbers = st.integers(0, 9)
amounts_fen = st.integers(1, 2_000) | st.sampled_from((1, 1_000, 9_999))


def built(kind: type[Command], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(fields).map(lambda drawn: (kind, drawn))


def ids(prefix: str) -> st.SearchStrategy[str]:
    return numbers.map(lambda number: f"{prefix}{number}")


MONEY = (
    built(
        c.RequestRecharge,
        recharge_id=ids("r"),
        member_id=members,
        role=roles,
        amount_fen=amounts_fen,
    ),
    built(
        c.RequestWithdrawal,
        withdrawal_id=ids("w"),
        member_id=members,
        role=roles,
        binding_id=st.sampled_from(("b-investor", "b-borrower")),
        amount_fen=amounts_fen,
    ),
    built(
        c.RecordBankMovement,
        bank_record=ids("x"),
        purpose=st.just(Purpose.BANK_ADJUSTMENT),
        account=st.sampled_from(("m0:investor", "m1:borrower", "platform:reserve")),
        amount_fen=amounts_fen,
        credit=st.booleans(),
        bank_date=st.just(None),  # The day itself, see `_command`.
    ),
    built(c.SeedReserve, seed_id=ids("s"), amount_fen=amounts_fen),
    built(
        c.MoveReserveSurplus,
        surplus_id=ids("z"),
        amount_fen=amounts_fen,
    ),
    built(
        c.ReverseMovement,
        reversal_id=ids("v"),
        movement_id=st.sampled_from(("D-L0-1.2", "D-L0-1.3", "D-L1-1.2", "Z-z1.1", "R-p1.1")),
        amount_fen=st.integers(1, 20),
        reason=st.just("by mistake"),
    ),
    built(
        c.CoverShortfall,
        cover_id=ids("g"),
        entry_id=ids("B-x"),
        amount_fen=st.integers(1, 200),
    ),
)
LOANS = (
    built(
        c.PlaceTender,
        tender_id=ids("t"),
        loan_id=loan_ids,
        investor_id=members,
        amount_fen=amounts_fen,
    ),
    built(
        c.RepayLoan,
        payment_id=ids("p"),
        loan_id=loan_ids,
        amount_fen=amounts_fen,
        in_full=st.booleans(),
    ),
    built(c.DisburseLoan, loan_id=loan_ids),
    built(c.AssessLoan, loan_id=loan_ids),
    built(c.MiscarryLoan, loan_id=loan_ids),
    built(c.RunReservePayouts),
    built(c.ConcludeLoan, loan_id=loan_ids, contract_hash=st.just("0" * 64)),
    *(
        built(
            c.RequestAdvance,
            advance_id=ids("a"),
            guarantor_id=st.just("gus"),
            loan_id=st.just(GUARANTEED),
            period=st.integers(1, 3),
        ),
    )
    * 2,
    built(c.ConfirmOverdue, loan_id=st.just(GUARANTEED), period=st.integers(1, 3)),
)
tenders = st.lists(st.tuples(members, st.integers(1, 900)), min_size=1, max_size=3)
periods = st.integers(1, 3)
methods = st.sampled_from(Method)
HOW_FAR = st.sampled_from(("short", "at bank", "out", "out"))
HOWS = ("well", "well", "well", "twice", "crash", "crash late", "lost", "lost late", "taken over")
drawn_commands = st.lists(st.one_of(*MONEY, *LOANS), min_size=1, max_size=5)
