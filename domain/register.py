"""The claim register (债权登记): the only truth about who is owed what on one loan.

A *claim* is one tender's right to its part of the loan, or what was split off from one when it
changed hands (domain.claims): its holder is the same for ever. Instalments are billed in order; a
billed instalment holds, for each claim, the principal and interest still open to its investor, what
the reserve has taken over (rule 5, 收益转移), and what each guarantor has advanced (追偿权).
Vectors of fen are aligned with the claims' order.

Invariants: a billed instalment's vectors add up to its schedule row; every claim's principal closes
at exactly zero with the last instalment; nothing open is ever below zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from operator import le
from typing import NamedTuple

from msgspec.structs import replace

from domain.allocation import Allocation, Category, Due, allocate
from domain.law import LAW_TABLES, LateCap, late_cap_of
from domain.model import InvariantBroken, State
from domain.penalty import (
    PENALTY_DENOMINATOR,
    Band,
    parse_bands,
    penalty_from,
    penalty_numerator,
)
from domain.policy import PenaltyBase, PolicyTerms, Subrogation
from domain.sharing import ShareMethod, share

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


class Advanced(NamedTuple):
    """What the borrower owes a guarantor of one instalment, since he advanced it for him."""

    guarantor_id: str
    principal_fen: int
    interest_fen: int

    @property
    def total_fen(self) -> int:
        return self.principal_fen + self.interest_fen


class Recourse(NamedTuple):
    """What one payment brings to a guarantor, of what he advanced on one instalment."""

    period: int
    principal_fen: int
    interest_fen: int
    penalty_fen: int
    guarantor_id: str | None = None  # None where it was written while a loan had one only.

    @property
    def total_fen(self) -> int:
        return self.principal_fen + self.interest_fen + self.penalty_fen


class Holders(NamedTuple):
    """What is open, or paid, to each kind of holder: the investors' by claim."""

    investors: Vector
    reserve_fen: int
    guarantors: Vector  # As in Billed.advances.

    @property
    def in_place_fen(self) -> int:
        return self.reserve_fen + sum(self.guarantors)


class Billed(State):
    """An instalment that fell due (or is being paid early), and what is still open of it."""

    period: int
    due_on: date
    principal: Vector
    interest: Vector
    reserve_principal_fen: int = 0
    reserve_interest_fen: int = 0
    advances: tuple[Advanced, ...] = ()  # Of each guarantor who advanced a part.
    accrued_to: date = date.min  # Penalty is accrued up to this day ...
    penalty_units: int = 0  # ... exactly, in parts of a fen,
    fee_units: int = 0
    cap: LateCap | None = LateCap()  # What the law lets both come to; None: anything.
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

    @property
    def open(self) -> bool:
        return bool(self.base_fen or self.other_fee_fen)

    def accrued(self, on: date, terms: PolicyTerms) -> Billed:
        """Carry penalty and fee forward to the end of `on`, by the base as it stands."""
        first_day = (max(self.accrued_to, self.due_on) - self.due_on).days + 1
        last_day = (on - self.due_on).days
        if last_day < first_day or not self.base_fen:
            return replace(self, accrued_to=max(on, self.accrued_to))
        on_principal = terms.penalty_base is PenaltyBase.PRINCIPAL
        base_fen = self.principal_fen if on_principal else self.base_fen
        penalty_bands, fee_bands = _bands(terms.penalty_bands), _bands(terms.overdue_fee_bands)
        interest_fen = self.principal_fen * (last_day - first_day + 1)
        return replace(
            self,
            accrued_to=on,
            penalty_units=self.penalty_units
            + penalty_numerator(base_fen, first_day, last_day, penalty_bands)
            + interest_fen * self.lateness.daily_interest_units,
            fee_units=self.fee_units + penalty_numerator(base_fen, first_day, last_day, fee_bands),
            cap=self._capped_to(on),
        )

    def _capped_to(self, on: date) -> LateCap | None:
        """What the law lets penalty and fee come to, all in, by the end of `on`."""
        first = max(self.accrued_to, self.due_on) + ONE_DAY
        table, concluded_on = LAW_TABLES[self.lateness.law_table], self.lateness.concluded_on
        more = late_cap_of(table, concluded_on, first, on, self.base_fen)
        if more is None or self.cap is None:
            return None
        return LateCap(self.cap.units + more.units, self.cap.suit_fen_days + more.suit_fen_days)

    def due(self, on: date, terms: PolicyTerms) -> Due:
        """What the borrower owes on it, as of the end of `on`. Penalty is rounded once, here."""
        penalty_fen = overdue_fee_fen = 0
        if self.late_days(max(on, self.accrued_to), terms):
            penalty_fen, overdue_fee_fen = self.accrued(on, terms)._charged()
        return Due(
            instalment=self.period,
            other_fee_fen=self.other_fee_fen,
            penalty_fen=penalty_fen,
            overdue_fee_fen=overdue_fee_fen,
            interest_fen=self.base_fen - self.principal_fen,
            principal_fen=self.principal_fen,
        )

    def _charged(self) -> tuple[int, int]:
        """Penalty and fee in fen, not paid yet. Where the law's cap binds, the fee gives way first;
        what was paid before stays paid, and counts. Until suit is filed it is as if it were on the
        day of the reckoning."""
        penalty_fen, fee_fen = penalty_from(self.penalty_units), penalty_from(self.fee_units)
        if self.cap is not None:
            suit_day = min(self.lateness.sued_on or self.accrued_to, self.accrued_to)
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
        then = self.accrued(on, terms)
        other_fee_fen = self.other_fee_routed_fen
        return _checked(
            replace(
                then,
                principal=_minus(self.principal, part.principal),
                interest=_minus(self.interest, part.interest),
                reserve_principal_fen=self.reserve_principal_fen - part.reserve_principal_fen,
                reserve_interest_fen=self.reserve_interest_fen - part.reserve_interest_fen,
                advances=_paid_back(self.advances, recourse),
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
                advances=_added(self.advances, advanced),
            )
        )

    def reimbursed(self, to: str | None, taken: Advanced) -> Billed:
        """After a guarantor paid another one, or (None) the reserve, for what it had paid."""
        _, principal_fen, interest_fen = taken
        advances, reserve_fen = self.advances, (principal_fen, interest_fen)
        if to is not None:
            advances = _added(advances, Advanced(to, -principal_fen, -interest_fen))
            reserve_fen = 0, 0
        return _checked(
            replace(
                self,
                reserve_principal_fen=self.reserve_principal_fen - reserve_fen[0],
                reserve_interest_fen=self.reserve_interest_fen - reserve_fen[1],
                advances=_added(advances, taken),
            )
        )


