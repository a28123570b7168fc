"""One payment over what is billed, in the policy's order, and then over who holds each line: the
investors, and whoever paid in the borrower's place (rule 5, 收益转移)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from domain.allocation import Allocation, Category, allocate
from domain.policy import PolicyTerms, Subrogation
from domain.recourse import Recourse
from domain.register import Billed, Part, Vector
from domain.sharing import ShareMethod, share, within


class Holders(NamedTuple):
    """What is open, or paid, to each kind of holder: the investors' by claim."""

    investors: Vector
    reserve_fen: int
    guarantors: Vector  # As in Billed.advances.

    @property
    def in_place_fen(self) -> int:
        return self.reserve_fen + sum(self.guarantors)


class Split(NamedTuple):
    """One payment over the instalments, and what each part of it is for."""

    parts: tuple[Part, ...]
    recourse: tuple[Recourse, ...]
    allocation: Allocation


def split(amount_fen: int, billed: Sequence[Billed], on: date, terms: PolicyTerms) -> Split:
    """Apply a payment to what is billed, then over who holds each line: in the policy's order over
    what is late on that day, and then over what is not."""
    late = [each.due(on, terms) for each in billed if each.due_on < on]
    running = [each.due(on, terms) for each in billed if each.due_on >= on]
    over_late = allocate(amount_fen, terms.allocation, late)
    over_running = allocate(over_late.left_fen, terms.allocation, running)
    allocation = Allocation(
        over_late.applied + over_running.applied,
        over_late.open + over_running.open,
        over_running.left_fen,
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
    shares = within(share(investors_fen, open_fen, terms.sharing), open_fen)
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
