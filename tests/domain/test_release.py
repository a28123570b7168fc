"""Releases that the bank refused: what may be asked for again, as what, and under which id."""

from __future__ import annotations

from typing import Any

import pytest

from domain import cashbook as cb
from domain import release
from domain.accounts import OUTSIDE
from domain.model import Refused
from domain.purposes import Purpose
from domain.refusals import Code
from tests.exemplars import TODAY, a_movement

LUCY = "lucy:investor"
LONGEST = "x" * 32


def asked(entry_id: str, purpose: Purpose = Purpose.TENDER_RELEASE, **changes: Any) -> cb.Entry:
    parties = {"payer": LUCY, "payee": LUCY} | changes
    movement = a_movement(purpose, id=f"{entry_id}.1", amount_fen=700, freeze="T-t1.1", **parties)
    return cb.evolve(cb.INITIAL, cb.request(cb.INITIAL, entry_id, "L1", "t1", [movement]))


def refused(entry_id: str, purpose: Purpose = Purpose.TENDER_RELEASE, **changes: Any) -> cb.Entry:
    state = asked(entry_id, purpose, **changes)
    return cb.evolve(state, cb.reject(state, "E1"))


def test_what_was_refused_is_asked_for_again_as_it_was_under_the_next_id() -> None:
    again = release.ask_again(refused("X-t1"), cb.INITIAL)
    assert (again.entry_id, again.subject, again.reference) == ("X2-t1", "L1", "t1")
    assert again.purpose is Purpose.TENDER_RELEASE
    [movement] = again.movements
    assert (movement.id, movement.payer, movement.payee) == ("X2-t1.1", LUCY, LUCY)
    assert (movement.amount_fen, movement.freeze) == (700, "T-t1.1")
    assert again.legs == ()  # It is frozen already.
    assert release.ask_again(refused("X2-t1"), cb.INITIAL).entry_id == "X3-t1"


@pytest.mark.parametrize(
    ("purpose", "account"),
    [
        (Purpose.TENDER_RELEASE, LUCY),
        (Purpose.ASSIGNMENT_RELEASE, LUCY),
        (Purpose.REPAYMENT_RELEASE, "bob:borrower"),
        (Purpose.GUARANTEE_RELEASE, "gus:guarantor"),
    ],
)
def test_every_release_that_we_ask_for_by_ourselves(purpose: Purpose, account: str) -> None:
    state = refused("Y-p1", purpose, payer=account, payee=account)
    assert release.ask_again(state, cb.INITIAL).movements[0].payer == account


@pytest.mark.parametrize(
    ("entry", "following", "code"),
    [
        (cb.INITIAL, cb.INITIAL, Code.ENTRY_UNKNOWN),
        (refused("W-t1", Purpose.WITHDRAWAL, payee=OUTSIDE), cb.INITIAL, Code.NOT_A_RELEASE),
        (refused("T-t1", Purpose.TENDER), cb.INITIAL, Code.NOT_A_RELEASE),
        (refused("O-o1", Purpose.ADMINISTRATIVE_RELEASE), cb.INITIAL, Code.NOT_A_RELEASE),
        (cb.Entry(cb.Status.SETTLED), cb.INITIAL, Code.NOT_A_RELEASE),  # The bank's own.
        (asked("X-t1"), cb.INITIAL, Code.RELEASE_NOT_REFUSED),
        (
            cb.evolve(asked("X-t1"), cb.settle(asked("X-t1"), TODAY)),
            cb.INITIAL,
            Code.RELEASE_NOT_REFUSED,
        ),
        (refused("X-t1"), asked("X2-t1"), Code.RELEASE_ASKED_AGAIN),
        (refused("X-t1"), refused("X2-t1"), Code.RELEASE_ASKED_AGAIN),
        (refused("X999-t1"), cb.INITIAL, Code.RELEASE_ASKED_TOO_OFTEN),
    ],
)
def test_what_is_not_asked_for_again(entry: cb.Entry, following: cb.Entry, code: Code) -> None:
    with pytest.raises(Refused) as refusal:
        release.ask_again(entry, following)
    assert (refusal.value.code, refusal.value.field) == (code, "entry_id")


@pytest.mark.parametrize("kind", ["X", "Y", "V", "AX", "GX"])
def test_the_last_of_the_longest_ids_fits_the_strictest_bank(kind: str) -> None:
    last = release.ask_again(refused(f"{kind}998-{LONGEST}"), cb.INITIAL)
    assert last.entry_id == f"{kind}999-{LONGEST}"
    assert len(last.movements[0].id) <= 40


@pytest.mark.parametrize("first", ["X-t1", "GX-a-1", "Y-2018-01", "X-9"])
def test_the_first_ones_id_is_told_by_all_that_follow(first: str) -> None:
    entry_id = first
    for asks in range(1, 13):
        assert (release.first_id(entry_id), release.asks(entry_id)) == (first, asks)
        entry_id = release.following_id(entry_id)


@pytest.mark.parametrize("other", ["R-p1", "D-L1-1", "B-X", "plain", "9"])
def test_any_other_entry_is_the_first_of_its_own(other: str) -> None:
    assert release.first_id(other) == other
