"""对账文件: one zip a bank day, as published: Chinese header line, commas, UTF-8, one line a fact.

Made from the tables alone, in the order of the orders' numbers, so a day's files come out the same
however often and however late they are fetched. Balances are today's, wound back by the postings
that came after the day.
"""

from __future__ import annotations

import io
import zipfile
from datetime import date

from services.sandbox_bank import store, tampering
from services.sandbox_bank.clock import compact
from services.sandbox_bank.database import connect

_TIME = "to_char(e.happened_at, 'YYYYMMDDHH24MISS')"
_FACT = """FROM entry e
LEFT JOIN account payer ON payer.no = e.payer
LEFT JOIN account payee ON payee.no = e.payee
WHERE e.bank_date = %(day)s AND e.kind = ANY(%(kinds)s) ORDER BY e.order_no"""


def _yuan(fen: str) -> str:
    return f"to_char({fen} / 100.0, 'FM9999999999999990.00')"


_AMOUNT = _yuan("e.amount_fen")

# file type -> header line, columns, entry kinds
_FACTS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "RECHARGE": (
        (
            "充值时间,平台商编,支付公司代码,平台请求流水号,充值订单编号,业务类型,金额,币种,会员编号,"
            "平台用户编号,银行卡号,银行编码,支付方式,到账金额,备注,支付公司订单号"
        ),
        (
            *(_TIME, "%(platform)s", "'SANDBOX'", "e.request_no", "e.order_no", "e.biz_type"),
            *(_AMOUNT, "'CNY'", "payee.member_no", "e.payee", "e.card_no", "e.bank_code"),
            *("e.way", _AMOUNT, "e.remark", "e.order_no"),
        ),
        ("RECHARGE",),
    ),
    "WITHDRAW": (
        (
            "提现时间,平台商编,平台请求流水号,订单号,业务类型,金额,币种,会员编号,平台用户编号,银行卡号,"
            "银行编码,到账金额,备注,提现状态,提现方式,垫资金额,出款类型,提现类型"
        ),
        (
            *(_TIME, "%(platform)s", "e.request_no", "e.order_no", "'WITHDRAW'", _AMOUNT),
            *("'CNY'", "payer.member_no", "e.payer", "e.card_no", "e.bank_code"),
            f"CASE e.kind WHEN 'WITHDRAW' THEN {_AMOUNT} ELSE '0.00' END",
            *("e.remark", "CASE e.kind WHEN 'WITHDRAW' THEN 'SUCCESS' ELSE 'FAIL' END"),
            *("'IMMEDIATE'", "'0.00'", "'SANDBOX'", "e.way"),
        ),
        ("WITHDRAW", "WITHDRAW_FAIL"),
    ),
    "TRANSACTION": (
        (
            "发生时间,平台商编,平台请求流水号,订单号,业务类型,金额,利息金额,币种,发起方会员编号,"
            "发起方平台用户编号,接收方会员编号,接收方平台用户编号,标的号,原订单号,备注,债权份额,"
            "商户自定义参数"
        ),
        (
            *(_TIME, "%(platform)s", "e.request_no", "e.order_no", "e.biz_type", _AMOUNT),
            *(_yuan("e.income_fen"), "'CNY'", "payer.member_no", "e.payer"),
            *("payee.member_no", "e.payee", "e.project_no", "e.origin_no", "e.remark"),
            *("e.share", "e.custom_define"),
        ),
        ("TRANSACTION",),
    ),
    "COMMISSION": (
        "扣款时间,平台商编,订单号,业务类型,发起方用户,接收方用户,金额,币种,标的号,备注,请求流水号",
        (
            *(_TIME, "%(platform)s", "e.order_no", "e.biz_type", "e.payer", "e.payee", _AMOUNT),
            *("'CNY'", "e.project_no", "e.remark", "e.request_no"),
        ),
        ("COMMISSION",),
    ),
    "BACKROLL_RECHARGE": (
        (
            "充值时间,平台商编,支付公司代码,回充请求流水号,回充订单号,业务类型,金额,币种,会员编号,"
            "平台用户编号,支付方式,提现到账金额,提现佣金,备注,提现请求流水号"
        ),
        (
            *(_TIME, "%(platform)s", "'SANDBOX'", "e.request_no", "e.order_no", "e.biz_type"),
            *(_AMOUNT, "'CNY'", "payee.member_no", "e.payee", "'BACKROLL'", _AMOUNT, "'0.00'"),
            *("e.remark", "e.origin_no"),
        ),
        ("BACKROLL_RECHARGE",),
    ),
    "ADJUST_BALANCE": (
        "发生时间,平台商编,流水号,业务类型,方向,金额,币种,平台用户编号,备注",
        (
            *(_TIME, "%(platform)s", "e.request_no", "e.biz_type", "e.way", _AMOUNT, "'CNY'"),
            *("CASE e.way WHEN 'IN' THEN e.payee ELSE e.payer END", "e.remark"),
        ),
        ("ADJUST_BALANCE",),
    ),
}

