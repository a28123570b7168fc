"""Given what a member authorised, when it is asked, answered, cancelled or used, then this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from domain import authorisation as a
from domain import authorised_use
from domain.accounts import Role
from domain.authorisation import AuthorisationEvent, Authorisations, Kind
from domain.model import Refused
from domain.refusals import Code
from tests.exemplars import TODAY

LAST_DAY = date(2018, 6, 30)
ASKED = a.AuthorisationRequested(
    member_id="lucy", number=1, kind=Kind.TENDER, ends_on=LAST_DAY, limit_fen=500_00
)
GRANTED = a.AuthorisationGranted(member_id="lucy", number=1, replaces=None)
REFUSED = a.AuthorisationRefused(member_id="lucy", number=1, bank_code="E1")
MORE = replace(ASKED, number=2, limit_fen=900_00)
REPLACED = a.AuthorisationGranted(member_id="lucy", number=2, replaces=1)
CANCELLING = a.AuthorisationCancelling(member_id="lucy", number=1, kind=Kind.TENDER, cancellation=2)
CANCELLED = a.AuthorisationCancelled(member_id="lucy", number=1)
KEPT = a.AuthorisationKept(member_id="lucy", number=1, bank_code="E1")
OTHER_KIND = replace(ASKED, number=2, kind=Kind.REPAYMENT)
CHANGED = a.AuthorisationChangedAtBank(
    member_id="lucy",
    number=2,
    kind=Kind.TENDER,
    role=Role.INVESTOR,
    ends_on=LAST_DAY,
    limit_fen=900_00,
    replaces=1,
    act=7,
)
ENDED = a.AuthorisationEndedAtBank(
    member_id="lucy", number=1, kind=Kind.TENDER, role=Role.INVESTOR, act=7
)
CASH = replace(ASKED, kind=Kind.WITHDRAWAL, role=Role.INVESTOR)

Ask = Callable[[Authorisations], Any]


def request(
    ends_on: date = LAST_DAY,
    limit_fen: int = 500_00,
    kind: Kind = Kind.TENDER,
    role: Role | None = None,
) -> Ask:
    return lambda known: a.request(known, "lucy", kind, ends_on, limit_fen, TODAY, role)


def cancel(kind: Kind = Kind.TENDER, role: Role | None = None) -> Ask:
    return lambda known: a.cancel(known, "lucy", kind, role)


def answer(number: int = 1, code: str | None = None) -> Ask:
    return lambda known: a.answer(known, "lucy", number, code)


def answer_end(code: str | None = None) -> Ask:
    return lambda known: a.answer_cancellation(known, "lucy", 1, code)


def told(act: int, fen: int | None = None) -> Ask:
    terms = None if fen is None else (LAST_DAY, fen)
    return lambda known: a.told(known, "lucy", Kind.TENDER, Role.INVESTOR, act, terms)


def use(
    fen: int = 500_00,
    today: date = TODAY,
    kind: Kind = Kind.TENDER,
    role: Role | None = None,
    *,
    required: bool = False,
) -> Ask:
    return lambda known: authorised_use.check(known, kind, fen, today, required=required, role=role)


NOTHING = None
Then = AuthorisationEvent | tuple[AuthorisationEvent, ...] | Code | None
THEN: dict[str, tuple[Sequence[AuthorisationEvent], Ask, Then]] = {
    "it is asked for": ([], request(), ASKED),
    "until today at the earliest": (
        [],
        request(ends_on=TODAY - timedelta(days=1)),
        Code.AUTHORISATION_ENDED,
    ),
    "one at a time": ([ASKED], request(), Code.AUTHORISATION_UNDER_WAY),
    "one at a time, a cancellation too": (
        [ASKED, GRANTED, CANCELLING],
        request(),
        Code.AUTHORISATION_UNDER_WAY,
    ),
    "of each kind": ([ASKED], request(kind=Kind.REPAYMENT), OTHER_KIND),
    "the bank grants it": ([ASKED], answer(), GRANTED),
    "or refuses": ([ASKED], answer(code="E1"), REFUSED),
    "once": ([ASKED, GRANTED], answer(), Code.AUTHORISATION_NOT_OPEN),
    "and nothing that was not asked": ([ASKED], answer(2), Code.AUTHORISATION_NOT_OPEN),
    "a granted one may be raised": ([ASKED, GRANTED], request(limit_fen=900_00), MORE),
    "and is replaced by that": ([ASKED, GRANTED, MORE], answer(2), REPLACED),
    "it is cancelled": ([ASKED, GRANTED], cancel(), CANCELLING),
    "if there is one": ([ASKED, GRANTED], cancel(Kind.REPAYMENT), Code.AUTHORISATION_MISSING),
    "the bank cancels": ([ASKED, GRANTED, CANCELLING], answer_end(), (CANCELLED,)),
    "or keeps it": ([ASKED, GRANTED, CANCELLING], answer_end("E1"), (KEPT,)),
    "unasked it does neither": ([ASKED, GRANTED], answer_end(), Code.AUTHORISATION_NOT_OPEN),
    "after a cancellation the next number follows": (
        [ASKED, GRANTED, CANCELLING, CANCELLED],
        request(),
        replace(ASKED, number=3),
    ),
    "it is used up to its limit on its last day": ([ASKED, GRANTED], use(today=LAST_DAY), NOTHING),
    "not above its limit": ([ASKED, GRANTED], use(500_01), Code.AUTHORISATION_EXCEEDED),
    "not after its last day": (
        [ASKED, GRANTED],
        use(today=LAST_DAY + timedelta(days=1)),
        Code.AUTHORISATION_ENDED,
    ),
    "the old limit holds until the new one is granted": (
        [ASKED, GRANTED, MORE],
        use(900_00),
        Code.AUTHORISATION_EXCEEDED,
    ),
    "then the new one": ([ASKED, GRANTED, MORE, REPLACED], use(900_00), NOTHING),
    "not while it is cancelled": (
        [ASKED, GRANTED, CANCELLING],
        use(1),
        Code.AUTHORISATION_MISSING,
    ),
    "not afterwards": (
        [ASKED, GRANTED, CANCELLING, CANCELLED],
        use(1),
        Code.AUTHORISATION_MISSING,
    ),
    "but where the bank kept it": ([ASKED, GRANTED, CANCELLING, KEPT], use(), NOTHING),
    "nothing on record is enough where none is required": ([], use(), NOTHING),
    "what is only asked for is nothing yet": ([ASKED], use(900_00), NOTHING),
    "nor is what was refused": ([ASKED, REFUSED], use(900_00), NOTHING),
    "but not where one is required": ([], use(required=True), Code.AUTHORISATION_MISSING),
    "nor while it is only asked for": ([ASKED], use(required=True), Code.AUTHORISATION_MISSING),
    "another kind is no authorisation": (
        [ASKED, GRANTED],
        use(kind=Kind.REPAYMENT, required=True),
        Code.AUTHORISATION_MISSING,
    ),
    "the member changes it at the bank": ([ASKED, GRANTED], told(7, 900_00), (CHANGED,)),
    "and is held to that": ([ASKED, GRANTED, CHANGED], use(900_00), NOTHING),
    "he ends it there": ([ASKED, GRANTED], told(7), (ENDED,)),
    "then it is no more": ([ASKED, GRANTED, ENDED], use(1), Code.AUTHORISATION_MISSING),
    "also where none was on record": (
        [replace(ENDED, number=None)],
        use(1),
        Code.AUTHORISATION_MISSING,
    ),
    "what comes late says nothing": ([ASKED, GRANTED, ENDED], told(6, 900_00), ()),
    "nor what comes twice": ([ASKED, GRANTED, CHANGED], told(7, 900_00), ()),
    "he is faster than our end of it": (
        [ASKED, GRANTED, CANCELLING, ENDED],
        answer_end("E1"),
        (),
    ),
    "he grants again what he ended": (
        [ASKED, GRANTED, ENDED],
        told(8, 900_00),
        (replace(CHANGED, replaces=None, act=8),),
    ),
    "the number goes on from there": (
        [ASKED, GRANTED, CHANGED],
        request(limit_fen=900_00),
        replace(MORE, number=3),
    ),
    "a tender's is an investor's": (
        [],
        request(kind=Kind.TENDER, role=Role.BORROWER),
        Code.AUTHORISATION_ROLE,
    ),
    "a guarantor's advance needs no word of whose": (
        [],
        request(kind=Kind.COMPENSATORY),
        replace(ASKED, kind=Kind.COMPENSATORY),
    ),
    "a withdrawal's says of which account": (
        [],
        request(kind=Kind.WITHDRAWAL),
        Code.AUTHORISATION_ROLE,
    ),
    "and is asked for": ([], request(kind=Kind.WITHDRAWAL, role=Role.INVESTOR), CASH),
    "it is of that account": ([CASH, GRANTED], use(kind=CASH.kind, role=CASH.role), NOTHING),
    "and of no other": (
        [CASH, GRANTED],
        use(kind=CASH.kind, role=Role.BORROWER, required=True),
        Code.AUTHORISATION_MISSING,
    ),
    "each account has its own": (
        [CASH],
        request(kind=Kind.WITHDRAWAL, role=Role.BORROWER),
        replace(CASH, number=2, role=Role.BORROWER),
    ),
    "and its own is cancelled": (
        [CASH, GRANTED],
        cancel(Kind.WITHDRAWAL, Role.BORROWER),
        Code.AUTHORISATION_MISSING,
    ),
}


@pytest.mark.parametrize(("given", "when", "then"), THEN.values(), ids=THEN.keys())
def test_authorisation(given: Sequence[AuthorisationEvent], when: Ask, then: Then) -> None:
    known = a.INITIAL
    for event in given:
        known = a.evolve(known, event)
    if isinstance(then, Code):
        with pytest.raises(Refused) as caught:
            when(known)
        assert caught.value.code == then
    else:
        assert when(known) == then
