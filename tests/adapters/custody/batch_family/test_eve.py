"""EVE: each byte where the layout puts it, both ways, and a bad file refused whole."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.custody.batch_family.eve import EveEntry, eve_statement, read_eve, write_eve
from adapters.custody.batch_family.file_choices import FileChoices
from adapters.statements.model import Line
from domain.bank_statement import StatementUnreadable
from tests.adapters.custody.batch_family.records import CARD, eve

DAY = date(2018, 1, 5)
ENTRY = EveEntry(
    sender="30050000",
    trace_no="000123",
    sent_at="0105235959",
    card_no=CARD,
    amount_fen=12345,
    flag="C",
    message_type="0420",
    processing_code="280000",
    order_no="W-1",
    transaction_no="000001",
    transaction_type="2616",
    reversal_flag="1",
)


def test_a_record_is_read_and_written_byte_by_byte() -> None:
    assert len(eve()) == 139 + 1
    assert read_eve(eve()) == (ENTRY,)
    assert write_eve([ENTRY]) == eve()
    day = eve() + eve(SEQNO="000124", REVIND="0", RESERVED="保留", ORDERNO="")
    assert write_eve(read_eve(day)) == day


def test_the_day_as_a_statement() -> None:
    usual = eve(SEQNO="000124", CRFLAG="D", MSGTYPE="0200", REVIND="", ORDERNO="")
    statement = eve_statement("f", DAY, read_eve(eve() + usual))
    assert statement.balances == ()
    assert statement.lines == (
        Line(
            line=1,
            account=CARD,
            booked_on=DAY,
            value_on=DAY,
            amount_fen=-12345,
            currency="CNY",
            reversal=True,
            taken_back=True,
            references=("W-1",),
            bank_ref="000001",
            code="2616",
        ),
        Line(2, CARD, DAY, DAY, 12345, "CNY", bank_ref="000001", code="2616"),
    )
    choices = FileChoices(money_in="C")
    assert eve_statement("f", DAY, read_eve(eve()), choices).lines[0].amount_fen == 12345


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"CENDT": "1305000000"}, "bytes 17 to 27, CENDT: must be a time MMddhhmmss"),
        ({"AMOUNT": "       12345"}, "bytes 46 to 58, AMOUNT: must be digits"),
        ({"CRFLAG": ""}, "bytes 58 to 59, CRFLAG: must be C or D"),
        ({"MSGTYPE": "04"}, "bytes 59 to 63, MSGTYPE: must be four digits"),
        ({"ORDERNO": b"\xff"}, "bytes 69 to 109, ORDERNO: is not gbk"),
        ({"REVIND": "x"}, "bytes 134 to 135, REVIND: must be 1 or 0 or a space"),
        ({"TRANSTYPE": "261"}, "bytes 135 to 139, TRANSTYPE: must be four digits"),
    ],
)
def test_what_is_wrong_is_refused_whole(columns: dict[str, str | bytes], told: str) -> None:
    with pytest.raises(StatementUnreadable) as caught:
        read_eve(eve(SEQNO="000001") + eve(**columns))
    assert str(caught.value).startswith(f"line 2, {told}")
    assert CARD not in str(caught.value)


@pytest.mark.parametrize("content", [eve() + eve(), eve()[:-1], eve()[1:], b"\n", eve() + b"\n"])
def test_what_is_doubled_or_cut_off_is_refused(content: bytes) -> None:
    with pytest.raises(StatementUnreadable):
        read_eve(content)
