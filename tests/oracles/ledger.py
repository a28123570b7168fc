"""A second, small cash book: what each movement does to two figures per account, by its purpose.

It shares no line with the first: no legs, no netting, no matrix of shapes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from domain.cashbook import Movement

BY_HAND = {"reserve_surplus", "reversal", "shortfall_cover"}
HOLDS = {
    "withdrawal",
    "tender",
    "repayment_hold",
    "guarantee_hold",
    "assignment_hold",
    "reserve_payout",
    "reimbursement",
    *BY_HAND,
}
RELEASES = {"tender_release", "repayment_release", "guarantee_release", "assignment_release"}
OUT_OF_FREEZE = {
    "disbursement",
    "repayment",
    "assignment",
    "subrogated_recovery",
    "guarantee_advance",
    "guarantee_recovery",
    "reserve_payout",
    "reimbursement",
    *BY_HAND,
}


class Ledger:
    def __init__(self) -> None:
        self._available: defaultdict[str, int] = defaultdict(int)
        self._frozen: defaultdict[str, int] = defaultdict(int)
        self._entries: dict[str, Sequence[Movement]] = {}
        self.kept_back: list[str] = []  # Releases that the bank refused.
        self.from_outside_fen = 0  # In less out, but for what accounts could not bear.
        self.lacking: defaultdict[str, int] = defaultdict(int)

    @property
    def waiting(self) -> list[str]:
        return list(self._entries)

    @property
    def out_of_freezes(self) -> list[str]:
        """What waits, and spends or gives back what is frozen."""
        return [entry_id for entry_id, [m, *_] in self._entries.items() if m.freeze]

    def available(self, account: str) -> int:
        return self._available[account]

    def balances(self) -> dict[str, tuple[int, int]]:
        accounts = self._available.keys() | self._frozen.keys()
        return {a: (self._available[a], self._frozen[a]) for a in accounts}

    def request(self, entry_id: str, movements: Sequence[Movement]) -> None:
        self._entries[entry_id] = movements
        for m in movements:
            if m.purpose in HOLDS:
                self._available[m.payer] -= m.amount_fen
                self._frozen[m.payer] += m.amount_fen
        self.check()

    def reject(self, entry_id: str) -> None:
        for m in self._entries.pop(entry_id):
            if m.purpose in HOLDS:
                self._available[m.payer] += m.amount_fen
                self._frozen[m.payer] -= m.amount_fen
            elif m.purpose in RELEASES:
                self.kept_back.append(entry_id)
        self.check()

    def settle(self, entry_id: str) -> None:
        for m in self._entries.pop(entry_id):
            fen = m.amount_fen
            if m.purpose == "recharge":
                self._available[m.payee] += fen
                self.from_outside_fen += fen
            elif m.purpose == "withdrawal":
                self._frozen[m.payer] -= fen
                self.from_outside_fen -= fen
            elif m.purpose in RELEASES:
                self._frozen[m.payer] -= fen
                self._available[m.payer] += fen
            elif m.purpose in OUT_OF_FREEZE or (m.purpose == "fee" and m.freeze):
                self._frozen[m.payer] -= fen
                self._available[m.payee] += fen
            elif m.purpose in {
                "fee",
                "reserve_contribution",
                "assignment_fee",
                "advance_passed_on",
            }:
                self._available[m.payer] -= fen
                self._available[m.payee] += fen
        self.check()

    def bank(self, account: str, fen: int, *, credit: bool) -> None:
        moved_fen = fen if credit else -min(fen, self._available[account])
        self._available[account] += moved_fen
        self.from_outside_fen += moved_fen
        if not credit:
            self.lacking[account] += fen + moved_fen
        self.check()

    def check(self) -> None:
        """What is lacking takes whatever there is; then the figures must be sound."""
        for account, lacking_fen in self.lacking.items():
            paid_fen = min(lacking_fen, self._available[account])
            self._available[account] -= paid_fen
            self.lacking[account] -= paid_fen
            self.from_outside_fen -= paid_fen
        figures = [*self._available.values(), *self._frozen.values()]
        assert min(figures, default=0) >= 0, self.balances()
        assert sum(figures) == self.from_outside_fen


def without_zeros(balances: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    return {account: fen for account, fen in balances.items() if fen != (0, 0)}
