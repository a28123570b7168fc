"""The book up to a day, folded straight from the stored events: envelopes are read as JSON, loans
are plain lists and dictionaries. It shares no line with the product."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

Data = Mapping[str, Any]
Event = tuple[date, str, Data]  # Business date, topic, data.
RESERVE = "platform:reserve"


def event_of(topic: str, state: bytes) -> Event:
    envelope = json.loads(state)
    return date.fromisoformat(envelope["on"]), topic, envelope["data"]


class Billed:
    """An instalment: each claim's principal and interest that is open, and what others who paid
    the lenders have to get back for it."""

    def __init__(self, data: Data) -> None:
        self.due = date.fromisoformat(data["due_on"])
        self.principal: list[int] = list(data["principal"])
        self.interest: list[int] = list(data["interest"])
        self.taken_principal = 0
        self.taken_interest = 0

    @property
    def lenders_fen(self) -> int:
        return sum(self.principal) + sum(self.interest)

    @property
    def principal_fen(self) -> int:
        return sum(self.principal) + self.taken_principal

    @property
    def interest_fen(self) -> int:
        return sum(self.interest) + self.taken_interest


class Loan:
    def __init__(self, borrower: str) -> None:
        self.borrower = borrower
        self.grade = ""
        self.protected = False
        self.lent = 0
        self.out_on: date | None = None
        self.schedule: dict[int, int] = {}  # Interest of each month.
        self.claims: list[str] = []
        self.holders: list[str] = []  # Of the claims, and what is each one's own, not yet back.
        self.principal: list[int] = []
        self.taken_principal = 0  # What others paid them and have not got back.
        self.billed: dict[int, Billed] = {}
        self.rest_with: int | None = None
        self.payments: dict[str, Data] = {}
        self.advances: dict[tuple[str, str], Data] = {}  # By whom, and their numbers.
        self.guaranteed = 0  # What guarantors ever paid on it.

    # -- what happens to it ---------------------------------------------------------------

    def take(self, on: date, topic: str, data: Data) -> None:
        match topic:
            case "loan.rated.v1":
                self.grade = data["grade"]
            case "loan.concluded.v1":
                self.protected = data["policy"]["scope"] != "none"
            case "loan.disbursed.v1":
                self.out_on = on
                self.claims = [tender for tender, _, _ in data["claims"]]
                self.holders = [investor for _, investor, _ in data["claims"]]
                self.principal = [fen for _, _, fen in data["claims"]]
                self.lent = sum(self.principal)
                self.schedule = {no: interest for no, _, _, interest in data["schedule"]}
            case "loan.instalment-billed.v1":
                self.billed[data["period"]] = Billed(data)
                if data["whole_rest"]:
                    self.rest_with = data["period"]
            case "loan.early-billing-undone.v1" | "loan.call-in-undone.v1":
                del self.billed[data["period"]]
                self.rest_with = None
            case "loan.early-part-billed.v1":
                self.billed[data["period"]] = Billed(data)
                self._drawn_anew(data["rows"])
            case "loan.early-part-undone.v1":
                del self.billed[data["period"]]
                self._drawn_anew(data["rows"])
            case "loan.due-date-rolled.v1":
                self.billed[data["period"]].due = date.fromisoformat(data["due_on"])
            case "loan.claim-assigned.v1":
                self._assign(data)
            case "loan.repayment-routed.v1":
                self.payments[data["payment_id"]] = data
            case "loan.repayment-settled.v1":
                self._pay_back(self.payments[data["payment_id"]])
            case "loan.advance-opened.v1":
                self.advances["reserve", data["payout_id"]] = data
            case "loan.advance-paid.v1":
                self._advance(self.advances["reserve", data["payout_id"]])
            case "loan.guarantee-advance-opened.v1":
                self.advances["guarantor", data["advance_id"]] = data
            case "loan.guarantee-advance-paid.v1":
                self.guaranteed += self._advance(self.advances["guarantor", data["advance_id"]])

    def _assign(self, data: Data) -> None:
        """A part of a claim, or all of it, becomes another's: a claim at the end of the list."""
        place = self.claims.index(data["claim_id"])
        claim, holder, principal = data["claim"]
        lines = {period: (p, i) for period, p, i in data["lines"]}
        if principal != data["unbilled_fen"] + sum(p for p, _ in lines.values()):
            raise AssertionError(f"{claim}: what is sold is not what goes with it")
        self.claims.append(claim)
        self.holders.append(holder)
        _hand_over(self.principal, place, principal)
        for period, billed in self.billed.items():
            p, i = lines.pop(period, (0, 0))
            _hand_over(billed.principal, place, p)
            _hand_over(billed.interest, place, i)
        if lines:
            raise AssertionError(f"{claim}: sold with instalments that are not billed")

    def _pay_back(self, payment: Data) -> None:
        for period, principal, interest, _, taken_p, taken_i, *_ in payment["parts"]:
            self._receive(self.billed[period], principal, interest)
            self._recover(self.billed[period], taken_p, taken_i)
        for period, taken_p, taken_i, *_ in payment.get("recourse", ()):
            self._recover(self.billed[period], taken_p, taken_i)

    def _advance(self, opened: Data) -> int:
        billed, principal, interest = (
            self.billed[opened["period"]],
            opened["principal"],
            opened["interest"],
        )
        self._receive(billed, principal, interest)
        self._recover(billed, -sum(principal), -sum(interest))
        return sum(principal) + sum(interest)

    def _receive(self, billed: Billed, principal: list[int], interest: list[int]) -> None:
        for place, (p, i) in enumerate(zip(principal, interest, strict=True)):
            billed.principal[place] -= p
            billed.interest[place] -= i
            self.principal[place] -= p

    def _recover(self, billed: Billed, principal: int, interest: int) -> None:
        billed.taken_principal -= principal
        billed.taken_interest -= interest
        self.taken_principal -= principal

    def _drawn_anew(self, rows: Iterable[Sequence[Any]]) -> None:
        """What is left of the schedule when a part was paid early, or was not after all."""
        self.schedule |= {no: interest for no, _, _, interest in rows}

    # -- how it stands --------------------------------------------------------------------

    def owed_principal(self) -> int:
        return sum(self.principal) + self.taken_principal

    def owed_interest(self) -> int:
        open_now = sum(each.interest_fen for each in self.billed.values())
        if self.rest_with is not None:
            return open_now
        return open_now + sum(fen for no, fen in self.schedule.items() if no not in self.billed)

    def late(self, day: date) -> list[Billed]:
        return [b for b in self.billed.values() if b.due < day and b.principal_fen + b.interest_fen]

    def days(self, day: date) -> int:
        return max(((day - b.due).days for b in self.late(day)), default=0)

    def lenders_days(self, day: date) -> int:
        return max(((day - b.due).days for b in self.late(day) if b.lenders_fen), default=0)

    def lenders_late(self, day: date) -> int:
        return sum(b.lenders_fen for b in self.late(day))

    def late_fen(self, day: date) -> int:
        return sum(b.principal_fen + b.interest_fen for b in self.late(day))

    def waiting(self) -> list[str]:
        """Lenders who have principal of their own to come back."""
        pairs = zip(self.holders, self.principal, strict=True)
        return sorted({who for who, fen in pairs if fen})


