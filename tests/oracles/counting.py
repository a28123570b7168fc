"""Overdue view, roll rates, vintages and disclosure, counted of what tests.oracles.folding makes of
the events up to a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.oracles.folding import Folded, Loan

Table = Sequence[tuple[str, int]]  # The stages, each with its first day of lateness.


def pct(part: int, whole: int) -> str:
    share = Decimal(100 * part) / whole if whole else Decimal(0)
    return str(share.quantize(Decimal("0.01"), ROUND_HALF_UP))


class Recount(Folded):
    """What there is to count, at the close of `day`."""

    def stages(self, table: Table) -> dict[str, dict[str, int]]:
        counted = {name: Counter[str]() for name, _ in table}
        for loan in self.open.values():
            if days := loan.days(self.day):
                line = counted[stage_of(days, table)]
                late = loan.late(self.day)
                line["loans"] += 1
                line["instalments"] += len(late)
                line["principal_fen"] += sum(b.principal_fen for b in late)
                line["interest_fen"] += sum(b.interest_fen for b in late)
                line["lenders_fen"] += loan.lenders_late(self.day)
        names = ("loans", "instalments", "principal_fen", "interest_fen", "lenders_fen")
        return {stage: {name: line[name] for name in names} for stage, line in counted.items()}

    def stood(self, table: Table) -> dict[str, str]:
        return {
            name: stage_of(loan.days(self.day), table) if loan.days(self.day) else "current"
            for name, loan in self.open.items()
        }

    def grades(self) -> dict[str, dict[str, int]]:
        counted: dict[str, Counter[str]] = {}
        for loan in self.open.values():
            line = counted.setdefault(loan.grade, Counter())
            days = loan.days(self.day)
            line["loans"] += 1
            line["principal_fen"] += loan.owed_principal()
            line["late_loans"] += days > 0
            line["late_fen"] += loan.late_fen(self.day)
            line["lenders_fen"] += loan.lenders_late(self.day)
            line["over_30_loans"] += days > 30
            line["over_90_loans"] += days > 90
        return {grade: dict(line) for grade, line in counted.items()}

    def month(self) -> dict[str, int]:
        loans = self.open.values()
        return {
            "loans": len(loans),
            "principal_fen": sum(loan.owed_principal() for loan in loans),
            "late_loans": sum(loan.days(self.day) > 0 for loan in loans),
            "lenders_fen": sum(loan.lenders_late(self.day) for loan in loans),
            "reserve_fen": self.reserve_fen,
            "protected_fen": sum(loan.owed_principal() for loan in loans if loan.protected),
        }

    def coverage(self) -> str:
        """The reserve, in per cent of what it protects."""
        return pct(self.reserve_fen, self.month()["protected_fen"])

    def vintages(self) -> dict[str, tuple[int, ...]]:
        """Month of issue -> loans, lent, over 30 loans and fen, over 90 loans and fen."""
        counted: dict[str, tuple[int, ...]] = {}
        for month in {f"{loan.out_on:%Y-%m}" for loan in self.out.values()}:
            mine = [loan for loan in self.out.values() if f"{loan.out_on:%Y-%m}" == month]
            bad = [loan for loan in mine if loan.days(self.day) > 30]
            worse = [loan for loan in mine if loan.days(self.day) > 90]
            counted[month] = (
                len(mine),
                sum(loan.lent for loan in mine),
                len(bad),
                sum(loan.owed_principal() for loan in bad),
                len(worse),
                sum(loan.owed_principal() for loan in worse),
            )
        return counted

    def disclosure(self) -> dict[str, Any]:
        out, still = list(self.out.values()), list(self.open.values())
        principal = sum(loan.owed_principal() for loan in still)
        by_borrower: Counter[str] = Counter()
        for loan in still:
            by_borrower[loan.borrower] += loan.owed_principal()
        top = sorted(by_borrower.values(), reverse=True)
        overdue = [loan for loan in still if loan.lenders_late(self.day)]
        bad = [loan for loan in overdue if loan.lenders_days(self.day) > 90]
        related = [loan for loan in still if loan.borrower in self.related]
        fen = self._lenders_late(overdue)

        def band(first: int, last: int) -> str:
            mine = [loan for loan in overdue if first <= loan.lenders_days(self.day) <= last]
            return pct(self._lenders_late(mine), principal)

        return {
            "lent_fen": sum(loan.lent for loan in out),
            "lent_loans": len(out),
            "outstanding_fen": principal,
            "outstanding_loans": len(still),
            "outstanding_interest_fen": sum(loan.owed_interest() for loan in still),
            "lenders": len({who for loan in out for who in loan.holders}),
            "current_lenders": len({who for loan in out for who in loan.waiting()}),
            "borrowers": len({loan.borrower for loan in out}),
            "current_borrowers": len({loan.borrower for loan in still}),
            "largest_ten_borrowers_pct": pct(sum(top[:10]), principal),
            "largest_borrower_pct": pct(sum(top[:1]), principal),
            "related_party_fen": sum(loan.owed_principal() for loan in related),
            "related_party_loans": len(related),
            "overdue_fen": fen,
            "overdue_loans": len(overdue),
            "overdue_over_90_fen": sum(loan.owed_principal() for loan in bad),
            "overdue_over_90_loans": len(bad),
            "advanced_fen": sum(map(sum, self.advanced.values())),
            "advances": sum(map(len, self.advanced.values())),
            "amount_overdue_rate_pct": pct(fen, principal),
            "loan_overdue_rate_pct": pct(len(overdue), len(still)),
            "overdue_rate_to_90_pct": band(1, 90),
            "overdue_rate_91_to_180_pct": band(91, 180),
            "overdue_rate_over_180_pct": band(181, 99_999),
        }

    def fees(self) -> dict[str, Any]:
        told = {
            "policy_version": self.terms["version"],
            "service_fee_pct_by_grade": self.terms["fee_by_grade"],
            "of_it_to_the_reserve_pct_by_grade": self.terms["contribution_by_grade"],
            "penalty_pct_a_day": self.terms["penalty_bands"],
            "overdue_fee_pct_a_day": self.terms["overdue_fee_bands"],
        }
        for name, own in self.terms.get("products", {}).items():
            its = self.terms | own
            told.setdefault("by_product", {})[name] = {
                "service_fee_pct_by_grade": its["fee_by_grade"],
                "of_it_to_the_reserve_pct_by_grade": its["contribution_by_grade"],
            }
        return told

    def _lenders_late(self, loans: Iterable[Loan]) -> int:
        return sum(loan.lenders_late(self.day) for loan in loans)


def shares(rolled: dict[tuple[str, str], int]) -> dict[tuple[str, str], str]:
    """Of all that stood in the first stage."""
    whole: Counter[str] = Counter()
    for (stage, _), loans in rolled.items():
        whole[stage] += loans
    return {key: pct(loans, whole[key[0]]) for key, loans in rolled.items()}


def stage_of(days: int, table: Table) -> str:
    return [name for name, first in table if first <= days][-1]


def rolls(before: Recount, after: Recount, table: Table) -> dict[tuple[str, str], int]:
    first, last = before.stood(table), after.stood(table)
    moved = Counter((first[name], last.get(name, "settled")) for name in first)
    moved.update(("new", last[name]) for name in last.keys() - first.keys())
    return dict(moved)
