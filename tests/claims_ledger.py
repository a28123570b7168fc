"""A ledger beside one loan, told only what the bank moved, what was billed, and who sold what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from domain import loan_events as e
from domain.early_part_events import EarlyPartBilled, EarlyPartUndone
from domain.loan import Loan
from domain.loan_guarantee import GuaranteeAdvanceOpened, ReimbursementOpened
from domain.policy import PolicyTerms, Subrogation
from domain.recourse import Recourse
from domain.register import Billed, Claim, Part, Vector

RESERVE = "reserve"
Advance = e.AdvanceOpened | GuaranteeAdvanceOpened
Sent = e.RepaymentRouted | Advance | e.ClaimSold | ReimbursementOpened


class Ledger:
    """By claim, and by the reserve and each guarantor: `due` what was billed, `got` what the bank
    brought of it; `gave` what those paid, to the investors or to each other. All of principal and
    interest; `principal` of it alone."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        self.claims = list(claims)
        self.lent_fen = sum(claim.principal_fen for claim in claims)
        self.due: Counter[str] = Counter()
        self.got: Counter[str] = Counter()
        self.principal: Counter[str] = Counter()
        self.gave: Counter[str] = Counter()
        self.costs_fen = 0
        self.to_platform_fen = 0
        self.at_bank: dict[str, Sent] = {}

    def heard(self, event: e.LoanEvent) -> None:
        match event:
            case e.InstalmentBilled() | EarlyPartBilled():
                self._count(self.due, event.principal, event.interest)
            case e.EarlyBillingUndone() | e.CallInUndone() | EarlyPartUndone():
                self._count(self.due, event.principal, event.interest, sign=-1)
            case e.CourtCostsAwarded():
                self.costs_fen += event.amount_fen
            case e.ClaimAssigned():
                self._assigned(event)

    def _assigned(self, event: e.ClaimAssigned) -> None:
        [place] = [k for k, claim in enumerate(self.claims) if claim.tender_id == event.claim_id]
        old, new = self.claims[place], event.claim
        assert new.tender_id not in {claim.tender_id for claim in self.claims}
        lines_fen = sum(line.principal_fen for line in event.lines)
        assert event.unbilled_fen + lines_fen == new.principal_fen
        billed_fen = lines_fen + sum(line.interest_fen for line in event.lines)
        self.due[event.claim_id] -= billed_fen
        self.due[new.tender_id] += billed_fen
        left_fen = old.principal_fen - new.principal_fen
        self.claims[place] = Claim(old.tender_id, old.investor_id, left_fen)
        self.claims.append(new)

    # -- the bank -----------------------------------------------------------------------------

    def sent(self, movement: str, sent: Sent) -> None:
        """A line has at most one open movement; of a loan with a sale at the bank, no line any."""
        for name, other in self.at_bank.items():
            sales = isinstance(sent, e.ClaimSold) + isinstance(other, e.ClaimSold)
            assert sales != 1, f"{movement} while {name} is at the bank"
            if not sales:
                assert not _lines(sent) & _lines(other), f"{movement} and {name} move one line"
        self.at_bank[movement] = sent

    def answered(self, movement: str, *, well: bool) -> None:
        match self.at_bank.pop(movement):
            case e.RepaymentRouted() as routed if well:
                for part in routed.parts:
                    self._count(self.got, part.principal, part.interest)
                    self._count(self.principal, part.principal)
                    self.got[RESERVE] += part.reserve_principal_fen + part.reserve_interest_fen
                    self.to_platform_fen += part.overdue_fee_fen
                for each in routed.recourse:
                    assert each.guarantor_id
                    self.got[each.guarantor_id] += each.principal_fen + each.interest_fen
            case ReimbursementOpened() as paid if well:
                fen = paid.principal_fen + paid.interest_fen
                self.gave[paid.guarantor_id] += fen
                self.got[paid.to or RESERVE] += fen
            case e.AdvanceOpened() | GuaranteeAdvanceOpened() as advance if well:
                self._count(self.got, advance.principal, advance.interest)
                self._count(self.principal, advance.principal)
                payer = RESERVE if isinstance(advance, e.AdvanceOpened) else advance.guarantor_id
                self.gave[payer] += sum(advance.principal) + sum(advance.interest)

    def _count(self, book: Counter[str], *vectors: Vector, sign: int = 1) -> None:
        for claim, *fen in zip(self.claims, *vectors, strict=True):
            book[claim.tender_id] += sign * sum(fen)

    # -- what must be so --------------------------------------------------------------------------

    def agrees_with(self, loan: Loan) -> None:
        """Paid + open = due for each claim, which has one holder; and what came back to those who
        paid in the borrower's place is of what they gave."""
        assert loan.claims == tuple(self.claims)
        assert sum(claim.principal_fen for claim in self.claims) == self.lent_fen
        assert sum(loan.lent) == self.lent_fen
        billed = loan.billed.values()
        for place, (name, _, principal_fen) in enumerate(self.claims):
            open_principal_fen = sum(each.principal[place] for each in billed)
            open_fen = open_principal_fen + sum(each.interest[place] for each in billed)
            assert min(open_principal_fen, open_fen, loan.unbilled[place]) >= 0
            assert self.got[name] + open_fen == self.due[name]
            assert self.principal[name] + open_principal_fen + loan.unbilled[place] == principal_fen
            assert loan.lent[place] >= open_principal_fen + loan.unbilled[place]
        left_fen = Counter({RESERVE: sum(each.reserve_fen for each in billed)})
        for instalment in billed:
            for advanced in instalment.advances:
                assert min(advanced.principal_fen, advanced.interest_fen) >= 0 < advanced.total_fen
                left_fen[advanced.guarantor_id] += advanced.total_fen
        assert left_fen == self._not_back()
        open_costs_fen = sum(each.other_fee_fen for each in billed)
        assert open_costs_fen >= 0
        if loan.policy.overdue_fee_bands == "1-:0":  # Else there is more in what it got.
            assert self.to_platform_fen + open_costs_fen == self.costs_fen

    def owes_nobody(self) -> None:
        assert all(self.got[claim.tender_id] == self.due[claim.tender_id] for claim in self.claims)
        assert sum(self.principal.values()) == self.lent_fen
        assert not any(self._not_back().values())

    def _not_back(self) -> Counter[str]:
        """By who paid in the borrower's place: what has not come back to him."""
        return Counter({name: fen - self.got[name] for name, fen in self.gave.items()})


