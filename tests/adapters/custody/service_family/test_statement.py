from __future__ import annotations

import contextlib
import hashlib
import io
import warnings
import zipfile

import pytest

from adapters.custody.service_family import checkfile
from adapters.custody.service_family.statement import read_statement
from domain.accounts import INCOME_ACCOUNT, OUTSIDE, RESERVE_ACCOUNT
from domain.bank_statement import (
    BankBalance,
    BankStatement,
    LineKind,
    StatementLine,
    StatementUnreadable,
)
from tests.adapters.custody.service_family.checkfiles import archive, empty_day, line, name
from tests.adapters.custody.service_family.scenes import BORROWER, DAY, INVESTOR, PLATFORM_NO

GOOD_LINES = {
    "RECHARGE": line(
        "RECHARGE",
        平台请求流水号="r1",
        充值订单编号="1",
        金额="1000.00",
        平台用户编号="m1_INVESTOR",
        银行卡号="6222000000001234",
        到账金额="1000.00",
    ),
    "WITHDRAW": line(
        "WITHDRAW",
        平台请求流水号="w1",
        订单号="2",
        金额="0.05",
        平台用户编号="m1_INVESTOR",
        提现状态="SUCCESS",
    ),
    "TRANSACTION": line(
        "TRANSACTION",
        平台请求流水号="t1",
        订单号="3",
        业务类型="REPAYMENT",
        金额="12.34",
        利息金额="0.34",
        发起方平台用户编号="m2_BORROWERS",
        接收方平台用户编号="m1_INVESTOR",
        商户自定义参数="mv1",
    ),
    "COMMISSION": line(
        "COMMISSION",
        订单号="4",
        发起方用户="m2_BORROWERS",
        接收方用户="SYS_GENERATE_004",
        金额="3.00",
        请求流水号="t1",
    ),
    "BACKROLL_RECHARGE": line(
        "BACKROLL_RECHARGE",
        回充请求流水号="bank9",
        回充订单号="5",
        金额="0.05",
        平台用户编号="m1_INVESTOR",
        提现请求流水号="w0",
    ),
    "ADJUST_BALANCE": line(
        "ADJUST_BALANCE",
        流水号="6",
        业务类型="INTEREST",
        方向="IN",
        金额="0.07",
        平台用户编号="SYS_GENERATE_001",
    ),
    "ALLBALANCE": line("ALLBALANCE", 平台用户编号="m1_INVESTOR", 可用余额="10.00", 冻结余额="2.50"),
    "USER": line("USER", 平台用户编号="m1_INVESTOR", 会员编号="17", 角色="INVESTOR"),
}


def day_with(**lines: str) -> dict[str, str]:
    files = empty_day()
    for kind, text in lines.items():
        files[name(kind)] += text
    return files


def read(files: dict[str, str]) -> BankStatement:
    return read_statement(archive(files), DAY, PLATFORM_NO)


def test_every_line_of_a_day_is_told_in_the_domains_words() -> None:
    statement = read(day_with(**GOOD_LINES))
    assert statement.bank_date == DAY
    assert statement.lines == (
        StatementLine(LineKind.RECHARGE, "r1", 100_000, OUTSIDE, INVESTOR, bank_ref="1"),
        StatementLine(LineKind.WITHDRAWAL, "w1", 5, INVESTOR, OUTSIDE, bank_ref="2"),
        StatementLine(LineKind.TRANSFER, "mv1", 1_234, BORROWER, INVESTOR, bank_ref="3"),
        StatementLine(LineKind.COMMISSION, "t1", 300, BORROWER, INCOME_ACCOUNT, bank_ref="4"),
        StatementLine(
            LineKind.RETURNED_WITHDRAWAL,
            "bank9",
            5,
            OUTSIDE,
            INVESTOR,
            origin="w0",
            bank_ref="5",
        ),
        StatementLine(LineKind.INTEREST, "6", 7, OUTSIDE, RESERVE_ACCOUNT, bank_ref="6"),
    )
    assert statement.balances == {INVESTOR: BankBalance(1_000, 250)}


