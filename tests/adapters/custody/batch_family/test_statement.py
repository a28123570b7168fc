"""ALEVE, EVE and balances of a day -> the domain's lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.custody.batch_family.aleve import AleveEntry, write_aleve
from adapters.custody.batch_family.eve import EveEntry, write_eve
from adapters.custody.batch_family.statement import DayFiles, read_statement
from domain.accounts import INCOME_ACCOUNT, OUTSIDE, RESERVE_ACCOUNT
from domain.bank_statement import (
    BankBalance,
    BankStatement,
    LineKind,
    StatementLine,
    StatementUnreadable,
)
from tests.adapters.custody.batch_family.scenes import ANN, BOB, DAY

ANN_NO, BOB_NO = "6212461000000001001", "6212461000000001002"
FIXED = {"SYS_GENERATE_001": RESERVE_ACCOUNT, "SYS_GENERATE_004": INCOME_ACCOUNT}
BALANCES = (
    f"SYS_GENERATE_001,,0.00,0.00\n{ANN_NO},{ANN},3.00,7.00\n{BOB_NO},{BOB},0.00,0.00\n"
    "6212461000000009999,,0.01,0.00\nSYS_GENERATE_005,,0.00,0.00\n"
)


def side(number: int, account: str, flag: str, fen: int, code: str, **more: object) -> AleveEntry:
    """One account's side of entry `number`, its account holding what the file says next."""
    fields: dict[str, object] = {
        "bank": "3005",
        "card_no": account,
        "amount_fen": fen,
        "currency_no": "156",
        "flag": flag,
        "value_on": DAY,
        "entered_on": DAY,
        "real_on": DAY,
        "entered_at": "12000000",
        "transaction_no": f"{number:06d}",
        "related_transaction_no": "",
        "transaction_type": code,
        "description": "",
        "balance_fen": 0,
        "reversal_flag": "0",
    }
    return AleveEntry(**fields | more)  # type: ignore[arg-type]


def order(number: int, account: str, flag: str, fen: int, code: str, no: str) -> EveEntry:
    return EveEntry(
        sender="SANDBOX",
        trace_no=f"{number:06d}",
        sent_at="0105120000",
        card_no=account,
        amount_fen=fen,
        flag=flag,
        message_type="0200",
        processing_code="000000",
        order_no=no,
        transaction_no=f"{number:06d}",
        transaction_type=code,
        reversal_flag="0",
    )


RECHARGE = ([side(1, ANN_NO, "D", 500, "7616", balance_fen=500)], "C-1.1")
LENT = (
    [
        side(2, ANN_NO, "C", 400, "2780", other_card_no=BOB_NO, balance_fen=100),
        side(2, BOB_NO, "D", 400, "7780", other_card_no=ANN_NO, balance_fen=400),
    ],
    "R-1.1",
)
FEE = (
    [
        side(3, BOB_NO, "C", 5, "4780", other_card_no="SYS_GENERATE_004", balance_fen=395),
        side(3, "SYS_GENERATE_004", "D", 5, "7722", other_card_no=BOB_NO, balance_fen=5),
    ],
    "R-1~r1",
)
WITHDRAWN = ([side(4, BOB_NO, "C", 395, "2616", balance_fen=0)], "W-1.1")
RETURNED = ([side(5, BOB_NO, "D", 395, "7616", balance_fen=395, reserved="W-1.1")], "BACK1")
INTEREST = ([side(6, "SYS_GENERATE_001", "D", 7, "5500", balance_fen=7)], "ADJ1")
TAKEN = (
    [side(7, "SYS_GENERATE_001", "C", 7, "2820", balance_fen=0, adjustment_flag="1")],
    "ADJ2",
)
ENTRIES = [RECHARGE, LENT, FEE, WITHDRAWN, RETURNED, INTEREST, TAKEN]


def eve_of(entries: list[tuple[list[AleveEntry], str]]) -> list[EveEntry]:
    return [
        order(
            int(sides[0].transaction_no),
            sides[0].card_no,
            sides[0].flag,
            sides[0].amount_fen,
            sides[0].transaction_type,
            no,
        )
        for sides, no in entries
    ]


def read(
    aleve: list[AleveEntry] | None = None,
    eve: list[EveEntry] | None = None,
    balances: str = BALANCES,
) -> BankStatement:
    sides = [each for sides, _ in ENTRIES for each in sides] if aleve is None else aleve
    orders = eve_of(ENTRIES) if eve is None else eve
    files = DayFiles(write_aleve(sides), write_eve(orders), balances.encode("gbk"))
    return read_statement(files, DAY, FIXED)


