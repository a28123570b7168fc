"""A platform's policies (保障政策): dated versions; a loan keeps the one it was concluded under.

    PublishPolicy -> PolicyPublished | Refused

Invariant: versions start on different days, later ones later, without a day between them that has
none, and none is ever changed.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar

from msgspec.structs import replace

from domain.model import Event, Refused, State
from domain.policy import PolicyTerms
from domain.refusals import Code

ONE_DAY = timedelta(days=1)


class PolicyPublished(Event):
    TOPIC: ClassVar[str] = "policy.published.v1"
    terms: PolicyTerms


EVENTS = (PolicyPublished,)


class Policies(State):
    versions: tuple[PolicyTerms, ...] = ()

    def in_force(self, on: date) -> PolicyTerms | None:
        """For a loan that is concluded on that day."""
        last = self.latest(on)
        ended = last is not None and last.valid_until is not None and last.valid_until < on
        return None if ended else last

    def latest(self, on: date) -> PolicyTerms | None:
        """The one that started last: what the reserve goes by, also after its last day."""
        for terms in reversed(self.versions):
            if terms.valid_from <= on:
                return terms
        return None

    def between(self, first: date, last: date) -> list[tuple[PolicyTerms, date]]:
        """Those in force on any of these days, each with its last one of them: whichever a loan is
        concluded under that is filled by then."""
        now = self.in_force(first)
        ahead = [each for each in self.versions if first < each.valid_from <= last]
        terms = ahead if now is None else [now, *ahead]
        begins = [each.valid_from - ONE_DAY for each in terms[1:]]
        ends = [min(each.valid_until or last, last) for each in terms]
        return [*zip(terms, map(min, ends, [*begins, last]), strict=True)]

    def named(self, version: str) -> PolicyTerms:
        return next(terms for terms in self.versions if terms.version == version)


INITIAL = Policies()


def decide(policies: Policies, terms: PolicyTerms, today: date) -> tuple[PolicyPublished, ...]:
    taken = {name for known in policies.versions for name in _names(known)}
    if taken.intersection(_names(terms)):
        raise Refused(Code.POLICY_VERSION_TAKEN, field="terms.version")
    last = policies.versions[-1] if policies.versions else None
    if last is not None and terms.valid_from < today:
        raise Refused(Code.POLICY_IN_PAST, f"today is {today}", "terms.valid_from")
    if terms.valid_until is not None and terms.valid_until < today:
        raise Refused(Code.POLICY_IN_PAST, f"today is {today}", "terms.valid_until")
    if last is not None:
        _follows(last, terms, today)
    check_contributions(terms)
    return (PolicyPublished(terms=terms),)


def _names(terms: PolicyTerms) -> list[str]:
    """Of the version, and of what it says of each product."""
    return [each.version for each in terms.variants]


def _follows(last: PolicyTerms, terms: PolicyTerms, today: date) -> None:
    """Days without a policy that have gone by cannot be mended: the next one starts today then."""
    until = last.valid_until
    if terms.valid_from <= (until or last.valid_from):
        kept = f"{last.version} is valid from {last.valid_from}" + (f" to {until}" if until else "")
        raise Refused(Code.POLICY_OVERLAPS, kept, "terms.valid_from")
    if until is not None and terms.valid_from > max(until + ONE_DAY, today):
        raise Refused(
            Code.POLICY_LEAVES_GAP,
            f"{last.version} ends on {until}",
            "terms.valid_from",
        )


def check_contributions(terms: PolicyTerms) -> None:
    """Raises Refused. Fees would be less than what is told, and the reserve's part of them too."""
    for each in terms.variants:
        for grade, rate in each.contribution_by_grade.items():
            fee = each.fee_by_grade.get(grade, "0")
            if not each.accrual_frozen and Decimal(rate) > Decimal(fee):
                told = f"{each.version}, grade {grade}: {rate} % out of a fee of {fee} %"
                raise Refused(Code.CONTRIBUTION_ABOVE_FEE, told, "terms.contribution_by_grade")


def evolve(policies: Policies, event: PolicyPublished) -> Policies:
    return replace(policies, versions=(*policies.versions, event.terms))