def test_the_digest_is_of_the_bytes_as_they_came() -> None:
    zipped = archive(empty_day())
    assert read_statement(zipped, DAY, PLATFORM_NO).digest == hashlib.sha256(zipped).hexdigest()


def test_lines_may_end_as_on_windows() -> None:
    files = {each: text.replace("\n", "\r\n") for each, text in day_with(**GOOD_LINES).items()}
    assert read(files).lines == read(day_with(**GOOD_LINES)).lines


@pytest.mark.parametrize(
    ("state", "succeeded"),
    [
        ("SUCCESS", [True]),
        ("FAIL", [False]),
        ("ACCEPT_FAIL", [False]),
        ("CONFIRMING", []),
        ("ACCEPT", []),
        ("REMITING", []),
    ],
)
def test_a_withdrawal_stands_there_once_it_has_ended(state: str, succeeded: list[bool]) -> None:
    lines = read(day_with(WITHDRAW=GOOD_LINES["WITHDRAW"].replace("SUCCESS", state))).lines
    assert [each.succeeded for each in lines] == succeeded


def test_a_transfer_without_our_own_number_is_referred_to_by_its_request() -> None:
    (transfer,) = read(day_with(TRANSACTION=GOOD_LINES["TRANSACTION"].replace("mv1", ""))).lines
    assert transfer.reference == "t1"


def test_the_banks_adjustments_go_both_ways() -> None:
    good = GOOD_LINES["ADJUST_BALANCE"].replace("INTEREST", "ADJUST")
    taken = good.replace("IN,", "OUT,").replace(",6,", ",7,")
    lines = read(day_with(ADJUST_BALANCE=good + taken)).lines
    assert [(each.kind, each.payer, each.payee) for each in lines] == [
        (LineKind.ADJUSTMENT, OUTSIDE, RESERVE_ACCOUNT),
        (LineKind.ADJUSTMENT, RESERVE_ACCOUNT, OUTSIDE),
    ]


def test_money_on_a_number_that_is_none_of_ours_is_shown_not_lost() -> None:
    balances = read(
        day_with(
            ALLBALANCE=line(
                "ALLBALANCE", 平台用户编号="SYS_GENERATE_003", 可用余额="0.01", 冻结余额="0.00"
            )
            + line("ALLBALANCE", 平台用户编号="SYS_GENERATE_005", 可用余额="0.00", 冻结余额="0.00")
        )
    ).balances
    assert balances == {"SYS_GENERATE_003": BankBalance(1, 0)}


TRANSACTION = name("TRANSACTION")


@pytest.mark.parametrize(
    ("kind", "old", "new", "rule"),
    [
        ("TRANSACTION", "12.34", "12.3", "line 2: 金额 must be an amount with two decimals"),
        ("TRANSACTION", "12.34", "12.340", "line 2: 金额 must be an amount with two decimals"),
        ("TRANSACTION", "12.34", "-12.34", "line 2: 金额 must be an amount with two decimals"),
        ("TRANSACTION", "12.34", "1e2.34", "line 2: 金额 must be an amount with two decimals"),
        ("TRANSACTION", "12.34", "１2.34", "line 2: 金额 must be an amount with two decimals"),
        ("TRANSACTION", "0.34", "0.3", "line 2: 利息金额 must be empty or have two decimals"),
        ("TRANSACTION", "CNY", "USD", "line 2: 币种 must be CNY"),
        ("TRANSACTION", PLATFORM_NO, "5000002", "line 2: 平台商编 must be our platform"),
        ("TRANSACTION", "20180105", "20180106", "line 2: 发生时间 must be a time of 20180105"),
        ("TRANSACTION", "120000", "240000", "line 2: 发生时间 must be a time of 20180105"),
        ("TRANSACTION", ",3,", ",,", "line 2: 订单号 must not be empty"),
        ("TRANSACTION", ",mv1", "", "line 2: must have 17 columns"),
        ("TRANSACTION", ",mv1", ",mv1,x", "line 2: must have 17 columns"),
        ("TRANSACTION", "mv1\n", "mv1", "the last line is cut off"),
        ("TRANSACTION", "mv1\n", "mv1\n\n", "line 3: must have 17 columns"),
        ("WITHDRAW", "SUCCESS", "PERHAPS", "unknown 提现状态"),
        ("ADJUST_BALANCE", "IN,", "UP,", "unknown 方向"),
        ("ALLBALANCE", "2.50", "", "line 2: 冻结余额 must be an amount with two decimals"),
    ],
)
def test_a_spoilt_line_is_refused(kind: str, old: str, new: str, rule: str) -> None:
    good = GOOD_LINES[kind]
    assert good.count(old) >= 1
    with pytest.raises(StatementUnreadable, match=rule) as refused:
        read(day_with(**GOOD_LINES | {kind: good.replace(old, new, 1)}))
    assert kind in str(refused.value)


