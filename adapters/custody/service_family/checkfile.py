"""对账文件: the day's zip, read strictly. All of it is well-formed, or nothing of it is taken.

Every fault is StatementUnreadable, naming file, line and rule, and never a cell: cells hold card
numbers and names.
"""

from __future__ import annotations

import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from adapters.custody.wire import bank_day
from domain.bank_statement import StatementUnreadable

Row = list[str]

LAYOUTS: Mapping[str, tuple[str, ...]] = {
    name: tuple(columns.split(","))
    for name, columns in {
        "RECHARGE": "充值时间,平台商编,支付公司代码,平台请求流水号,充值订单编号,业务类型,金额,币种,"
        "会员编号,平台用户编号,银行卡号,银行编码,支付方式,到账金额,备注,支付公司订单号",
        "WITHDRAW": "提现时间,平台商编,平台请求流水号,订单号,业务类型,金额,币种,会员编号,"
        "平台用户编号,银行卡号,银行编码,到账金额,备注,提现状态,提现方式,垫资金额,出款类型,提现类型",
        "TRANSACTION": "发生时间,平台商编,平台请求流水号,订单号,业务类型,金额,利息金额,币种,"
        "发起方会员编号,发起方平台用户编号,接收方会员编号,接收方平台用户编号,标的号,原订单号,备注,"
        "债权份额,商户自定义参数",
        "COMMISSION": "扣款时间,平台商编,订单号,业务类型,发起方用户,接收方用户,金额,币种,标的号,"
        "备注,请求流水号",
        "BACKROLL_RECHARGE": "充值时间,平台商编,支付公司代码,回充请求流水号,回充订单号,业务类型,"
        "金额,币种,会员编号,平台用户编号,支付方式,提现到账金额,提现佣金,备注,提现请求流水号",
        # The columns of the last three are not published; these are ours.
        "ADJUST_BALANCE": "发生时间,平台商编,流水号,业务类型,方向,金额,币种,平台用户编号,备注",
        "ALLBALANCE": "平台用户编号,会员编号,可用余额,冻结余额,币种",
        "USER": "平台用户编号,会员编号,角色,状态",
    }.items()
}

# What may not stand twice in one file.
_KEYS = {
    "RECHARGE": "充值订单编号",
    "WITHDRAW": "订单号",
    "TRANSACTION": "订单号",
    "COMMISSION": "订单号",
    "BACKROLL_RECHARGE": "回充订单号",
    "ADJUST_BALANCE": "流水号",
    "ALLBALANCE": "平台用户编号",
    "USER": "平台用户编号",
}
_NEEDED_AMOUNTS = {"金额", "可用余额", "冻结余额"}
_OTHER_AMOUNTS = {"利息金额", "到账金额", "垫资金额", "提现到账金额", "提现佣金"}
_AMOUNT = re.compile(r"[0-9]{1,15}\.[0-9]{2}")
_AMOUNT_OR_NONE = re.compile(r"(?:[0-9]{1,15}\.[0-9]{2})?")
_CLOCK = r"(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]"
# NotImplementedError is a compression that zipfile does not know, RuntimeError a password,
# ValueError an offset before the file; OSError comes from bz2.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
_MAX_BYTES = 1 << 30  # Unpacked: a hundred times a large day.


@dataclass(frozen=True, slots=True)
class _Rules:
    """What a cell must match, by column number."""

    key: int
    cells: tuple[tuple[int, re.Pattern[str], str], ...] = field(default=())


def read_checkfile(archive: bytes, bank_date: date, platform_no: str) -> dict[str, list[Row]]:
    """The rows of every file by its type, header left out. Raises StatementUnreadable."""
    day = bank_day(bank_date)
    names = {f"{day}_{platform_no}_{kind}.txt": kind for kind in LAYOUTS}
    contents = _unpack(archive, frozenset(names))
    return {
        kind: _rows(name, kind, contents[name], _rules(kind, day, platform_no))
        for name, kind in names.items()
    }


def fen(amount: str) -> int:
    """An amount that was checked above: digits, point, two digits."""
    return int(amount.replace(".", ""))


def _unpack(archive: bytes, expected: frozenset[str]) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            entries = files.infolist()
            _check_names([entry.filename for entry in entries], expected)
            if sum(entry.file_size for entry in entries) > _MAX_BYTES:
                raise StatementUnreadable(f"zip: more than {_MAX_BYTES} bytes unpacked")
            return {entry.filename: files.read(entry) for entry in entries}
    except _DAMAGED:
        raise StatementUnreadable("zip: truncated, damaged or encrypted") from None


def _check_names(names: list[str], expected: frozenset[str]) -> None:
    if len(names) != len(set(names)):
        raise StatementUnreadable("zip: a file stands in it twice")
    for name in sorted(expected - set(names)):
        raise StatementUnreadable(f"{name}: is missing")
    for name in sorted(set(names) - expected):
        raise StatementUnreadable(f"{name}: is none of this day's files")


def _rules(kind: str, day: str, platform_no: str) -> _Rules:
    cells = []
    for number, column in enumerate(LAYOUTS[kind]):
        if column in _NEEDED_AMOUNTS:
            cells.append((number, _AMOUNT, "must be an amount with two decimals"))
        elif column in _OTHER_AMOUNTS:
            cells.append((number, _AMOUNT_OR_NONE, "must be empty or have two decimals"))
        elif column == "币种":
            cells.append((number, re.compile("CNY"), "must be CNY"))
        elif column == "平台商编":
            cells.append((number, re.compile(re.escape(platform_no)), "must be our platform"))
        elif column.endswith("时间"):
            cells.append((number, re.compile(day + _CLOCK), f"must be a time of {day}"))
    key = LAYOUTS[kind].index(_KEYS[kind])
    cells.append((key, re.compile(".+"), "must not be empty"))
    return _Rules(key, tuple(cells))


def _rows(name: str, kind: str, content: bytes, rules: _Rules) -> list[Row]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise StatementUnreadable(f"{name}: is not UTF-8") from None
    if not text.endswith("\n"):
        raise StatementUnreadable(f"{name}: the last line is cut off")
    header, *lines = text.replace("\r\n", "\n")[:-1].split("\n")
    columns = LAYOUTS[kind]
    if header != ",".join(columns):
        raise StatementUnreadable(f"{name} line 1: is not the header of {kind}")
    rows = [line.split(",") for line in lines]
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        if len(row) != len(columns):
            raise StatementUnreadable(f"{name} line {number}: must have {len(columns)} columns")
        for cell, pattern, rule in rules.cells:
            if pattern.fullmatch(row[cell]) is None:
                raise StatementUnreadable(f"{name} line {number}: {columns[cell]} {rule}")
        if row[rules.key] in seen:
            raise StatementUnreadable(
                f"{name} line {number}: {columns[rules.key]} stands there twice"
            )
        seen.add(row[rules.key])
    return rows
