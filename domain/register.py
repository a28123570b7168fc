"""The claim register (债权登记): the only truth about who is owed what on one loan.

A *claim* is one tender's right to its part of the loan, or what was split off from one when it
changed hands (domain.claims): its holder is the same for ever. Instalments are billed in order; a
billed instalment holds, for each claim, the principal and interest still open to its investor, what
the reserve has taken over (rule 5, 收益转移), and what each guarantor has advanced (追偿权:
domain.recourse). Over which lines a payment goes is domain.payment_split's. Vectors of fen are
aligned with the claims' order.

Invariants: a billed instalment's vectors add up to its schedule row; every claim's principal closes
at exactly zero with the last instalment; nothing open is ever below zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace

from domain.allocation import Due
from domain.law import LAW_TABLES, LateCap, late_cap_of
from domain.model import InvariantBroken, State
from domain.penalty import (
    PENALTY_DENOMINATOR,
    Band,
    parse_bands,
    penalty_from,
    penalty_numerator,
)
from domain.policy import PenaltyBase, PolicyTerms
from domain.recourse import Advanced, Recourse, paid_back, with_more
from domain.sharing import ShareMethod, share, within

Vector = tuple[int, ...]
ONE_DAY = timedelta(days=1)


class Claim(NamedTuple):
    tender_id: str
    investor_id: str
    principal_fen: int


class AssignedLine(NamedTuple):
    """What of a billed instalment goes with a claim that changes hands."""

    period: int
    principal_fen: int
    interest_fen: int


class Row(NamedTuple):
    """One row of the schedule that the loan was disbursed on."""

    period: int
    due_on: date
    principal_fen: int
    interest_fen: int


class Part(NamedTuple):
    """What one payment or payout brings to one instalment: a vector a category, over the claims,
    and what of each goes to the reserve. `overdue_fee_fen` is the platform's, other fees included:
    they are settled first."""

    period: int
    principal: Vector
    interest: Vector
    penalty: Vector
    reserve_principal_fen: int = 0
    reserve_interest_fen: int = 0
    reserve_penalty_fen: int = 0
    overdue_fee_fen: int = 0

    @property
    def total_fen(self) -> int:
        investors_fen = sum(self.principal) + sum(self.interest) + sum(self.penalty)
        return investors_fen + self.reserve_fen + self.overdue_fee_fen

    @property
    def reserve_fen(self) -> int:
        return self.reserve_principal_fen + self.reserve_interest_fen + self.reserve_penalty_fen


class Lateness(NamedTuple):
    """What the loan itself says about the price of being late, beside its policy."""

    law_table: str = "none"
    concluded_on: date = date.min
    daily_interest_units: int = 0  # On a fen of overdue principal, where interest runs on.
    sued_on: date | None = None  # When suit was filed on the loan (起诉).


class Billed(State):
    """An instalment that fell due (or is being paid early), and what is still open of it."""

    period: int
    due_on: date
    principal: Vector
    interest: Vector
    reserve_principal_fen: int = 0
    reserve_interest_fen: int = 0
    advances: tuple[Advanced, ...] = ()  # Of each guarantor who advanced a part.
    last_paid_on: date = date.min  # The latest day on which a payment of it took effect.
    penalty_units: int = 0  # Of what is paid, each part to its payment's day, in parts of a fen,
    fee_units: int = 0
    cap: LateCap | None = LateCap()  # and what the law lets both come to; None: anything.
    penalty_paid_fen: int = 0
    fee_paid_fen: int = 0
    lateness: Lateness = Lateness()
    other_fee_fen: int = 0  # Court costs that are open,
    other_fee_routed_fen: int = 0  # and what of them the payment settles that was routed last.

    @property
    def investors_fen(self) -> int:
        return sum(self.principal) + sum(self.interest)

    @property
    def principal_fen(self) -> int:
        """Open, to whomever."""
        return sum(self.principal) + self.reserve_principal_fen + self.guarantor_principal_fen

    @property
    def base_fen(self) -> int:
        """Principal and interest open, to whomever."""
        return self.investors_fen + self.reserve_fen + self.guarantor_fen

    @property
    def reserve_fen(self) -> int:
        return self.reserve_principal_fen + self.reserve_interest_fen

    @property
    def guarantor_principal_fen(self) -> int:
        """Of all of them."""
        return sum([each.principal_fen for each in self.advances])

    @property
    def guarantor_interest_fen(self) -> int:
        return sum([each.interest_fen for each in self.advances])

    @property
    def guarantor_fen(self) -> int:
        return self.guarantor_principal_fen + self.guarantor_interest_fen

    def late_days(self, on: date, terms: PolicyTerms) -> int:
        """From the day after the due date; 0 as long as the grace days last, and where court costs
        are all that is open: they bear nothing, and nobody is late with them."""
        days = (on - self.due_on).days
        return days if self.base_fen and days > terms.grace_days else 0

    def late_when_paid(self, terms: PolicyTerms) -> int | None:
        """How late the last payment of it was when it took effect, whenever that was booked; None
        where something is open."""
        if self.base_fen:
            return None
        days = (self.last_paid_on - self.due_on).days
        return days if days > terms.grace_days else 0

    def paid_in_time(self, terms: PolicyTerms) -> bool:
        return self.late_when_paid(terms) == 0

    @property
    def untouched(self) -> bool:
        """Nobody has paid any of it, and no costs came to it."""
        in_place = self.reserve_fen or self.advances
        return self.last_paid_on == date.min and not (in_place or self.other_fee_fen)

    @property
    def open(self) -> bool:
        return bool(self.base_fen or self.other_fee_fen)

    def due(self, on: date, terms: PolicyTerms) -> Due:
        """What the borrower owes on it, as of the end of `on`. Penalty is rounded once, here: each
        fen bears it until the day on which it was paid, in whatever order payments are booked."""
        penalty_fen = overdue_fee_fen = 0
        reckoned_on = max(on, self.last_paid_on)
        if self.late_days(reckoned_on, terms):
            late = self._with_late(self.principal_fen, self.base_fen, on, terms)
            penalty_fen, overdue_fee_fen = late._charged(reckoned_on)
        return Due(
            instalment=self.period,
            other_fee_fen=self.other_fee_fen,
            penalty_fen=penalty_fen,
            overdue_fee_fen=overdue_fee_fen,
            interest_fen=self.base_fen - self.principal_fen,
            principal_fen=self.principal_fen,
        )

    def _with_late(self, principal_fen: int, base_fen: int, on: date, terms: PolicyTerms) -> Billed:
        """With penalty and fee of so much of it, from its first late day to the end of `on`, and
        with what the law lets them come to."""
        days = (on - self.due_on).days
        if days <= 0 or not base_fen:
            return self
        on_principal = terms.penalty_base is PenaltyBase.PRINCIPAL
        bearing_fen = principal_fen if on_principal else base_fen
        penalty_bands, fee_bands = _bands(terms.penalty_bands), _bands(terms.overdue_fee_bands)
        return replace(
            self,
            penalty_units=self.penalty_units
            + penalty_numerator(bearing_fen, 1, days, penalty_bands)
            + principal_fen * days * self.lateness.daily_interest_units,
            fee_units=self.fee_units + penalty_numerator(bearing_fen, 1, days, fee_bands),
            cap=self._capped_with(base_fen, on),
        )

    def _capped_with(self, base_fen: int, on: date) -> LateCap | None:
        table, concluded_on = LAW_TABLES[self.lateness.law_table], self.lateness.concluded_on
        more = late_cap_of(table, concluded_on, self.due_on + ONE_DAY, on, base_fen)
        if more is None or self.cap is None:
            return None
        return LateCap(self.cap.units + more.units, self.cap.suit_fen_days + more.suit_fen_days)

    def _charged(self, on: date) -> tuple[int, int]:
        """Penalty and fee in fen, not paid yet. Where the law's cap binds, the fee gives way first;
        what was paid before stays paid, and counts. Until suit is filed it is as if it were on the
        day of the reckoning."""
        penalty_fen = max(penalty_from(self.penalty_units), self.penalty_paid_fen)
        fee_fen = max(penalty_from(self.fee_units), self.fee_paid_fen)
        if self.cap is not None:
            suit_day = min(self.lateness.sued_on or on, on)
            cap_fen = self.cap.units_by(suit_day) // PENALTY_DENOMINATOR
            penalty_fen = min(penalty_fen, max(cap_fen - self.fee_paid_fen, self.penalty_paid_fen))
            fee_fen = min(fee_fen, max(cap_fen - penalty_fen, self.fee_paid_fen))
        return penalty_fen - self.penalty_paid_fen, fee_fen - self.fee_paid_fen

    def routed(self, part: Part) -> Billed:
        """A payment is on its way. More costs may be awarded before it is settled."""
        return replace(self, other_fee_routed_fen=min(part.overdue_fee_fen, self.other_fee_fen))

    def paid(
        self, part: Part, on: date, terms: PolicyTerms, recourse: Sequence[Recourse] = ()
    ) -> Billed:
        """After a payment of `part`, and of `recourse`, that took effect on `on`."""
        principal_fen = sum(part.principal) + part.reserve_principal_fen
        principal_fen += sum([back.principal_fen for back in recourse])
        interest_fen = sum(part.interest) + part.reserve_interest_fen
        interest_fen += sum([back.interest_fen for back in recourse])
        other_fee_fen = self.other_fee_routed_fen
        return _checked(
            replace(
                self._with_late(principal_fen, principal_fen + interest_fen, on, terms),
                last_paid_on=max(on, self.last_paid_on),
                principal=_minus(self.principal, part.principal),
                interest=_minus(self.interest, part.interest),
                reserve_principal_fen=self.reserve_principal_fen - part.reserve_principal_fen,
                reserve_interest_fen=self.reserve_interest_fen - part.reserve_interest_fen,
                advances=paid_back(self.advances, recourse),
                penalty_paid_fen=self.penalty_paid_fen
                + sum(part.penalty)
                + part.reserve_penalty_fen
                + sum(back.penalty_fen for back in recourse),
                fee_paid_fen=self.fee_paid_fen + part.overdue_fee_fen - other_fee_fen,
                other_fee_fen=self.other_fee_fen - other_fee_fen,
                other_fee_routed_fen=0,
            )
        )

    def advanced(self, principal: Vector, interest: Vector) -> Billed:
        """After the reserve paid these to the investors: the claim on the borrower is its own."""
        return _checked(
            replace(
                self,
                principal=_minus(self.principal, principal),
                interest=_minus(self.interest, interest),
                reserve_principal_fen=self.reserve_principal_fen + sum(principal),
                reserve_interest_fen=self.reserve_interest_fen + sum(interest),
            )
        )

    def assigned(self, place: int, principal_fen: int, interest_fen: int) -> Billed:
        """After these of the claim at `place` became a claim of their own, the last one."""
        return _checked(
            replace(
                self,
                principal=split_off(self.principal, place, principal_fen),
                interest=split_off(self.interest, place, interest_fen),
            )
        )

    def advanced_by(self, guarantor_id: str, principal: Vector, interest: Vector) -> Billed:
        """After a guarantor paid these to the investors: he has recourse on the borrower."""
        advanced = Advanced(guarantor_id, sum(principal), sum(interest))
        return _checked(
            replace(
                self,
                principal=_minus(self.principal, principal),
                interest=_minus(self.interest, interest),
                advances=with_more(self.advances, advanced),
            )
        )

    def reimbursed(self, to: str | None, taken: Advanced) -> Billed:
        """After a guarantor paid another one, or (None) the reserve, for what it had paid."""
        _, principal_fen, interest_fen = taken
        advances, reserve_fen = self.advances, (principal_fen, interest_fen)
        if to is not None:
            advances = with_more(advances, Advanced(to, -principal_fen, -interest_fen))
            reserve_fen = 0, 0
        return _checked(
            replace(
                self,
                reserve_principal_fen=self.reserve_principal_fen - reserve_fen[0],
                reserve_interest_fen=self.reserve_interest_fen - reserve_fen[1],
                advances=with_more(advances, taken),
            )
        )


def split_off(vector: Vector, place: int, fen: int) -> Vector:
    """`fen` of what stands at `place` goes to a new place at the end."""
    return (*vector[:place], vector[place] - fen, *vector[place + 1 :], fen)


def bill(
    row: Row, weights: Sequence[int], open_claims: Sequence[int], method: ShareMethod
) -> tuple[Vector, Vector]:
    """Share a row's principal and interest over the claims by their weights, separately; none gets
    more principal than it has open."""
    principal = within(share(row.principal_fen, weights, method), open_claims)
    return principal, tuple(share(row.interest_fen, weights, method))


def _minus(left: Vector, right: Vector) -> Vector:
    return tuple([a - b for a, b in zip(left, right, strict=True)])


def _checked(billed: Billed) -> Billed:
    lowest_fen = min(
        *billed.principal,
        *billed.interest,
        billed.reserve_principal_fen,
        billed.reserve_interest_fen,
    )
    if lowest_fen < 0:
        raise InvariantBroken(f"instalment {billed.period} was paid more than it owes")
    return billed


@lru_cache(maxsize=64)
def _bands(text: str) -> tuple[Band, ...]:
    return parse_bands(text)
