"""智能分散投标: spread waiting money over many loans, in fair order, by each lender's rules.

    Set    -> AutoTenderSet        how much for one loan and one borrower, of which grades and terms
    Stop   -> AutoTenderStopped
    Spread -> LoanSpread           who puts how much into one loan; a tender each follows

Everybody's turn comes round: who was given something stands at the end of the line. No lender puts
more than one part into one loan. What a loan takes is decided by its state, the line, and what each
may still place: the same again from the same.

Invariant: a part is never above its lender's rules, what he has free, or what the loan lacks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, NamedTuple

from msgspec import field
from msgspec.structs import replace

from domain.loan import Loan
from domain.model import Event, Fen, Refused, State, without
from domain.refusals import Code

ROUND_FEN = 100_00
"""Parts are whole hundreds of yuan where the loan allows it."""


class Wanted(NamedTuple):
    """A loan that takes tenders: how much is left, over how many investors it shall be spread, and
    who has a part in it already."""

    loan_id: str
    left_fen: int
    investors: int
    holders: frozenset[str] = frozenset()


class Offer(NamedTuple):
    loan_id: str
    investor_id: str
    amount_fen: int


Take = Callable[[str, int, int], int]
"""(investor, part of the loan, free) -> fen that he puts in; 0 to be passed over."""


def whole_part(_investor: str, part_fen: int, free_fen: int) -> int:
    """Without rules: all or nothing."""
    return part_fen if part_fen <= free_fen else 0


def spread(
    loans: Iterable[Wanted],
    line: deque[str],
    free_fen: Mapping[str, int],
    take: Take = whole_part,
) -> tuple[Offer, ...]:
    """Offers for `loans`, in order. `line` is turned; `free_fen` is what each may still place."""
    free = dict(free_fen)
    offers: list[Offer] = []
    for loan in loans:
        part_fen = _part(loan)
        left_fen = loan.left_fen
        taken = set(loan.holders)
        for _ in range(len(line)):
            if not left_fen:
                break
            investor = line[0]
            line.rotate(-1)
            if investor in taken:
                continue
            amount_fen = take(investor, min(part_fen, left_fen), free.get(investor, 0))
            if not amount_fen:
                continue
            free[investor] -= amount_fen
            left_fen -= amount_fen
            taken.add(investor)
            offers.append(Offer(loan.loan_id, investor, amount_fen))
    return tuple(offers)


def _part(loan: Wanted) -> int:
    """At most the loan's n-th part, so that at least n investors stand behind it."""
    part_fen = max(1, loan.left_fen // max(1, loan.investors))
    return part_fen // ROUND_FEN * ROUND_FEN or part_fen


# -- events -----------------------------------------------------------------------------


class AutoTenderSet(Event):
    """In place of what the lender had set before; his place in the line stays."""

    TOPIC: ClassVar[str] = "autotender.set.v1"
    member_id: str
    per_loan_fen: Fen
    per_borrower_fen: Fen  # Over all loans of one borrower, tendered and lent.
    keep_fen: int  # Stays free on his account.
    grades: tuple[str, ...]  # None named: any.
    periods_max: int


class AutoTenderStopped(Event):
    TOPIC: ClassVar[str] = "autotender.stopped.v1"
    member_id: str


class LoanSpread(Event):
    TOPIC: ClassVar[str] = "autotender.loan-spread.v1"
    spread_id: str
    loan_id: str
    offers: tuple[Offer, ...]


AutoTenderEvent = AutoTenderSet | AutoTenderStopped | LoanSpread
EVENTS = (AutoTenderSet, AutoTenderStopped, LoanSpread)

# -- state ------------------------------------------------------------------------------


class AutoTender(State):
    """`line`: everybody's rules, in the order of their turns."""

    line: Mapping[str, AutoTenderSet] = field(default_factory=dict)

    def willing(self, loan: Loan) -> list[str]:
        """Those whose rules take the loan's grade and term, in their turns."""
        terms = loan.known()
        return [
            lender
            for lender, rules in self.line.items()
            if terms.periods <= rules.periods_max
            and (not rules.grades or loan.grade in rules.grades)
            and lender != terms.borrower_id
        ]


INITIAL = AutoTender()

# -- decide -----------------------------------------------------------------------------


def set_rules(rules: AutoTenderSet) -> AutoTenderSet:
    if rules.per_loan_fen > rules.per_borrower_fen:
        raise Refused(Code.LIMITS_CONTRADICT, field="per_loan_fen")
    return rules


def stop(known: AutoTender, member_id: str) -> AutoTenderStopped:
    if member_id not in known.line:
        raise Refused(Code.AUTO_TENDER_NOT_SET, field="member_id")
    return AutoTenderStopped(member_id=member_id)


class Purse(NamedTuple):
    """What a lender may place by auto-tender: free on his account, and the most at one time that
    the platform and what he authorised at the bank allow."""

    free_fen: int
    at_once_fen: int


def spread_loan(
    known: AutoTender,
    spread_id: str,
    loan: Loan,
    investors: int,
    of_borrower: Iterable[Loan],
    purses: Mapping[str, Purse],
    tenders_max: int,
) -> LoanSpread:
    """`of_borrower`: every loan of his that is not at its end. Lenders without a purse are passed
    over. Raises Refused where nobody takes a part."""
    terms = loan.known()
    lent = lent_by(of_borrower)
    line = deque(lender for lender in known.willing(loan) if lender in purses)

    def take(lender: str, part_fen: int, free_fen: int) -> int:
        rules = known.line[lender]
        most_fen = min(
            rules.per_loan_fen,
            rules.per_borrower_fen - lent.get(lender, 0),
            free_fen - rules.keep_fen,
            purses[lender].at_once_fen,
        )
        if most_fen >= part_fen:
            return part_fen
        return max(0, most_fen // ROUND_FEN * ROUND_FEN)

    wanted = Wanted(
        loan_id=terms.loan_id,
        left_fen=terms.amount_fen - loan.reserved_fen,
        investors=investors,
        holders=frozenset(tender.investor_id for tender in loan.tenders.values()),
    )
    free = {lender: purse.free_fen for lender, purse in purses.items()}
    offers = spread([wanted], line, free, take)[: max(0, tenders_max - len(loan.tenders))]
    if not offers:
        raise Refused(Code.AUTO_TENDER_NOBODY, field="loan_id")
    return LoanSpread(spread_id=spread_id, loan_id=terms.loan_id, offers=offers)


def lent_by(loans: Iterable[Loan]) -> dict[str, int]:
    """Lender -> fen tendered for these loans, or lent and not back yet."""
    lent: dict[str, int] = {}
    for loan in loans:
        for tender in loan.tenders.values():
            lent[tender.investor_id] = lent.get(tender.investor_id, 0) + tender.amount_fen
        for place, claim in enumerate(loan.claims):
            open_fen = loan.unbilled[place]
            open_fen += sum(billed.principal[place] for billed in loan.billed.values())
            lent[claim.investor_id] = lent.get(claim.investor_id, 0) + open_fen
    return lent


# -- evolve -----------------------------------------------------------------------------


def evolve(known: AutoTender, event: AutoTenderEvent) -> AutoTender:
    match event:
        case AutoTenderSet():
            return replace(known, line={**known.line, event.member_id: event})
        case AutoTenderStopped():
            return replace(known, line=without(known.line, event.member_id))
        case LoanSpread():
            served = {o.investor_id: known.line[o.investor_id] for o in event.offers}
            waiting = {name: each for name, each in known.line.items() if name not in served}
            return replace(known, line={**waiting, **served})