def test_every_entry_of_a_day_is_told_in_the_domains_words() -> None:
    assert read().lines == (
        StatementLine(LineKind.RECHARGE, "C-1.1", 500, OUTSIDE, ANN, bank_ref="000001"),
        StatementLine(LineKind.TRANSFER, "R-1.1", 400, ANN, BOB, bank_ref="000002"),
        StatementLine(LineKind.COMMISSION, "R-1", 5, BOB, INCOME_ACCOUNT, bank_ref="000003"),
        StatementLine(LineKind.WITHDRAWAL, "W-1.1", 395, BOB, OUTSIDE, bank_ref="000004"),
        StatementLine(
            LineKind.RETURNED_WITHDRAWAL,
            "BACK1",
            395,
            OUTSIDE,
            BOB,
            origin="W-1.1",
            bank_ref="000005",
        ),
        StatementLine(LineKind.INTEREST, "ADJ1", 7, OUTSIDE, RESERVE_ACCOUNT, bank_ref="000006"),
        StatementLine(LineKind.ADJUSTMENT, "ADJ2", 7, RESERVE_ACCOUNT, OUTSIDE, bank_ref="000007"),
    )


def test_balances_are_of_every_account_and_a_strangers_money_is_shown() -> None:
    assert read().balances == {
        RESERVE_ACCOUNT: BankBalance(0, 0),
        ANN: BankBalance(300, 700),
        BOB: BankBalance(0, 0),
        "6212461000000009999": BankBalance(1, 0),
    }


def test_a_line_that_was_ordered_again_names_its_movement() -> None:
    sides, _ = LENT
    (line,) = read(sides, eve_of([(sides, "R-1.1~2")])).lines
    assert line.reference == "R-1.1"


def test_a_reversal_is_an_adjustment_that_names_what_was_reversed() -> None:
    sides, _ = LENT
    back = [replace(each, flag="D" if each.flag == "C" else "C") for each in reversed(sides)]
    back[0] = replace(back[0], balance_fen=0)
    back[1] = replace(back[1], balance_fen=500)
    (reversal,) = eve_of([(back, "R-1.1")])
    (line,) = read(back, [replace(reversal, message_type="0420")]).lines
    assert (line.kind, line.payer, line.payee) == (LineKind.ADJUSTMENT, BOB, ANN)
    assert (line.reference, line.origin) == ("20180105-000002", "R-1.1")


def test_a_day_without_entries_has_balances_all_the_same() -> None:
    statement = read([], [])
    assert statement.lines == ()
    assert statement.balances[ANN] == BankBalance(300, 700)


def test_the_digest_is_of_all_three_files() -> None:
    digests = {
        read().digest,
        read([], []).digest,
        read(balances=BALANCES.replace("3.00", "4.00")).digest,
    }
    assert len(digests) == 3


def _first(sides: list[AleveEntry], **change: object) -> list[AleveEntry]:
    return [replace(sides[0], **change), *sides[1:]]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("aleve", "eve", "rule"),
    [
        (LENT[0], [], "TRANNO 000002: stands in one of ALEVE and EVE alone"),
        ([], eve_of([LENT]), "TRANNO 000002: stands in one of ALEVE and EVE alone"),
        (LENT[0][:1], eve_of([LENT]), "its sides do not agree"),
        (_first(LENT[0], amount_fen=401), eve_of([LENT]), "its sides do not agree"),
        (_first(LENT[0], flag="D"), eve_of([LENT]), "its sides do not agree"),
        (LENT[0], [replace(eve_of([LENT])[0], amount_fen=1)], "ALEVE and EVE differ in amount"),
        (
            LENT[0],
            [*eve_of([LENT]), *eve_of([(LENT[0], "R-1.9")])],
            "EVE, TRANNO 000002: stands there twice",
        ),
        (
            _first(RECHARGE[0], entered_on=DAY.replace(day=6)),
            eve_of([RECHARGE]),
            "is of another day",
        ),
    ],
)
def test_files_that_do_not_agree_are_refused_whole(
    aleve: list[AleveEntry], eve: list[EveEntry], rule: str
) -> None:
    with pytest.raises(StatementUnreadable, match=rule):
        read(aleve, eve)


@pytest.mark.parametrize(
    ("balances", "rule"),
    [
        ("", "the last line is cut off"),
        (BALANCES[:-1], "the last line is cut off"),
        (BALANCES + "x\n", "line 6: must have 4 columns"),
        (BALANCES + ",x,1.00,1.00\n", "line 6: must have 4 columns"),
        (BALANCES + f"{ANN_NO},{ANN},3.00,7.00\n", "line 6: an account stands there twice"),
        (BALANCES + "9,y,1,1.0.0\n", "line 6: must have two amounts"),
    ],
)
def test_spoilt_balances_are_refused(balances: str, rule: str) -> None:
    with pytest.raises(StatementUnreadable, match=f"BALANCE.*{rule}") as refused:
        read(balances=balances)
    assert ANN_NO not in str(refused.value)


def test_a_spoilt_record_names_its_file_and_no_card() -> None:
    files = DayFiles(write_aleve(LENT[0])[:-2] + b"\n", b"", BALANCES.encode())
    with pytest.raises(StatementUnreadable, match="ALEVE, line 2") as refused:
        read_statement(files, DAY, FIXED)
    assert ANN_NO not in str(refused.value)
