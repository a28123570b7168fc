"""How those who collect may behave (催收行为规范): named tables whose rows are dated.

A platform's collection rules choose one by name; `none` is for books outside its reach. Source of
`cn-consumer`: the national standard for collecting personal online consumer loans, in force from
March 2025. What breaks a rule is refused, each with its own code, in the order of `check`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import NamedTuple

from domain.model import Refused
from domain.refusals import Code


class Means(StrEnum):
    """How somebody was contacted."""

    SMS = "sms"
    CALL = "call"
    VISIT = "visit"  # 外访
    LETTER = "letter"


class Party(StrEnum):
    """Whom: he who owes, who stands in for him, or somebody who may know where he is."""

    DEBTOR = "debtor"
    GUARANTOR = "guarantor"
    CONTACT = "contact"


class Outcome(StrEnum):
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    DELIVERED = "delivered"  # A message or letter, answered or not.
    DECLINED = "declined"  # Reached, and does not want to be contacted again.


SPOKEN = frozenset({Outcome.REACHED, Outcome.DECLINED})
"""A call with such an outcome is an effective one (有效通话)."""

IN_PERSON = frozenset({Means.CALL, Means.VISIT})
DISTURBING = IN_PERSON | {Means.SMS}


@dataclass(frozen=True, slots=True)
class Conduct:
    """`quiet_from`, `quiet_until`: the time of night, Asia/Shanghai, in which nobody is contacted
    who has not agreed to it."""

    quiet_from: time
    quiet_until: time
    effective_calls_a_day: int


@dataclass(frozen=True, slots=True)
class ConductTable:
    name: str
    rows: tuple[tuple[date, Conduct], ...]

    def on(self, day: date) -> Conduct | None:
        """None where no rule is in force on that day."""
        valid = [conduct for since, conduct in self.rows if since <= day]
        return valid[-1] if valid else None


CONDUCT_TABLES = {
    table.name: table
    for table in (
        ConductTable("none", ()),
        ConductTable("cn-consumer", ((date(2025, 3, 1), Conduct(time(22), time(8), 3)),)),
    )
}


class Contact(NamedTuple):
    """`local`: when, as the clock in Shanghai shows it."""

    means: Means
    party: Party
    local: time
    outcome: Outcome
    asks_to_pay: bool
    tells_of_debt: bool
    agreed: bool  # The person has agreed to be contacted at such a time.

    @property
    def effective_call(self) -> bool:
        return self.means is Means.CALL and self.outcome in SPOKEN


def check(
    conduct: Conduct | None,
    contact: Contact,
    *,
    calls_that_day: int,
    debtor_reachable: bool,
    declined: bool,
) -> None:
    """`calls_that_day`: effective ones to this person before; `declined`: a contact who did not
    want to be asked again. Raises Refused."""
    if conduct is None:
        return
    if _at_night(conduct, contact) and not contact.agreed:
        raise Refused(
            Code.CONTACT_AT_NIGHT,
            f"not from {conduct.quiet_from:%H:%M} to {conduct.quiet_until:%H:%M}, Asia/Shanghai",
            "at",
        )
    if contact.effective_call and calls_that_day >= conduct.effective_calls_a_day:
        raise Refused(
            Code.CALLS_TOO_MANY, f"at most {conduct.effective_calls_a_day} a day", "outcome"
        )
    if contact.party is not Party.CONTACT:
        return
    if contact.asks_to_pay:
        raise Refused(Code.ASKED_WHO_OWES_NOTHING, field="asks_to_pay")
    if contact.tells_of_debt:
        raise Refused(Code.DEBT_DISCLOSED, field="tells_of_debt")
    if declined:
        raise Refused(Code.CONTACT_DECLINED, field="person_id")
    if debtor_reachable:
        raise Refused(Code.DEBTOR_REACHABLE, field="party")


def _at_night(conduct: Conduct, contact: Contact) -> bool:
    quiet = contact.local >= conduct.quiet_from or contact.local < conduct.quiet_until
    return quiet and contact.means in DISTURBING