def _hand_over(fen: list[int], place: int, part: int) -> None:
    if not 0 <= part <= fen[place]:
        raise AssertionError(f"{part} of {fen[place]} fen are handed over")
    fen[place] -= part
    fen.append(part)


class Folded:
    """All loans after all `events` up to the close of `day`, and the reserve."""

    def __init__(self, events: Iterable[Event], day: date) -> None:
        self.day = day
        self.loans: dict[str, Loan] = {}
        self.related: set[str] = set()
        self.advanced: defaultdict[str, list[int]] = defaultdict(list)  # By loan, at the bank;
        self.own_advances_fen = 0  # and what the platform and its related parties advanced.
        self.reserve_fen = 0
        self.queue: dict[str, tuple[str, int]] = {}  # Claims that wait: loan and instalment.
        self.terms: Data = {}  # The policy in force.
        self._advances: dict[str, tuple[str, str, int]] = {}  # Requested at the bank, by entry.
        self._advanced: list[tuple[str, str, date, int]] = []
        self._as_platform: set[tuple[str, str]] = set()  # For which loan, who stands so.
        self._stood: defaultdict[str, dict[date, bool]] = defaultdict(dict)  # 关联方, by day.
        for on, topic, data in events:
            if on <= day:
                self._take(on, topic, data)
        for name, payer, on, fen in self._advanced:
            if (name, payer) in self._as_platform or self._was_related(payer, on):
                self.own_advances_fen += fen
            else:
                self.advanced[name].append(fen)
        self.out = {name: loan for name, loan in self.loans.items() if loan.out_on}
        self.open = {
            name: loan
            for name, loan in self.out.items()
            if loan.owed_principal() or loan.owed_interest()
        }

    def _take(self, on: date, topic: str, data: Data) -> None:
        stream, _, _ = topic.partition(".")
        if stream == "cash":
            self._move(on, topic, data)
        elif stream == "reserve":
            self._queue(topic, data)
        elif topic == "member.registered.v1":
            self._relate(on, data["member_id"], related=data["related_party"])
        elif topic == "member.related-party-registered.v1":
            self._relate(on, data["member_id"], related=data["related"])
        elif topic == "policy.published.v1":
            if date.fromisoformat(data["terms"]["valid_from"]) <= self.day:
                self.terms = data["terms"]
        elif topic == "loan.requested.v1":
            self.loans[data["loan_id"]] = Loan(data["borrower_id"])
        elif topic == "loan.guaranteed.v1":
            if data.get("stands_as") == "platform":
                self._as_platform.add((data["loan_id"], data["guarantor_id"]))
        elif stream == "loan":
            self.loans[data["loan_id"]].take(on, topic, data)

    def _relate(self, on: date, member: str, *, related: bool) -> None:
        (self.related.add if related else self.related.discard)(member)
        self._stood[member][on] = related

    def _was_related(self, member: str, on: date) -> bool:
        """At the close of that day."""
        until = [day for day in self._stood[member] if day <= on]
        return bool(until) and self._stood[member][max(until)]

    def _move(self, on: date, topic: str, data: Data) -> None:
        for account, available, frozen in data.get("legs", ()):
            if account == RESERVE:
                self.reserve_fen += available + frozen
        if topic == "cash.entry-requested.v1":
            movements = data["movements"]
            paid = [m for m in movements if m["purpose"] == "guarantee_advance"]
            if paid:
                payer, _, _ = paid[0]["payer"].partition(":")
                fen = sum(m["amount_fen"] for m in paid)
                self._advances[data["entry_id"]] = data["subject"], payer, fen
        elif topic == "cash.entry-settled.v1" and data["entry_id"] in self._advances:
            loan, payer, fen = self._advances.pop(data["entry_id"])
            self._advanced.append((loan, payer, on, fen))

    def _queue(self, topic: str, data: Data) -> None:
        match topic:
            case "reserve.claim-queued.v1":
                self.queue[data["claim_id"]] = data["loan_id"], data["period"]
            case "reserve.payout-paid.v1" if data["in_full"]:
                del self.queue[data["claim_id"]]
            case "reserve.claim-dropped.v1":
                del self.queue[data["claim_id"]]

    def queued_fen(self) -> int:
        """What the lenders of the claims that wait have not received."""
        return sum(
            self.loans[loan].billed[period].lenders_fen for loan, period in self.queue.values()
        )