@pytest.mark.parametrize("kind", GOOD_LINES)
def test_a_number_that_stands_twice_is_refused(kind: str) -> None:
    with pytest.raises(StatementUnreadable, match=r"line 3: .+ stands there twice"):
        read(day_with(**{kind: GOOD_LINES[kind] * 2}))


@pytest.mark.parametrize("kind", GOOD_LINES)
def test_a_foreign_header_is_refused(kind: str) -> None:
    files = empty_day()
    files[name(kind)] = "\ufeff" + files[name(kind)]
    with pytest.raises(StatementUnreadable, match=rf"{kind}.txt line 1: is not the header"):
        read(files)


@pytest.mark.parametrize("kind", GOOD_LINES)
def test_a_missing_file_is_refused(kind: str) -> None:
    files = empty_day()
    del files[name(kind)]
    with pytest.raises(StatementUnreadable, match=rf"{kind}.txt: is missing"):
        read(files)


@pytest.mark.parametrize("extra", ["note.txt", name("TRANSACTION", "20180104"), name("BONUS")])
def test_an_unknown_file_is_refused(extra: str) -> None:
    with pytest.raises(StatementUnreadable, match="is none of this day's files"):
        read(empty_day() | {extra: ""})


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(StatementUnreadable, match="the last line is cut off"):
        read(empty_day() | {TRANSACTION: ""})


def test_a_file_that_stands_twice_in_the_zip_is_refused() -> None:
    buffer = io.BytesIO(archive(empty_day()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with zipfile.ZipFile(buffer, "a") as zipped:
            zipped.writestr(TRANSACTION, empty_day()[TRANSACTION])
    with pytest.raises(StatementUnreadable, match="a file stands in it twice"):
        read_statement(buffer.getvalue(), DAY, PLATFORM_NO)


def test_a_zip_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(len(text.encode()) for text in empty_day().values())
    monkeypatch.setattr(checkfile, "_MAX_BYTES", size)
    assert read(empty_day()).lines == ()
    monkeypatch.setattr(checkfile, "_MAX_BYTES", size - 1)
    with pytest.raises(StatementUnreadable, match="bytes unpacked"):
        read(empty_day())


def test_another_encoding_is_refused() -> None:
    files: dict[str, str | bytes] = {**empty_day()}
    files[TRANSACTION] = empty_day()[TRANSACTION].encode("gbk")
    with pytest.raises(StatementUnreadable, match=f"{TRANSACTION}: is not UTF-8"):
        read_statement(archive(files), DAY, PLATFORM_NO)


def test_a_damaged_zip_is_refused_wherever_it_is_cut_or_changed() -> None:
    zipped = archive(day_with(**GOOD_LINES))
    good = read_statement(zipped, DAY, PLATFORM_NO)
    for length in range(0, len(zipped), 97):
        with pytest.raises(StatementUnreadable):
            read_statement(zipped[:length], DAY, PLATFORM_NO)
    for start in (1, 2, 97):
        with pytest.raises(StatementUnreadable):
            read_statement(zipped[start:], DAY, PLATFORM_NO)
    for place in range(0, len(zipped), 53):
        spoilt = zipped[:place] + bytes([zipped[place] ^ 0x55]) + zipped[place + 1 :]
        with contextlib.suppress(StatementUnreadable):
            # What the zip format does not protect (times, flags) may change unseen.
            assert read_statement(spoilt, DAY, PLATFORM_NO).lines == good.lines
