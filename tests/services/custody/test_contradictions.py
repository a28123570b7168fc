"""Which requests stand for an entry of the book: a contradiction about them is about money."""

from __future__ import annotations

from services.custody.contradictions import MOVES_MONEY
from services.custody.requests import Kind


def test_whatever_is_asked_for_an_entry_moves_money() -> None:
    """And nothing else: whoever adds a kind says here which it is."""
    assert set(Kind) - MOVES_MONEY == {
        *(Kind.OPEN_ACCOUNT, Kind.BIND_CARD, Kind.UNBIND_CARD),
        *(Kind.AUTHORISE, Kind.END_AUTHORISATION),
        *(Kind.CHANGE_PHONE, Kind.RESET_PASSWORD, Kind.CHECK_PASSWORD),
        *(Kind.ESTABLISH_PROJECT, Kind.CHANGE_PROJECT),
        *(Kind.CONFIRM_WITHDRAWAL, Kind.STOP_WITHDRAWAL),
        *(Kind.OFFER_SHARE, Kind.END_OFFER),
    }
