"""MT940: what is read of a good file, and that nothing is read of any other."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import mt940 as package
import pytest

from adapters.statements.model import Balance, Line, Statement
from adapters.statements.mt940 import read_mt940
from domain.bank_statement import StatementUnreadable
from tests.adapters.statements.files import CARD, MT940, PERSON, SECRETS, changed

DAY = date(2018, 1, 5)
PLACE = r"line [0-9]+(, tag [0-9]{2}[A-Z]?|, byte [0-9]+ of the file)?: "
FIN = "{1:F01BANKCNBJAXXX0000000000}{2:O9401200180105BANKCNBJAXXX00000000001801051200N}{4:"


def refusal(content: bytes, **options: str) -> str:
    with pytest.raises(StatementUnreadable) as caught:
        read_mt940(content, **options)
    told = str(caught.value)
    assert re.match(PLACE, told), told
    assert [each for each in SECRETS if each in told] == []
    return told


def test_a_statement_in_two_messages_is_read_to_the_fen() -> None:
    assert read_mt940(MT940.encode()) == (
        Statement(
            "5",
            (
                Balance("OPBD", CARD, date(2018, 1, 4), 10000, "CNY"),
                Balance("CLBD", CARD, DAY, 10850, "CNY"),
                Balance("CLAV", CARD, DAY, 10000, "CNY"),
                Balance("FWAV", CARD, date(2018, 1, 6), 10100, "CNY"),
            ),
            (
                Line(
                    line=5,
                    account=CARD,
                    booked_on=DAY,
                    value_on=date(2018, 1, 6),
                    amount_fen=1000,
                    currency="CNY",
                    references=("mv-1",),
                    bank_ref="B1",
                    code="NTRF",
                    text=f"{PERSON}\nsecond line",
                ),
                Line(
                    line=8,
                    account=CARD,
                    booked_on=DAY,
                    value_on=DAY,
                    amount_fen=-250,
                    currency="CNY",
                    reversal=True,
                    code="NMSC",
                    text="supplement",
                ),
                Line(
                    line=16,
                    account=CARD,
                    booked_on=DAY,
                    value_on=DAY,
                    amount_fen=100,
                    currency="CNY",
                    reversal=True,
                    references=("mv-3",),
                    code="F123",
                ),
            ),
        ),
    )


def test_lines_may_end_as_swift_ends_them_and_messages_stand_in_blocks() -> None:
    expected = [(each.amount_fen, each.text) for each in read_mt940(MT940.encode())[0].lines]
    for form in (
        MT940.replace("\n", "\r\n"),
        f"{FIN}\n{MT940}".replace("\n-\n", "\n-}{5:{CHK:0}}\n" + FIN + "\n", 1)[:-2] + "-}\n",
        f"\ufeff\n{MT940}\n",
    ):
        (statement,) = read_mt940(form.encode())
        assert [(each.amount_fen, each.text) for each in statement.lines] == expected


def test_a_file_in_gbk_is_read_as_such() -> None:
    assert PERSON in read_mt940(MT940.encode("gbk"), encoding="gbk")[0].lines[0].text
    assert "line 6, byte" in refusal(MT940.encode("gbk"))


@pytest.mark.parametrize(
    ("value", "entry", "booked_on"),
    [
        ("180102", "1231", date(2017, 12, 31)),
        ("171231", "0102", date(2018, 1, 2)),
        ("200301", "0229", date(2020, 2, 29)),
        ("991231", "1231", date(1999, 12, 31)),
    ],
)
def test_an_entry_date_lies_in_the_year_of_its_value_date_or_beside_it(
    value: str, entry: str, booked_on: date
) -> None:
    read = read_mt940(changed(MT940, ":61:1801060105", f":61:{value}{entry}"))
    assert read[0].lines[0].booked_on == booked_on


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("C10,00N", "C10,001N", "line 5, tag 61: the amount must have at most two decimals"),
        ("C10,00N", "C" + "0" * 11 + "10,00N", "line 5, tag 61: the amount must have at mo"),
        ("C10,00N", "C10N", "line 5, tag 61: must be yymmdd"),
        ("C10,00N", "X10,00N", "line 5, tag 61: must be yymmdd"),
        ("C10,00N", "C10,01N", "line 10, tag 62M: is not what 60F and the entries come to"),
        ("62F:C180105CNY108,50", "62F:C180105CNY108,51", "line 17, tag 62F: is not what 60M"),
        ("60M:C180105CNY107,50", "60M:C180105CNY107,51", "line 17, tag 62F: is not what 60M"),
        ("180105RC", "180230RC", "line 8, tag 61: must hold dates of the calendar"),
        ("1801060105", "1801060230", "line 5, tag 61: must hold dates of the calendar"),
        ("C180104CNY", "C180104USD", "line 4, tag 60F: the currency must be CNY"),
        ("64:C180105CNY", "64:C180105HKD", "line 18, tag 64: the currency must be CNY"),
        ("28C:5/2", "28C:5/3", "line 14, tag 28C: the page before it is missing"),
        ("28C:5/2", "28C:6/2", "line 14, tag 28C: the page before it is missing"),
        ("28C:5/2", "28C:5/1", "line 14, tag 28C: this statement of this account stands there tw"),
        (":28C:5/1", ":28C:", "line 3, tag 28C: must be a number"),
        (":28C:5/1\n", "", "line 3, tag 60F: must not follow 25"),
        (":60F:", ":60X:", "line 4, tag 60X: must not stand here"),
        (":86:of", ":99:of", "line 20, tag 99: must not stand here"),
        (":20:REF20180105\n", "", "line 1, tag 25: must not stand here"),
        (":62M:C180105CNY107,50\n", "", "line 10: the message ends before its closing balance"),
        ("-\n:20:", ":20:", "line 11, tag 20: must not follow 62M"),
        ("second line", "\tsecond line", "line 7: holds a control character"),
        ("second line", "a\nb\nc\nd\ne\nf\ng", "line 6, tag 86: has too many lines"),
        ("second line", "a" * 71, "line 7: is longer than 70 characters"),
        ("supplement", "a\nb", "line 8, tag 61: has too many lines"),
        ("second line", "", "line 7: is neither a tag nor goes on with one"),
        ("second line", ":second line", "line 7: is neither a tag nor goes on with one"),
        (":20:REF", "hello\n:20:REF", "line 1: stands outside of a message"),
        (":20:REF", FIN.replace("O940", "O942") + "\n:20:REF", "line 1: is an MT942"),
    ],
)
def test_what_is_wrong_is_refused_whole(old: str, new: str, told: str) -> None:
    assert refusal(changed(MT940, old, new)).startswith(told)


def test_a_statement_without_all_its_pages_is_refused() -> None:
    first, second, _ = MT940.split("-\n")
    assert "goes on with it is missing" in refusal(f"{first}-\n".encode())
    assert "the page before it is missing" in refusal(f"{second}-\n".encode())
    other = first.replace(":28C:5/1", ":28C:6/1")
    assert "goes on with it is missing" in refusal(f"{first}-\n{other}-\n".encode())
    gap = second.replace("60M:C180105CNY107,50", "60M:C180105CNY107,40").replace("108,50", "108,40")
    assert "does not open with the balance" in refusal(f"{first}-\n{gap}-\n".encode())


def test_pages_of_two_statements_are_not_taken_for_one() -> None:
    first, _, _ = MT940.split("-\n")
    whole = first.replace(":28C:5/1", ":28C:6/1").replace("62M:", "62F:")
    assert len(read_mt940(f"{whole}-\n".encode())) == 1
    assert "goes on with it is missing" in refusal(f"{first}-\n{whole}-\n".encode())


def test_a_whole_statement_does_not_hide_that_the_next_is_cut_off() -> None:
    told = refusal(f"{MT940}:20:REF20180106\n:25:1\n".encode())
    assert told.endswith("the message is cut off: its end is missing")


def test_an_entry_with_all_its_parts_at_their_longest_is_read() -> None:
    longest = ":61:1801060105RDY000000000010,00NTRF" + "r" * 16 + "//" + "b" * 16
    assert len(longest) == 70
    (statement,) = read_mt940(changed(MT940, ":61:1801060105C10,00NTRFmv-1//B1", longest))
    line = statement.lines[0]
    assert (line.amount_fen, line.references, line.bank_ref) == (1000, ("r" * 16,), "b" * 16)


def test_a_message_is_in_one_currency() -> None:
    mixed = changed(MT940, "64:C180105CNY", "64:C180105USD")
    with pytest.raises(StatementUnreadable, match="tag 62F: all balances must be in one currency"):
        read_mt940(mixed, {"CNY", "USD"})


def test_the_same_statement_twice_is_refused() -> None:
    assert "stands there twice" in refusal((MT940 * 2).encode())


def test_a_file_that_is_cut_off_anywhere_is_refused() -> None:
    whole = MT940.rstrip("\n").encode()
    read_mt940(whole)
    for end in range(len(whole)):
        refusal(whole[:end])


def test_the_package_reads_the_same_entries() -> None:
    """An independent reader: lenient, so of a good file alone."""
    options = package.Options.all()
    theirs = package.parse(MT940, options=options)
    (ours,) = read_mt940(MT940.encode())
    assert [(Decimal(each.amount_fen) / 100, each.value_on, each.code) for each in ours.lines] == [
        (each.data["amount"].amount, each.data["date"], each.data["id"]) for each in theirs
    ]
