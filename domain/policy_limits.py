"""A policy's own limits (限额), which may only be stricter than the law's. None does not bind.

What a loan is held to is the version in force on the day: as it is published, and as each tender
for it is placed. Who buys a claim is held to the loan's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from pydantic import model_validator

from domain.law import Limits
from domain.model import Fen, Message, Refused
from domain.refusals import Code


class PolicyLimits(Message):
    person_fen: Fen | None = None  # What a person may owe on the platform, the loan included.
    company_fen: Fen | None = None
    loan_fen: Fen | None = None  # Of one loan.
    lender_fen: Fen | None = None  # What one lender may have in one loan.
    auto_tender_fen: Fen | None = None  # What of it auto-tender may place.

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for name, within in (("auto_tender_fen", "lender_fen"), ("lender_fen", "loan_fen")):
            fen, most_fen = getattr(self, name), getattr(self, within)
            if fen is not None and most_fen is not None and fen > most_fen:
                raise ValueError(f"limits.{name}: must not be above {within}")
        return self


NO_LIMITS = PolicyLimits()


def wider_than_law(limits: PolicyLimits, law: Limits) -> Iterator[tuple[str, str]]:
    """(Field, why) of each limit that the law draws closer."""
    for name, legal_fen in (
        ("person_fen", law.person_on_platform_fen),
        ("company_fen", law.company_on_platform_fen),
        ("loan_fen", law.company_on_platform_fen),  # Nobody may owe more.
    ):
        fen = getattr(limits, name)
        if fen is not None and legal_fen is not None and fen > legal_fen:
            yield f"limits.{name}", f"{fen} fen is wider than the law's {legal_fen} fen"


def check_borrower(
    limits: PolicyLimits, amount_fen: int, owed_with_it_fen: int, *, company: bool
) -> None:
    """A loan about to be published, and what its borrower would owe on the platform."""
    owed_max_fen = limits.company_fen if company else limits.person_fen
    for fen, most_fen, what in (
        (amount_fen, limits.loan_fen, "the loan"),
        (owed_with_it_fen, owed_max_fen, "what the borrower would owe"),
    ):
        if most_fen is not None and fen > most_fen:
            told = f"{what}, {fen} fen, is above {most_fen} fen"
            raise Refused(Code.POLICY_LIMIT_EXCEEDED, told, "loan_id")


def least(*limits_fen: int | None) -> int | None:
    """The closest of them that bind."""
    binding = [fen for fen in limits_fen if fen is not None]
    return min(binding) if binding else None
