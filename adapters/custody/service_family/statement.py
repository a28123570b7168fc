"""The day's check files -> the facts that are matched with our book.

A COMMISSION line carries no movement id: its reference is the request no., and it is matched by
request no. and payee. A freeze is no line; it shows in the balances alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import chain
from operator import itemgetter

from adapters.custody.service_family.accounts import account_named
from adapters.custody.service_family.checkfile import LAYOUTS, Row, fen, read_checkfile
from domain.accounts import OUTSIDE
from domain.bank_statement import (
    BankBalance,
    BankStatement,
    LineKind,
    StatementLine,
    StatementUnreadable,
)

_UNDER_WAY = frozenset({"CONFIRMING", "ACCEPT", "REMITING"})
_FAILED = frozenset({"FAIL", "ACCEPT_FAIL"})
_NOTHING = BankBalance(0, 0)


def read_statement(archive: bytes, bank_date: date, platform_no: str) -> BankStatement:
    """Raises StatementUnreadable."""
    files = read_checkfile(archive, bank_date, platform_no)
    lines = tuple(
        chain(
            _recharges(files["RECHARGE"]),
            _withdrawals(files["WITHDRAW"]),
            _transfers(files["TRANSACTION"]),
            _commissions(files["COMMISSION"]),
            _returned(files["BACKROLL_RECHARGE"]),
            _adjustments(files["ADJUST_BALANCE"]),
        )
    )
    balances = dict(_balances(files["ALLBALANCE"]))
    return BankStatement(bank_date, lines, balances, hashlib.sha256(archive).hexdigest())


def _cells(kind: str, *columns: str) -> Callable[[Row], Sequence[str]]:
    return itemgetter(*(LAYOUTS[kind].index(column) for column in columns))


def _recharges(rows: Iterable[Row]) -> Iterator[StatementLine]:
    cells = _cells("RECHARGE", "平台请求流水号", "金额", "平台用户编号", "充值订单编号")
    for request_no, amount, number, order_no in map(cells, rows):
        yield StatementLine(
            LineKind.RECHARGE,
            request_no,
            fen(amount),
            OUTSIDE,
            account_named(number),
            bank_ref=order_no,
        )


def _withdrawals(rows: Iterable[Row]) -> Iterator[StatementLine]:
    """One that is still under way has moved nothing yet: it shows as frozen money."""
    cells = _cells("WITHDRAW", "平台请求流水号", "金额", "平台用户编号", "订单号", "提现状态")
    for request_no, amount, number, order_no, state in map(cells, rows):
        if state in _UNDER_WAY:
            continue
        if state != "SUCCESS" and state not in _FAILED:
            raise StatementUnreadable(f"WITHDRAW order {order_no}: unknown 提现状态")
        yield StatementLine(
            LineKind.WITHDRAWAL,
            request_no,
            fen(amount),
            account_named(number),
            OUTSIDE,
            succeeded=state == "SUCCESS",
            bank_ref=order_no,
        )


def _transfers(rows: Iterable[Row]) -> Iterator[StatementLine]:
    cells = _cells(
        "TRANSACTION",
        "商户自定义参数",
        "平台请求流水号",
        "金额",
        "发起方平台用户编号",
        "接收方平台用户编号",
        "订单号",
    )
    for movement_id, request_no, amount, payer, payee, order_no in map(cells, rows):
        yield StatementLine(
            LineKind.TRANSFER,
            movement_id or request_no,
            fen(amount),
            account_named(payer),
            account_named(payee),
            bank_ref=order_no,
        )


def _commissions(rows: Iterable[Row]) -> Iterator[StatementLine]:
    cells = _cells("COMMISSION", "请求流水号", "金额", "发起方用户", "接收方用户", "订单号")
    for request_no, amount, payer, payee, order_no in map(cells, rows):
        yield StatementLine(
            LineKind.COMMISSION,
            request_no,
            fen(amount),
            account_named(payer),
            account_named(payee),
            bank_ref=order_no,
        )


def _returned(rows: Iterable[Row]) -> Iterator[StatementLine]:
    cells = _cells(
        "BACKROLL_RECHARGE",
        "回充请求流水号",
        "金额",
        "平台用户编号",
        "提现请求流水号",
        "回充订单号",
    )
    for bank_request_no, amount, number, withdrawal_no, order_no in map(cells, rows):
        yield StatementLine(
            LineKind.RETURNED_WITHDRAWAL,
            bank_request_no,
            fen(amount),
            OUTSIDE,
            account_named(number),
            origin=withdrawal_no,
            bank_ref=order_no,
        )


def _adjustments(rows: Iterable[Row]) -> Iterator[StatementLine]:
    cells = _cells("ADJUST_BALANCE", "流水号", "业务类型", "方向", "金额", "平台用户编号")
    for serial, business, direction, amount, number in map(cells, rows):
        account = account_named(number)
        if direction not in ("IN", "OUT"):
            raise StatementUnreadable(f"ADJUST_BALANCE serial {serial}: unknown 方向")
        payer, payee = (OUTSIDE, account) if direction == "IN" else (account, OUTSIDE)
        kind = LineKind.INTEREST if business == "INTEREST" else LineKind.ADJUSTMENT
        yield StatementLine(kind, serial, fen(amount), payer, payee, bank_ref=serial)


def _balances(rows: Iterable[Row]) -> Iterator[tuple[str, BankBalance]]:
    """Numbers of the bank's that are none of our accounts are told only where they hold money."""
    cells = _cells("ALLBALANCE", "平台用户编号", "可用余额", "冻结余额")
    for number, available, frozen in map(cells, rows):
        account, balance = account_named(number), BankBalance(fen(available), fen(frozen))
        if account != number or balance != _NOTHING:
            yield account, balance
