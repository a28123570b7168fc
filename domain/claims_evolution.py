"""What the events of claims that change hands (债权转让) make of a loan."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from domain import loan_events as e
from domain.loan import Loan, Offer
from domain.model import without
from domain.register import split_off


def evolve_claims(loan: Loan, event: e.ClaimEvent) -> Loan:
    match event:
        case e.ClaimOffered():
            offer = Offer(event.claim_id, event.principal_fen)
            return replace(loan, offers={**loan.offers, event.assignment_id: offer})
        case e.ClaimSold():
            sold = replace(loan.offers[event.assignment_id], buyer_id=event.buyer_id)
            return replace(loan, offers={**loan.offers, event.assignment_id: sold})
        case e.ClaimKept():
            return replace(loan, offers=without(loan.offers, event.assignment_id))
        case e.ClaimAssigned():
            return _assigned(loan, event)
        case _:
            assert_never(event)


def _assigned(loan: Loan, event: e.ClaimAssigned) -> Loan:
    place = loan.place_of(event.claim_id)
    seller = loan.claims[place]
    claims = list(loan.claims)
    claims[place] = seller._replace(principal_fen=seller.principal_fen - event.claim.principal_fen)
    lines = {line.period: line for line in event.lines}
    billed = {}
    for period, instalment in loan.billed.items():
        _, principal_fen, interest_fen = lines.get(period, (period, 0, 0))
        billed[period] = instalment.assigned(place, principal_fen, interest_fen)
    return replace(
        loan,
        claims=(*claims, event.claim),
        unbilled=split_off(loan.unbilled, place, event.unbilled_fen),
        lent=split_off(loan.lent, place, event.lent_fen),
        billed=billed,
        offers=without(loan.offers, event.assignment_id),
    )