def _lines(sent: Sent) -> set[tuple[int, str | int]]:
    match sent:
        case e.ClaimSold():
            return set()
        case e.RepaymentRouted():
            lines: set[tuple[int, str | int]] = set()
            for part in sent.parts:
                lines |= _places(part.period, part.principal, part.interest, part.penalty)
                lines |= {(part.period, RESERVE)} if part.reserve_fen else set()
            return lines | {(each.period, str(each.guarantor_id)) for each in sent.recourse}
        case ReimbursementOpened():
            return {(sent.period, sent.guarantor_id), (sent.period, sent.to or RESERVE)}
        case _:
            return _places(sent.period, sent.principal, sent.interest)


def _places(period: int, *vectors: Vector) -> set[tuple[int, str | int]]:
    return {(period, place) for vector in vectors for place, fen in enumerate(vector) if fen}


def rightly_split(
    part: Part, recourse: Sequence[Recourse], billed: Billed, terms: PolicyTerms
) -> None:
    """Rule 5: the investors' rest first, or each kind of holder by what is open to it (two fen off
    at most: one by each of two roundings); reserve and guarantors by what each gave."""
    came = {each.guarantor_id: each for each in recourse}
    nothing = Recourse(part.period, 0, 0, 0)
    backs = [came.pop(each.guarantor_id, nothing) for each in billed.advances]
    assert not came
    by = billed.advances
    base = [billed.investors_fen, billed.reserve_fen, *(each.total_fen for each in by)]
    principal = [
        *(sum(billed.principal), billed.reserve_principal_fen),
        *(each.principal_fen for each in by),
    ]
    interest = [all_fen - fen for all_fen, fen in zip(base, principal, strict=True)]
    to_principal = [sum(part.principal), part.reserve_principal_fen]
    to_interest = [sum(part.interest), part.reserve_interest_fen]
    to_penalty = [sum(part.penalty), part.reserve_penalty_fen]
    for held, paid in (
        (principal, [*to_principal, *(back.principal_fen for back in backs)]),
        (interest, [*to_interest, *(back.interest_fen for back in backs)]),
        (base, [*to_penalty, *(back.penalty_fen for back in backs)]),
    ):
        holders = list(zip(held, paid, strict=True))
        if terms.subrogation is Subrogation.REST_FIRST:
            rest_fen = held[0] if held is base else held[0] - paid[0]
            assert not rest_fen or not sum(paid[1:])
            holders = holders[1:]
        all_held_fen, all_paid_fen = (sum(column) for column in zip(*holders, strict=True))
        for held_fen, paid_fen in holders:
            assert held_fen or not paid_fen
            assert abs(paid_fen * all_held_fen - all_paid_fen * held_fen) <= 2 * all_held_fen