def _added(advances: tuple[Advanced, ...], more: Advanced) -> tuple[Advanced, ...]:
    """With another, or with more of one of them; who has nothing open any more stands no longer."""
    sums = {each.guarantor_id: each for each in advances}
    before = sums.get(more.guarantor_id, Advanced(more.guarantor_id, 0, 0))
    after = before._replace(
        principal_fen=before.principal_fen + more.principal_fen,
        interest_fen=before.interest_fen + more.interest_fen,
    )
    if min(after.principal_fen, after.interest_fen) < 0:
        raise InvariantBroken(f"{more.guarantor_id} would get back more than he advanced")
    sums[more.guarantor_id] = after
    return tuple([each for each in sums.values() if each.total_fen])


def _paid_back(
    advances: tuple[Advanced, ...], recourse: Sequence[Recourse]
) -> tuple[Advanced, ...]:
    for _, principal_fen, interest_fen, _, named in recourse:
        guarantor_id = named or advances[0].guarantor_id
        advances = _added(advances, Advanced(guarantor_id, -principal_fen, -interest_fen))
    return advances


def split_off(vector: Vector, place: int, fen: int) -> Vector:
    """`fen` of what stands at `place` goes to a new place at the end."""
    return (*vector[:place], vector[place] - fen, *vector[place + 1 :], fen)


def bill(
    row: Row, weights: Sequence[int], open_claims: Sequence[int], method: ShareMethod
) -> tuple[Vector, Vector]:
    """Share a row's principal and interest over the claims by their weights, separately; none gets
    more principal than it has open."""
    principal = _within(share(row.principal_fen, weights, method), open_claims)
    return principal, tuple(share(row.interest_fen, weights, method))


class Split(NamedTuple):
    """One payment over the instalments, and what each part of it is for."""

    parts: tuple[Part, ...]
    recourse: tuple[Recourse, ...]
    allocation: Allocation


def split(amount_fen: int, billed: Sequence[Billed], on: date, terms: PolicyTerms) -> Split:
    """Apply a payment to what is billed, in the policy's order, then over who holds each line."""
    allocation = allocate(
        amount_fen, terms.allocation, [instalment.due(on, terms) for instalment in billed]
    )
    applied: dict[int, dict[Category, int]] = {}
    for period, category, fen in allocation.applied:
        applied.setdefault(period, {})[category] = fen
    paid = [
        _part(instalment, applied[instalment.period], terms)
        for instalment in billed
        if instalment.period in applied
    ]
    return Split(
        tuple(part for part, _ in paid),
        tuple(each for _, recourse in paid for each in recourse if each.total_fen),
        allocation,
    )


