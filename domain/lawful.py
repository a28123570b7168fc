"""What of a policy the law table of a date allows, whoever decides it.

check        a version, by the law of the day on which it starts, and again as a loan is
             published under it
may_promise  who may stand in for the borrower of a loan, by the law of the day it was concluded
check_guarantor
             the one of a loan, as it is named and again as the loan is published
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from domain.law import LawTable, Limits
from domain.model import Refused
from domain.policy import PolicyTerms, Provider, Scope
from domain.policy_limits import wider_than_law
from domain.refusals import Code


def may_promise(provider: Provider, limits: Limits) -> bool:
    """A platform may not, from 2016-08-24 on, and an affiliate counts as the platform."""
    return provider is not Provider.PLATFORM or limits.platform_may_promise


def check_guarantor(limits: Limits, field: str, *, related_party: bool) -> None:
    """A related party of the platform counts as the platform."""
    if related_party and not may_promise(Provider.PLATFORM, limits):
        raise Refused(Code.GUARANTOR_RELATED, field=field)


def check(terms: PolicyTerms, table: LawTable, on: date) -> None:
    """Raises Refused with the first thing that is not allowed on that day."""
    for field, why in _breaches(terms, table.on(on)):
        raise Refused(Code.POLICY_UNLAWFUL, f"{table.name} on {on}: {why}", f"terms.{field}")


def _breaches(terms: PolicyTerms, limits: Limits) -> Iterator[tuple[str, str]]:
    promises = terms.scope is not Scope.NONE
    if promises and not all(may_promise(each, limits) for each in terms.providers):
        yield "providers", "the platform, or an affiliate, may not promise anything"
    accrues = any(Decimal(rate) for rate in terms.contribution_by_grade.values())
    if accrues and not terms.accrual_frozen and not limits.reserve_may_accrue:
        yield "contribution_by_grade", "nothing new may be paid into a reserve: freeze the accrual"
    yield from wider_than_law(terms.limits, limits)
