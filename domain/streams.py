"""The name of each stream, and how its events add up to its state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from domain import (
    assignment,
    auto_tender,
    blacklist,
    cashbook,
    collection_rules,
    collections,
    funds_freeze,
    guarantee,
    identity,
    investment,
    loan,
    loan_evolution,
    member,
    operators,
    platform,
    policies,
    reserve,
    reversal,
    shortfall,
)

PLATFORM = "platform"
OPERATORS = "operators"
POLICY = "policy"
RESERVE = "reserve"
SHORTFALL = "shortfall"
COLLECTIONS = "collections"
BLACKLIST = "blacklist"
AUTO_TENDER = "autotender"


def member_stream(member_id: str) -> str:
    return f"member-{member_id}"


def identity_stream(identity: str) -> str:
    return f"identity-{identity}"


def loan_stream(loan_id: str) -> str:
    return f"loan-{loan_id}"


def investment_stream(tender_id: str) -> str:
    return f"investment-{tender_id}"


def assignment_stream(assignment_id: str) -> str:
    return f"assignment-{assignment_id}"


def entry_stream(entry_id: str) -> str:
    return f"entry-{entry_id}"


def reversal_stream(movement_id: str) -> str:
    return f"reversal-{movement_id}"


def freeze_stream(freeze_id: str) -> str:
    return f"freeze-{freeze_id}"


def case_stream(borrower_id: str) -> str:
    return f"case-{borrower_id}"


def guarantee_stream(guarantor_id: str) -> str:
    return f"guarantee-{guarantor_id}"


class Fold(NamedTuple):
    initial: Any
    evolve: Callable[[Any, Any], Any]


_FOLDS = {
    "platform": Fold(platform.INITIAL, platform.evolve),
    "operators": Fold(operators.INITIAL, operators.evolve),
    "policy": Fold(policies.INITIAL, policies.evolve),
    "reserve": Fold(reserve.INITIAL, reserve.evolve),
    "reversal": Fold(reversal.INITIAL, reversal.evolve),
    "freeze": Fold(funds_freeze.INITIAL, funds_freeze.evolve),
    "shortfall": Fold(shortfall.INITIAL, shortfall.evolve),
    "collections": Fold(collection_rules.INITIAL, collection_rules.evolve),
    "case": Fold(collections.INITIAL, collections.evolve),
    "blacklist": Fold(blacklist.INITIAL, blacklist.evolve),
    "member": Fold(member.INITIAL, member.evolve),
    "identity": Fold(identity.INITIAL, identity.evolve),
    "loan": Fold(loan.INITIAL, loan_evolution.evolve),
    "investment": Fold(investment.INITIAL, investment.evolve),
    "assignment": Fold(assignment.INITIAL, assignment.evolve),
    "guarantee": Fold(guarantee.INITIAL, guarantee.evolve),
    "entry": Fold(cashbook.INITIAL, cashbook.evolve),
    "autotender": Fold(auto_tender.INITIAL, auto_tender.evolve),
}


_EVOLVERS = {type(fold.initial): fold.evolve for fold in _FOLDS.values()}


def evolver_of(state: Any) -> Callable[[Any, Any], Any]:
    """How the events of its stream add to a state."""
    return _EVOLVERS[type(state)]


def fold_of(stream: str) -> Fold:
    """Raises KeyError for a stream of no known kind."""
    return _FOLDS[stream.partition("-")[0]]