def _part(
    instalment: Billed, applied: dict[Category, int], terms: PolicyTerms
) -> tuple[Part, list[Recourse]]:
    principal = _over_holders(
        applied.get(Category.PRINCIPAL, 0),
        Holders(
            instalment.principal,
            instalment.reserve_principal_fen,
            tuple([each.principal_fen for each in instalment.advances]),
        ),
        terms,
    )
    interest = _over_holders(
        applied.get(Category.INTEREST, 0),
        Holders(
            instalment.interest,
            instalment.reserve_interest_fen,
            tuple([each.interest_fen for each in instalment.advances]),
        ),
        terms,
    )
    base = tuple(p + i for p, i in zip(instalment.principal, instalment.interest, strict=True))
    penalty = _penalty_over_holders(
        applied.get(Category.PENALTY, 0),
        Holders(
            base,
            instalment.reserve_fen,
            tuple([each.total_fen for each in instalment.advances]),
        ),
        terms,
    )
    part = Part(
        period=instalment.period,
        principal=principal.investors,
        interest=interest.investors,
        penalty=penalty.investors,
        reserve_principal_fen=principal.reserve_fen,
        reserve_interest_fen=interest.reserve_fen,
        reserve_penalty_fen=penalty.reserve_fen,
        overdue_fee_fen=applied.get(Category.OTHER_FEE, 0) + applied.get(Category.OVERDUE_FEE, 0),
    )
    recourse = [
        Recourse(instalment.period, p, i, late, advanced.guarantor_id)
        for advanced, p, i, late in zip(
            instalment.advances,
            principal.guarantors,
            interest.guarantors,
            penalty.guarantors,
            strict=True,
        )
    ]
    return part, recourse


def _over_holders(amount_fen: int, held: Holders, terms: PolicyTerms) -> Holders:
    """The investors' rest first, then who paid in the borrower's place; or all in proportion."""
    open_fen = held.investors
    if not amount_fen:
        return Holders((0,) * len(open_fen), 0, (0,) * len(held.guarantors))
    if terms.subrogation is Subrogation.REST_FIRST:
        investors_fen = min(amount_fen, sum(open_fen))
    else:
        weights = (sum(open_fen), held.in_place_fen)
        investors_fen, _ = share(amount_fen, weights, ShareMethod.LARGEST_REMAINDER)
    rest_fen = _between(amount_fen - investors_fen, held)
    if investors_fen == sum(open_fen):  # As mostly: each gets all that is his.
        return Holders(open_fen, *rest_fen)
    if not investors_fen:
        return Holders((0,) * len(open_fen), *rest_fen)
    shares = _within(share(investors_fen, open_fen, terms.sharing), open_fen)
    return Holders(shares, *rest_fen)


def _penalty_over_holders(amount_fen: int, base: Holders, terms: PolicyTerms) -> Holders:
    """Penalty has no open amount of its own to close: it follows who holds the late claim."""
    investors = base.investors
    if not amount_fen or not sum(investors):
        return Holders((0,) * len(investors), *_between(amount_fen, base))
    paid_in_place_fen = 0
    if terms.subrogation is Subrogation.PROPORTIONAL:
        weights = (sum(investors), base.in_place_fen)
        paid_in_place_fen = share(amount_fen, weights, ShareMethod.LARGEST_REMAINDER)[1]
    shares = share(amount_fen - paid_in_place_fen, investors, terms.sharing)
    return Holders(tuple(shares), *_between(paid_in_place_fen, base))


def _between(amount_fen: int, held: Holders) -> tuple[int, Vector]:
    """Reserve and guarantors, who paid in the borrower's place, by what each holds."""
    if not any(held.guarantors):  # As mostly.
        return amount_fen, (0,) * len(held.guarantors)
    weights = (held.reserve_fen, *held.guarantors)
    reserve_fen, *guarantors_fen = share(amount_fen, weights, ShareMethod.LARGEST_REMAINDER)
    return reserve_fen, tuple(guarantors_fen)


def _within(shares: Sequence[int], limits: Sequence[int]) -> Vector:
    """Move what a share exceeds its limit by to the first others with room."""
    if all(map(le, shares, limits)):
        return tuple(shares)
    excess_fen = sum(max(0, fen - limit) for fen, limit in zip(shares, limits, strict=True))
    kept = [min(fen, limit) for fen, limit in zip(shares, limits, strict=True)]
    for place, limit in enumerate(limits):
        moved_fen = min(excess_fen, limit - kept[place])
        kept[place] += moved_fen
        excess_fen -= moved_fen
    if excess_fen:
        raise InvariantBroken("more is shared than is open")
    return tuple(kept)


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
