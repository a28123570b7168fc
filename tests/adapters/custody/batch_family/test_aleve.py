"""ALEVE: each byte where the layout puts it, both ways, and a bad file refused whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from adapters.custody.batch_family.aleve import (
    AleveEntry,
    aleve_name,
    aleve_statement,
    read_aleve,
    write_aleve,
)
from adapters.custody.batch_family.file_choices import FileChoices
from adapters.custody.batch_family.fixed_width import BadColumn
from adapters.statements.model import Balance, Line
from domain.bank_statement import StatementUnreadable
from tests.adapters.custody.batch_family.records import CARD, OTHER, PERSON, aleve

DAY = date(2018, 1, 5)
ENTRY = AleveEntry(
    bank="3005",
    card_no=CARD,
    amount_fen=12345,
    currency_no="156",
    flag="D",
    value_on=date(2018, 1, 6),
    entered_on=DAY,
    real_on=date(2018, 1, 4),
    entered_at="23595999",
    transaction_no="000001",
    related_transaction_no="000009",
    transaction_type="7780",
    description=PERSON + "的募集入账",
    balance_fen=22345,
    other_card_no=OTHER,
    reversal_flag="1",
    adjustment_flag="1",
    trace_no="000123",
    original_transaction_no="000122",
    reserved=" 保留",
)
NEXT = {"TRANNO": "000002", "CRFLAG": "C", "AMOUNT": "0" * 14 + "345", "CURR_BAL": f"{22000:017d}"}


def refusal(content: bytes, choices: FileChoices | None = None) -> str:
    with pytest.raises(StatementUnreadable) as caught:
        read_aleve(content, choices or FileChoices())
    told = str(caught.value)
    assert [each for each in (CARD, OTHER, PERSON, "张三") if each in told] == []
    return told


def test_a_record_is_read_and_written_byte_by_byte() -> None:
    assert len(aleve()) == 371 + 1
    assert read_aleve(aleve()) == (ENTRY,)
    assert write_aleve([ENTRY]) == aleve()


def test_a_day_comes_back_as_it_was() -> None:
    day = aleve() + aleve(**NEXT) + aleve(CARDNBR=OTHER, DESLINE="", REVIND=" ", RESV="")
    assert write_aleve(read_aleve(day)) == day
    assert read_aleve(b"") == ()
    assert write_aleve(()) == b""


def test_lines_end_as_it_is_agreed_with_the_bank() -> None:
    choices = FileChoices(newline=b"\r\n")
    day = (aleve() + aleve(**NEXT)).replace(b"\n", b"\r\n")
    assert write_aleve(read_aleve(day, choices), choices) == day
    assert refusal(day) == "line 1: must have 371 bytes, and has 372"
    assert refusal(aleve(), choices) == "the last line is cut off"


def test_the_day_as_a_statement() -> None:
    statement = aleve_statement("f", read_aleve(aleve() + aleve(**NEXT) + aleve(CARDNBR=OTHER)))
    assert statement.balances == (
        Balance("OPBD", CARD, DAY, 10000, "CNY"),
        Balance("CLBD", CARD, DAY, 22000, "CNY"),
        Balance("OPBD", OTHER, DAY, 10000, "CNY"),
        Balance("CLBD", OTHER, DAY, 22345, "CNY"),
    )
    assert statement.lines[0] == Line(
        line=1,
        account=CARD,
        booked_on=DAY,
        value_on=date(2018, 1, 6),
        amount_fen=12345,
        currency="CNY",
        taken_back=True,
        bank_ref="000001",
        code="7780",
        counterparty=OTHER,
        text=PERSON + "的募集入账",
    )
    assert [each.amount_fen for each in statement.lines] == [12345, -345, 12345]


def test_which_flag_is_a_gain_is_agreed_with_the_bank() -> None:
    choices = FileChoices(money_in="C")
    (entry,) = read_aleve(aleve(), choices)
    assert aleve_statement("f", (entry,), choices).lines[0].amount_fen == -12345
    two = aleve() + aleve(**NEXT)
    assert "CURR_BAL" in refusal(two, choices)


def test_entries_of_an_account_form_a_chain_unless_they_stand_in_no_order() -> None:
    broken = aleve() + aleve(CARDNBR=OTHER) + aleve(**(NEXT | {"CURR_BAL": f"{22001:017d}"}))
    assert refusal(broken) == (
        "line 3, bytes 134 to 151, CURR_BAL: does not follow from the account's entry before"
    )
    choices = FileChoices(chained=False)
    assert aleve_statement("f", read_aleve(broken, choices), choices).balances == ()


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"BANK": "30 5"}, "bytes 0 to 4, BANK: must be four digits"),
        ({"AMOUNT": "            12345"}, "bytes 23 to 40, AMOUNT: must be digits, with zeros"),
        ({"AMOUNT": "-0000000000012345"}, "bytes 23 to 40, AMOUNT: must be digits"),
        ({"AMOUNT": "00000000000123.45"}, "bytes 23 to 40, AMOUNT: must be digits"),
        ({"AMOUNT": "０".encode("gbk") * 8 + b"5"}, "bytes 23 to 40, AMOUNT: must be digits"),
        ({"CUR_NUM": "840"}, "bytes 40 to 43, CUR_NUM: must be 156"),
        ({"CUR_NUM": "CNY"}, "bytes 40 to 43, CUR_NUM: must be three digits"),
        ({"CRFLAG": "X"}, "bytes 43 to 44, CRFLAG: must be C or D"),
        ({"VALDATE": "20180230"}, "bytes 44 to 52, VALDATE: must be a date yyyyMMdd"),
        ({"INPDATE": "00000000"}, "bytes 52 to 60, INPDATE: must be a date yyyyMMdd"),
        ({"RELDATE": "2018-1-5"}, "bytes 60 to 68, RELDATE: must be a date yyyyMMdd"),
        ({"INPTIME": "24000000"}, "bytes 68 to 76, INPTIME: must be a time"),
        ({"TRANSTYPE": "77 0"}, "bytes 88 to 92, TRANSTYPE: must be four digits"),
        ({"CURR_BAL": ""}, "bytes 134 to 151, CURR_BAL: must be digits"),
        ({"REVIND": "2"}, "bytes 170 to 171, REVIND: must be 1 or 0 or a space"),
        ({"DESLINE": b"\xd5\xc5\xff\xff"}, "bytes 92 to 134, DESLINE: is not gbk"),
        ({"DESLINE": b"a\tb"}, "bytes 92 to 134, DESLINE: must hold no control character"),
        ({"DESLINE": b"\xd5\xc5" * 20 + b"a\xd5"}, "DESLINE: is not gbk, or a character lies acro"),
        ({"RESV": b"a" * 186 + b"\xd5"}, "bytes 184 to 371, RESV: is not gbk"),
    ],
)
def test_what_is_wrong_is_refused_whole(columns: dict[str, str | bytes], told: str) -> None:
    # The record before is good, and not read either.
    message = refusal(aleve(CARDNBR=OTHER) + aleve(**columns))
    assert message.startswith("line 2, bytes ")
    assert told in message


def test_a_character_of_two_bytes_may_end_a_column_but_not_cross_its_border() -> None:
    full = "募" * 21
    (entry,) = read_aleve(aleve(DESLINE=full))
    assert entry.description == full
    assert write_aleve([entry]) == aleve(DESLINE=full)
    shifted = aleve(DESLINE="a" + "募" * 20)
    cut = shifted[:133] + "募".encode("gbk") + shifted[135:]
    assert "DESLINE: is not gbk, or a character lies across its border" in refusal(cut)


def test_what_is_cut_off_or_doubled_is_refused() -> None:
    day = aleve() + aleve(**NEXT)
    for end in range(1, len(day)):
        if end != len(aleve()):  # A file that ends after a whole record says nothing of more.
            refusal(day[:end])
    assert refusal(aleve() + aleve(CARDNBR=OTHER) + aleve()) == "line 3: is line 1 once more"
    assert refusal(aleve()[:-2] + b"\n") == "line 1: must have 371 bytes, and has 370"
    assert refusal(b"\n") == "line 1: must have 371 bytes, and has 0"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"description": "募" * 22}, "DESLINE: must fit into 42 bytes of gbk"),
        ({"description": "🙂"}, "DESLINE: holds a character that gbk does not have"),
        ({"description": "a\n"}, "DESLINE: must hold no control character"),
        ({"description": "a "}, "DESLINE: would not be read back as it is"),
        ({"amount_fen": -1}, "AMOUNT: must be digits"),
        ({"amount_fen": 10**17}, "AMOUNT: must fit into 17 bytes"),
        ({"flag": ""}, "CRFLAG: must be C or D"),
        ({"entered_at": "1200"}, "INPTIME: must be a time"),
    ],
)
def test_what_no_column_can_hold_is_not_written(changes: dict[str, object], told: str) -> None:
    with pytest.raises(BadColumn, match=told):
        write_aleve([replace(ENTRY, **changes)])  # type: ignore[arg-type]


def test_the_file_has_the_published_name() -> None:
    assert aleve_name("3005", "0001", DAY) == "3005-ALEVE0001-20180105"


def test_no_repr_tells_a_card_or_a_name() -> None:
    assert [each for each in (CARD, OTHER, PERSON) if each in repr(ENTRY)] == []
