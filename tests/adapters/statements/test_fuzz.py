"""Whatever bytes come, a reader gives a good statement or a clean refusal, and a refusal never
tells a value."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.custody.batch_family.aleve import (
    AleveEntry,
    aleve_statement,
    read_aleve,
    write_aleve,
)
from adapters.custody.batch_family.eve import EveEntry, eve_statement, read_eve, write_eve
from adapters.custody.batch_family.file_choices import FileChoices
from adapters.custody.service_family.statement import read_statement
from adapters.statements.camt053 import read_camt053
from adapters.statements.mt940 import read_mt940
from domain.bank_statement import StatementUnreadable
from tests.adapters.custody.batch_family import records
from tests.adapters.custody.service_family import checkfiles
from tests.adapters.custody.service_family.scenes import DAY, PLATFORM_NO
from tests.adapters.statements.files import CAMT053, MT940, SECRETS
from tests.fuzzing import fuzzed

UNCHAINED = FileChoices(chained=False)
ALEVE = b"".join(records.aleve(CARDNBR=f"{n:019d}") for n in range(3))
EVE = b"".join(records.eve(SEQNO=f"{n:06d}") for n in range(3))
CHECK_FILES = checkfiles.archive(
    checkfiles.empty_day()
    | {
        checkfiles.name("RECHARGE"): checkfiles.empty_day()[checkfiles.name("RECHARGE")]
        + checkfiles.line(
            "RECHARGE",
            充值订单编号="1",
            金额="10.00",
            平台用户编号="m1_INVESTOR",
            银行卡号=records.CARD,
        )
    }
)
HIDDEN = (*SECRETS, records.CARD, records.OTHER, records.PERSON)

Reader = Callable[[bytes], object]


def _aleve(content: bytes) -> object:
    entries = read_aleve(content)
    assert write_aleve(entries) == content
    return aleve_statement("f", entries)


def _eve(content: bytes) -> object:
    entries = read_eve(content)
    assert write_eve(entries) == content
    return eve_statement("f", date(2018, 1, 5), entries)


def _check_files(content: bytes) -> object:
    return read_statement(content, DAY, PLATFORM_NO)


READERS: dict[str, tuple[Reader, bytes, int]] = {
    "camt.053.001.02": (read_camt053, CAMT053["02"].encode(), 1000),
    "camt.053.001.08": (read_camt053, CAMT053["08"].encode(), 1000),
    "MT940": (read_mt940, MT940.encode(), 2000),
    "ALEVE": (_aleve, ALEVE, 2000),
    "EVE": (_eve, EVE, 2000),
    "check files": (_check_files, CHECK_FILES, 1500),
}
EACH = pytest.mark.parametrize("name", READERS)


def well_behaved(read: Reader, content: bytes) -> None:
    told = "read"
    try:
        read(content)
    except StatementUnreadable as refusal:
        told = str(refusal)
    assert told
    assert [each for each in HIDDEN if each in told] == []


@st.composite
def mutations(draw: st.DrawFn, good: bytes) -> bytes:
    """The good file, spoilt in one to four places."""
    content = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        upto = draw(st.integers(at, min(at + 64, len(content))))
        match draw(st.sampled_from(("cut", "drop", "double", "insert", "replace", "flip"))):
            case "cut":
                del content[at:]
            case "drop":
                del content[at:upto]
            case "double":
                content[at:at] = content[at:upto]
            case "insert":
                content[at:at] = draw(st.binary(max_size=8))
            case "replace":
                content[at:upto] = draw(st.text(max_size=8)).encode("utf-8", "replace")
            case "flip" if at < len(content):
                content[at] ^= draw(st.integers(1, 255))
    return bytes(content)


@EACH
def test_the_good_file_is_good(name: str) -> None:
    read, good, _ = READERS[name]
    assert read(good)


@pytest.mark.fuzz
@EACH
def test_a_spoilt_file_is_read_or_refused(name: str) -> None:
    read, good, examples = READERS[name]

    @fuzzed(examples)
    @given(mutations(good))
    def check(content: bytes) -> None:
        well_behaved(read, content)

    check()


@pytest.mark.fuzz
@EACH
def test_any_bytes_are_read_or_refused(name: str) -> None:
    read, good, examples = READERS[name]

    @fuzzed(examples // 5)
    @given(st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-8", "replace"))))
    def check(content: bytes) -> None:
        well_behaved(read, content)
        well_behaved(read, good[:40] + content)

    check()


@pytest.mark.fuzz
def test_a_spoilt_check_file_in_a_good_zip_is_read_or_refused() -> None:
    name = checkfiles.name("RECHARGE")
    with zipfile.ZipFile(io.BytesIO(CHECK_FILES)) as files:
        good = {each: files.read(each) for each in files.namelist()}

    @fuzzed(600)
    @given(mutations(good[name]))
    def check(content: bytes) -> None:
        well_behaved(_check_files, checkfiles.archive(good | {name: content}))

    check()


def gbk(width: int) -> st.SearchStrategy[str]:
    """Texts that a column of so many bytes holds as they are."""
    letters = st.characters(codec="gbk", exclude_categories=("Cc", "Cs"))
    return (
        st.text(letters, max_size=width)
        .map(lambda text: text.rstrip(" "))
        .filter(lambda text: len(text.encode("gbk")) <= width)
    )


def four_digits() -> st.SearchStrategy[str]:
    return st.integers(0, 9999).map("{:04d}".format)


DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))
ALEVE_ENTRIES = st.builds(
    AleveEntry,
    bank=four_digits(),
    card_no=gbk(19),
    amount_fen=st.integers(0, 10**17 - 1),
    currency_no=st.just("156"),
    flag=st.sampled_from("CD"),
    value_on=DAYS,
    entered_on=DAYS,
    real_on=DAYS,
    entered_at=st.times().map(lambda at: f"{at:%H%M%S}{at.microsecond // 10000:02d}"),
    transaction_no=gbk(6),
    related_transaction_no=gbk(6),
    transaction_type=four_digits(),
    description=gbk(42),
    balance_fen=st.integers(0, 10**17 - 1),
    other_card_no=gbk(19),
    reversal_flag=st.sampled_from(("", "0", "1")),
    adjustment_flag=gbk(1),
    trace_no=gbk(6),
    original_transaction_no=gbk(6),
    reserved=gbk(187),
)
EVE_ENTRIES = st.builds(
    EveEntry,
    sender=gbk(11),
    trace_no=gbk(6),
    sent_at=st.datetimes().map("{:%m%d%H%M%S}".format),
    card_no=gbk(19),
    amount_fen=st.integers(0, 10**12 - 1),
    flag=st.sampled_from("CD"),
    message_type=four_digits(),
    processing_code=gbk(6),
    order_no=gbk(40),
    transaction_no=gbk(6),
    transaction_type=four_digits(),
    reversal_flag=st.sampled_from(("", "0", "1")),
    reserved=gbk(19),
)


@pytest.mark.fuzz
@fuzzed(300)
@given(st.lists(ALEVE_ENTRIES, max_size=3, unique=True).map(tuple))
def test_any_aleve_entries_come_back_from_their_bytes(entries: tuple[AleveEntry, ...]) -> None:
    content = write_aleve(entries, UNCHAINED)
    assert len(content) == 372 * len(entries)
    assert read_aleve(content, UNCHAINED) == entries


@pytest.mark.fuzz
@fuzzed(300)
@given(st.lists(EVE_ENTRIES, max_size=3, unique=True).map(tuple))
def test_any_eve_entries_come_back_from_their_bytes(entries: tuple[EveEntry, ...]) -> None:
    content = write_eve(entries)
    assert len(content) == 140 * len(entries)
    assert read_eve(content) == entries