# A transfer between people of whom nobody here has heard.
_FOREIGN = (
    "{day}120000,{platform},{no},900000000000000,REPAYMENT,7.77,0.00,CNY,0,STRANGER-1,0,STRANGER-2,"
    ",,,,{no}"
)

_USER_HEADER = "平台用户编号,会员编号,角色,状态"
_USERS = """SELECT no, member_no, role, 'ACTIVATED' FROM account
WHERE opened_on <= %(day)s ORDER BY member_no"""

_BALANCE_HEADER = "平台用户编号,会员编号,可用余额,冻结余额,币种"
_BALANCES = f"""SELECT no, member_no,
    {_yuan("(available_fen - coalesce(later.available, 0))")},
    {_yuan("(frozen_fen - coalesce(later.frozen, 0))")}, 'CNY'
FROM account LEFT JOIN (
    SELECT account_no,
        sum(amount_fen) FILTER (WHERE pot = 'available') AS available,
        sum(amount_fen) FILTER (WHERE pot = 'frozen') AS frozen
    FROM posting WHERE bank_date > %(day)s GROUP BY account_no
) later ON later.account_no = account.no
WHERE opened_on <= %(day)s ORDER BY member_no"""  # noqa: S608 - made of constants only


def archive(url: str, platform_no: str, day: date) -> bytes:
    """The zip of a day that is over."""
    with connect(url) as db:
        # One view of all tables: a balance must not move between reading it and its postings.
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        texts = _texts(db, platform_no, day)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file_type, text in texts.items():
            name = f"{compact(day)}_{platform_no}_{file_type}.txt"
            stamp = (max(day.year, 1980), day.month, day.day, 0, 0, 0)
            archive.writestr(zipfile.ZipInfo(name, stamp), text, zipfile.ZIP_DEFLATED, 1)
    return packed.getvalue()


def _texts(db: store.Db, platform_no: str, day: date) -> dict[str, bytes]:
    texts = {}
    for file_type, (header, columns, kinds) in _FACTS.items():
        query = f"SELECT {', '.join(columns)} {_FACT}"
        params = {"day": day, "kinds": list(kinds), "platform": platform_no}
        texts[file_type] = _copy(db, header, query, params)
    wrong = tampering.wrong_with(db, day)
    foreign = _FOREIGN.format(day=compact(day), platform=platform_no, no=tampering.foreign_no(day))
    texts["RECHARGE"] = tampering.spoil(texts["RECHARGE"], wrong, 4, (6, 13))
    texts["TRANSACTION"] = tampering.spoil(texts["TRANSACTION"], wrong, 3, (5,), foreign)
    texts["USER"] = _copy(db, _USER_HEADER, _USERS, {"day": day})
    texts["ALLBALANCE"] = _copy(db, _BALANCE_HEADER, _BALANCES, {"day": day})
    return texts


def _copy(db: store.Db, header: str, query: str, params: dict[str, object]) -> bytes:
    """`query` as PostgreSQL prints it. No value needs escaping: see fields.py."""
    statement = f"COPY ({query}) TO STDOUT (DELIMITER ',', NULL '')".encode()
    with db.cursor().copy(statement, params) as copy:
        return b"".join([header.encode() + b"\n", *map(bytes, copy)])
