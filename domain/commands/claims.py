"""Commands about claims that change hands (债权转让)."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from domain.commands.base import BankRef, Command
from domain.model import Fen, Id


class OfferClaim(Command):
    """债权转让: a holder offers his claim, or a part of it. The buyer also pays the interest that
    has accrued to the day on which he buys."""

    NEW_BUSINESS: ClassVar[bool] = True
    type: Literal["offer_claim"] = "offer_claim"
    assignment_id: Id
    loan_id: Id
    claim_id: BankRef  # The tender, or the claim that came of an assignment.
    seller_id: Id
    principal_fen: Fen  # What of its open principal is offered.
    price_fen: Fen  # For that principal: above it or below.
    valid_until: date  # Not bought by the end of this business date: over.


class BuyClaim(Command):
    """An investor buys what is offered, as it is offered; his money is frozen at the bank."""

    NEW_BUSINESS: ClassVar[bool] = True
    type: Literal["buy_claim"] = "buy_claim"
    assignment_id: Id
    buyer_id: Id
    amount_max_fen: Fen  # What he agreed to pay at most, accrued interest included.


class WithdrawOffer(Command):
    """撤销转让. Only before it is bought."""

    type: Literal["withdraw_offer"] = "withdraw_offer"
    assignment_id: Id


ClaimsCommand = OfferClaim | BuyClaim | WithdrawOffer
