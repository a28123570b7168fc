"""SWIFT MT940, the customer statement message.

Its own reader, and strict: decision 15 says why not the package. A statement may come in several
messages, from `:60F:` over `:62M:` and `:60M:` to `:62F:`; they are put together.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from adapters.statements.model import (
    CLOSING,
    CLOSING_AVAILABLE,
    FORWARD_AVAILABLE,
    OPENING,
    YUAN,
    Balance,
    Line,
    Statement,
    adds_up,
    currency_rule,
    unreadable,
)
from adapters.statements.mt940_fields import Field, messages_of

_ACCOUNT = re.compile(r"[^\s].{0,34}")
_NUMBER = re.compile(r"([0-9]{1,5})(?:/([0-9]{1,5}))?")
_BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]+,[0-9]*)")
_ENTRY = re.compile(
    r"(?P<value>[0-9]{6})(?P<booked>[0-9]{4})?(?P<mark>R?[CD])(?P<funds>[A-Z])?"
    r"(?P<amount>[0-9]+,[0-9]*)(?P<code>S[0-9]{3}|[NF][A-Z0-9]{3})"
    r"(?P<reference>(?:(?!//).){1,16})(?://(?P<bank_ref>.{1,16}))?"
)
_AMOUNT = re.compile(r"([0-9]{1,14}),([0-9]{0,2})")
_MAX_AMOUNT = 15
_NO_REFERENCE = "NONREF"
_KINDS = {
    **dict.fromkeys(("60F", "60M"), OPENING),
    **dict.fromkeys(("62F", "62M"), CLOSING),
    "64": CLOSING_AVAILABLE,
    "65": FORWARD_AVAILABLE,
}
_SIGNS = {"C": 1, "RD": 1, "D": -1, "RC": -1}
_FIRST_YEAR = 80  # Of the last century; what is below lies in this one.


@dataclass(frozen=True, slots=True)
class _Message:
    """One message: a whole statement, or a page of one."""

    place: str
    account: str
    number: str
    page: int
    first: bool
    last: bool
    balances: tuple[Balance, ...]
    lines: tuple[Line, ...]

    @property
    def opening(self) -> Balance:
        return self.balances[0]

    @property
    def closing(self) -> Balance:
        return self.balances[1]


def read_mt940(
    content: bytes, currencies: Collection[str] = YUAN, encoding: str = "utf-8"
) -> tuple[Statement, ...]:
    """Every statement of a file. Raises StatementUnreadable."""
    messages = [_message(fields, currencies) for fields in messages_of(content, encoding)]
    seen: set[tuple[str, str, int]] = set()
    for message in messages:
        key = (message.account, message.number, message.page)
        if key in seen:
            raise unreadable(message.place, "this statement of this account stands there twice")
        seen.add(key)
    return tuple(_statements(messages))


def _statements(messages: list[_Message]) -> Iterator[Statement]:
    pages: list[_Message] = []
    for message in messages:
        if message.first and pages:
            raise unreadable(pages[-1].place, "the page that goes on with it is missing")
        if not message.first:
            _check_goes_on(pages[-1] if pages else None, message)
        pages.append(message)
        if message.last:
            balances = (pages[0].opening, *message.balances[1:])
            lines = tuple(line for page in pages for line in page.lines)
            yield Statement(message.number, balances, lines)
            pages = []
    if pages:
        raise unreadable(pages[-1].place, "the page that goes on with it is missing")


def _check_goes_on(before: _Message | None, page: _Message) -> None:
    if before is None or (before.account, before.number, before.page + 1) != (
        page.account,
        page.number,
        page.page,
    ):
        raise unreadable(page.place, "the page before it is missing")
    if (before.closing.amount_fen, before.closing.currency) != (
        page.opening.amount_fen,
        page.opening.currency,
    ):
        raise unreadable(page.place, "does not open with the balance of the page before")


def _message(fields: list[Field], currencies: Collection[str]) -> _Message:
    by_tag = {each.tag: each for each in fields}
    account_field = by_tag.get("25") or by_tag["25P"]
    account = _matched(account_field, _ACCOUNT, "must be an account of at most 35 characters")[0]
    number = _matched(by_tag["28C"], _NUMBER, "must be a number, and perhaps /page")
    opening = by_tag.get("60F") or by_tag["60M"]
    closing = by_tag.get("62F") or by_tag["62M"]
    others = [each for each in fields if each.tag in ("64", "65")]
    balances = tuple(_balance(each, account, currencies) for each in (opening, closing, *others))
    if len({each.currency for each in balances}) > 1:
        raise unreadable(closing.place, "all balances must be in one currency")
    lines = tuple(_lines(fields, account, balances[0].currency))
    if not adds_up(balances[0], balances[1], lines):
        rule = f"is not what {opening.tag} and the entries come to"
        raise unreadable(closing.place, rule)
    first, last = opening.tag == "60F", closing.tag == "62F"
    page = int(number[2] or 1)
    return _Message(by_tag["28C"].place, account, number[1], page, first, last, balances, lines)


def _balance(field: Field, account: str, currencies: Collection[str]) -> Balance:
    found = _matched(field, _BALANCE, "must be C or D, yymmdd, currency and amount")
    if found[3] not in currencies:
        raise unreadable(field.place, currency_rule(currencies))
    fen = _fen(field, found[4])
    on = _day(field, found[2])
    return Balance(_KINDS[field.tag], account, on, fen if found[1] == "C" else -fen, found[3])


def _lines(fields: list[Field], account: str, currency: str) -> Iterator[Line]:
    for field, after in zip(fields, [*fields[1:], None], strict=True):
        if field.tag == "61":
            information = after if after is not None and after.tag == "86" else None
            yield _line(field, account, currency, information)


def _line(field: Field, account: str, currency: str, information: Field | None) -> Line:
    found = _ENTRY.fullmatch(field.lines[0])
    if found is None:
        raise unreadable(
            field.place, "must be yymmdd, mmdd, C, D, RC or RD, amount, type, reference//reference"
        )
    value_on = _day(field, found["value"])
    reference = found["reference"].strip()
    said = information.lines if information else []
    return Line(
        line=field.line,
        account=account,
        booked_on=_booked(field, value_on, found["booked"]),
        value_on=value_on,
        amount_fen=_SIGNS[found["mark"]] * _fen(field, found["amount"]),
        currency=currency,
        reversal=found["mark"].startswith("R"),
        references=() if reference in ("", _NO_REFERENCE) else (reference,),
        bank_ref=(found["bank_ref"] or "").strip(),
        code=found["code"],
        text="\n".join([*field.lines[1:], *said]),
    )


def _matched(field: Field, pattern: re.Pattern[str], rule: str) -> re.Match[str]:
    found = pattern.fullmatch(field.lines[0])
    if found is None:
        raise unreadable(field.place, rule)
    return found


def _fen(field: Field, amount: str) -> int:
    """`12,` and `12,3` are whole, as SWIFT writes them."""
    found = _AMOUNT.fullmatch(amount)
    if found is None or len(amount) > _MAX_AMOUNT:
        raise unreadable(
            field.place,
            f"the amount must have at most two decimals, {_MAX_AMOUNT} characters in all",
        )
    return int(found[1]) * 100 + int(found[2].ljust(2, "0"))


def _day(field: Field, yymmdd: str) -> date:
    year, month, day = (int(yymmdd[place : place + 2]) for place in (0, 2, 4))
    return _date(field, (1900 if year >= _FIRST_YEAR else 2000) + year, month, day)


def _booked(field: Field, value_on: date, mmdd: str | None) -> date:
    """The entry date has no year: it is the one that is nearest to the value date. Where it is left
    out, it is the value date."""
    if mmdd is None:
        return value_on
    month, day = int(mmdd[:2]), int(mmdd[2:])
    if (month, day) == (2, 29):
        return _date(field, value_on.year, month, day)
    near = (_date(field, value_on.year + years, month, day) for years in (-1, 0, 1))
    return min(near, key=lambda each: abs(each - value_on))


def _date(field: Field, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise unreadable(field.place, "must hold dates of the calendar") from None
