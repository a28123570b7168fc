"""What the machine of claims asks for, as Hypothesis draws it."""

from __future__ import annotations

from hypothesis import strategies as st

from domain.allocation import AllocationOrder
from domain.loan_guarantee import Contribution
from domain.policy import (
    Acceleration,
    Covers,
    EarlyRest,
    PenaltyBase,
    Provider,
    Scope,
    SharingBasis,
    Stage,
    Subrogation,
)
from domain.sharing import ShareMethod
from tests.exemplars import a_policy

PERIODS = st.sampled_from((1, 1, 2, 3))

WELL = st.sampled_from((True, True, True, False))

ANSWERS = st.sampled_from((True, True, None, False))  # The bank's, at once; None: later.

TOGETHER = Contribution.AGREED

# Who stands for the loan: for the whole, alone or with others, or for a share of 10,000.
GUARANTORS: tuple[dict[str, int | Contribution | None], ...] = (
    {},
    {"gus": None},
    {"gus": TOGETHER, "ned": TOGETHER},
    {"gus": TOGETHER, "ned": None, "amy": TOGETHER},
    {"gus": 5_000, "ned": 5_000},
    {"gus": 3_333, "ned": 3_333, "amy": 3_334},
    {"gus": 2_500, "ned": TOGETHER, "amy": TOGETHER},
)

policies = st.builds(
    a_policy,
    scope=st.sampled_from((*Scope, *(Scope.PRINCIPAL_AND_INTEREST,) * 3)),
    trigger_days=st.sampled_from((0, 3)),
    covers=st.sampled_from(Covers),
    stages=st.sampled_from(
        (
            (),
            (),
            (Stage(days=1),),
            *((Stage(days=1), Stage(days=20, covers=each)) for each in Covers),
        )
    ),
    subrogation=st.sampled_from(Subrogation),
    allocation=st.sampled_from(AllocationOrder),
    sharing=st.sampled_from(ShareMethod),
    sharing_basis=st.sampled_from(SharingBasis),
    penalty_base=st.sampled_from(PenaltyBase),
    penalty_bands=st.sampled_from(("1-:0.05", "1-:3", "1-:0")),
    overdue_fee_bands=st.sampled_from(("1-:0", "1-:0.2")),
    interest_runs_on=st.sampled_from((None, 365)),
    grace_days=st.sampled_from((0, 0, 5)),
    early_compensation=st.sampled_from(("0", "3")),
    early_part=st.sampled_from(EarlyRest),
    overdue_claims_assignable=st.sampled_from((True, True, False)),
    acceleration=st.sampled_from(
        (
            None,
            Acceleration(over_days=40),
            Acceleration(over_days=2),
            Acceleration(in_a_row=2),
            Acceleration(in_all=1),
        )
    ),
    providers=st.sampled_from(
        (
            (Provider.GUARANTOR, Provider.RESERVE),
            (Provider.RESERVE, Provider.GUARANTOR),
            (Provider.GUARANTOR,),
        )
    ),
)
