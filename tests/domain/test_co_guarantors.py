"""Several guarantors of one loan (共同保证): each for a share, or all for the whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from domain import assessment, protection, repayment
from domain import guarantor_advance as advances
from domain.loan import Loan
from domain.loan_guarantee import Contribution, LoanGuaranteed
from domain.model import Refused
from domain.policy import Provider, Scope
from domain.recourse import Recourse
from domain.refusals import Code
from tests.domain.test_guarantee import LATE, held, late, lent, refused
from tests.exemplars import TODAY, a_policy, folded, loan_requested

JOINT: dict[str, Any] = {}
SEVERAL_60, SEVERAL_40 = {"share_bp": 6_000}, {"share_bp": 4_000}


def named(guarantor_id: str, **fields: Any) -> LoanGuaranteed:
    return LoanGuaranteed(loan_id="L1", guarantor_id=guarantor_id, **fields)


def co_guaranteed(**guarantors: dict[str, Any]) -> Loan:
    """1,010.00 are late, 606.00 and 404.00 of them for each of two investors."""
    loan = lent(guaranteed=False)
    loan = folded([named(name, **fields) for name, fields in guarantors.items()], loan)
    return folded(assessment.assess(loan, LATE), loan)


def advanced(loan: Loan, by: str, *, well: bool = True) -> Loan:
    loan = folded([advances.open_advance(loan, f"a-{by}", by, 1)], loan)
    return folded([advances.finish(loan, f"a-{by}", paid=well)], loan)


def owed(loan: Loan) -> dict[str, int]:
    return {name: advances.owed_fen(loan, name, 1) for name in loan.guarantee.guarantors}


def paid(loan: Loan, fen: int) -> Loan:
    loan = held(loan, fen)
    return folded(repayment.settle(loan, LATE), loan)


# -- who is named ---------------------------------------------------------------------------


def test_each_is_named_once_and_their_shares_are_no_more_than_the_whole() -> None:
    requested = folded([loan_requested(), named("gus", **SEVERAL_60)])
    again = refused(lambda: advances.guarantee(requested, named("gus"), TODAY))
    assert again == Code.LOAN_GUARANTEED
    more = refused(lambda: advances.guarantee(requested, named("ned", share_bp=4_001), TODAY))
    assert more == Code.GUARANTEE_NOT_WHOLE
    assert advances.guarantee(requested, named("ned", **SEVERAL_40), TODAY)
    assert advances.guarantee(requested, named("ned", contribution=Contribution.AGREED), TODAY)
    by_law = named("ned", contribution=Contribution.GUARANTEE_LAW)
    assert advances.guarantee(requested, by_law, date(2020, 12, 31))
    repealed = refused(lambda: advances.guarantee(requested, by_law, date(2021, 1, 1)))
    assert repealed == Code.GUARANTEE_LAW_REPEALED
    many = folded([named(f"g{number}", share_bp=1) for number in range(19)], requested)
    code = refused(lambda: advances.guarantee(many, named("ned"), TODAY))
    assert code == Code.GUARANTORS_TOO_MANY


@pytest.mark.parametrize(
    ("guarantors", "whole"),
    [
        ({}, True),
        ({"gus": JOINT}, True),
        ({"gus": SEVERAL_60}, False),
        ({"gus": SEVERAL_60, "ned": SEVERAL_40}, True),
        ({"gus": SEVERAL_60, "ned": JOINT}, True),
    ],
)
def test_published_is_what_is_guaranteed_whole(
    guarantors: dict[str, dict[str, Any]], whole: bool
) -> None:
    loan = folded([loan_requested(), *(named(k, **v) for k, v in guarantors.items())])
    if whole:
        advances.must_be_whole(loan, a_policy())
    else:
        assert refused(lambda: advances.must_be_whole(loan, a_policy())) == Code.GUARANTEE_NOT_WHOLE


def test_a_share_stands_for_so_much_of_the_principal_rounded_up() -> None:
    loan = co_guaranteed(gus={"share_bp": 3_333}, ned=JOINT)
    assert advances.exposure_fen(loan, "gus", 100) == 34
    assert advances.exposure_fen(loan, "gus", 0) == 0
    assert advances.exposure_fen(loan, "ned", 100) == 100


# -- what each must advance -------------------------------------------------------------------


def test_all_are_obliged_each_for_what_he_stands_for() -> None:
    assert owed(co_guaranteed(gus=JOINT, ned=JOINT)) == {"gus": 1_010_00, "ned": 1_010_00}
    several = co_guaranteed(gus=SEVERAL_60, ned=SEVERAL_40)
    assert owed(several) == {"gus": 606_00, "ned": 404_00}
    mixed = co_guaranteed(gus={"share_bp": 2_500}, ned=JOINT)
    assert owed(mixed) == {"gus": 252_50, "ned": 1_010_00}


def test_one_who_stands_for_the_whole_frees_the_others() -> None:
    loan = advanced(co_guaranteed(gus=JOINT, ned=JOINT, amy=SEVERAL_60), "gus")
    assert set(owed(loan).values()) == {0}
    assert refused(lambda: advances.open_advance(loan, "a2", "gus", 1)) == Code.ADVANCE_MADE
    for other in ("ned", "amy"):
        code = refused(lambda by=other: advances.open_advance(loan, "a2", by, 1))  # type: ignore[misc]
        assert code == Code.NOTHING_TO_ADVANCE


def test_a_share_is_paid_to_each_investor_and_the_rest_is_the_others() -> None:
    loan = co_guaranteed(gus=SEVERAL_60, ned=SEVERAL_40)
    opened = advances.open_advance(loan, "a1", "gus", 1)
    assert (opened.principal, opened.interest) == ((357_60, 238_40), (6_00, 4_00))
    loan = advanced(loan, "gus")
    assert owed(loan) == {"gus": 0, "ned": 404_00}
    assert refused(lambda: advances.open_advance(loan, "a2", "gus", 1)) == Code.ADVANCE_MADE
    assert not any(protection.protected_fen(advanced(loan, "ned"), 1).values())


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        ((lambda x: paid(x, 510_00),), {"gus": 300_00, "ned": 200_00}),
        (
            (lambda x: advanced(x, "gus"), lambda x: paid(x, 104_00)),
            {"gus": 0, "ned": 310_00},  # The interest, 10.00, was what gus advanced first.
        ),
        (
            (lambda x: advanced(x, "gus", well=False),),
            {"gus": 606_00, "ned": 404_00},
        ),
        ((lambda x: paid(x, 1_009_99),), {"gus": 1, "ned": 0}),
    ],
    ids=["paid before", "advanced, then paid", "the bank refused", "the last fen"],
)
def test_what_the_borrower_pays_lowers_all_shares(
    steps: tuple[Callable[[Loan], Loan], ...], left: dict[str, int]
) -> None:
    loan = co_guaranteed(gus=SEVERAL_60, ned=SEVERAL_40)
    for step in steps:
        loan = step(loan)
    assert owed(loan) == left


def test_no_two_advance_an_instalment_at_once() -> None:
    loan = co_guaranteed(gus=SEVERAL_60, ned=SEVERAL_40)
    loan = folded([advances.open_advance(loan, "a1", "gus", 1)], loan)
    code = refused(lambda: advances.open_advance(loan, "a2", "ned", 1))
    assert code == Code.ADVANCE_UNDER_WAY


# -- recourse on the borrower -----------------------------------------------------------------


def test_each_gets_back_what_he_advanced() -> None:
    loan = advanced(advanced(co_guaranteed(gus=SEVERAL_60, ned=SEVERAL_40), "gus"), "ned")
    routed = held(loan, 500_00).routed
    assert routed is not None
    assert routed.recourse == (
        Recourse(1, 292_04, 10_00, 0, "gus"),  # 596 : 404 of 490.00, and all of the interest.
        Recourse(1, 197_96, 0, 0, "ned"),
    )
    loan = paid(loan, 500_00)
    assert loan.billed[1].guarantor_fen == 510_00
    assert paid(loan, 510_00).billed == {}


def test_recourse_of_before_there_were_several_is_the_first_ones() -> None:
    loan = folded([advances.open_advance(late(), "a1", "gus", 1)], late())
    loan = folded([advances.finish(loan, "a1", paid=True)], loan)
    routed = held(loan, 10_00).routed
    assert routed is not None
    assert routed.recourse == (Recourse(1, 0, 10_00, 0, "gus"),)
    old = routed.recourse[0]._replace(guarantor_id=None)
    assert advances.recovered_fen(loan, type(routed)(**_fields(routed) | {"recourse": (old,)})) == {
        "gus": 10_00
    }


def _fields(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


def test_nobody_else_may() -> None:
    loan = co_guaranteed(gus=JOINT, ned=JOINT)
    with pytest.raises(Refused) as caught:
        advances.open_advance(loan, "a1", "amy", 1)
    assert caught.value.code == Code.NOT_GUARANTOR


# -- who pays as the third party or the platform that the policy names ------------------------


def protected_by(*providers: Provider, **guarantors: dict[str, Any]) -> Loan:
    loan = lent(guaranteed=False, providers=providers)
    loan = folded([named(name, **fields) for name, fields in guarantors.items()], loan)
    return folded(assessment.assess(loan, LATE), loan)


SCHEME: dict[str, Any] = {"stands_as": Provider.THIRD_PARTY}


@pytest.mark.parametrize(
    ("policy", "guarantors", "code"),
    [
        ({"providers": (Provider.THIRD_PARTY,)}, {}, Code.PROVIDER_UNNAMED),
        ({"providers": (Provider.THIRD_PARTY,)}, {"gus": JOINT}, Code.PROVIDER_UNNAMED),
        ({"providers": (Provider.PLATFORM,)}, {"pat": SCHEME}, Code.PROVIDER_UNNAMED),
        ({"providers": (Provider.THIRD_PARTY,)}, {"pat": SCHEME}, None),
        ({"providers": (Provider.THIRD_PARTY,), "scope": Scope.NONE}, {}, None),
        ({"providers": (Provider.GUARANTOR,)}, {}, Code.PROVIDER_UNNAMED),
        ({"providers": (Provider.GUARANTOR,)}, {"pat": SCHEME}, Code.PROVIDER_UNNAMED),
        ({"providers": (Provider.GUARANTOR,)}, {"gus": JOINT}, None),
        ({"providers": (Provider.GUARANTOR, Provider.RESERVE)}, {}, None),
        ({"providers": (Provider.GUARANTOR,), "scope": Scope.NONE}, {}, None),
        (
            {"providers": (Provider.THIRD_PARTY,)},
            {"pat": SCHEME | SEVERAL_60, "gus": SEVERAL_40},
            Code.GUARANTEE_NOT_WHOLE,
        ),
    ],
    ids=[
        *("nobody", "a guarantor", "another", "named", "no promise"),
        *("no guarantor", "none that is one", "the guarantor", "the reserve", "no promise of his"),
        "in part",
    ],
)
def test_published_is_what_somebody_will_pay(
    policy: dict[str, Any], guarantors: dict[str, dict[str, Any]], code: Code | None
) -> None:
    loan = folded([loan_requested(), *(named(k, **v) for k, v in guarantors.items())])
    terms = a_policy(**policy)
    if code is None:
        advances.must_be_whole(loan, terms)
    else:
        assert refused(lambda: advances.must_be_whole(loan, terms)) == code


def test_a_third_party_must_pay_once_the_claim_is_filed_and_has_recourse() -> None:
    loan = protected_by(Provider.THIRD_PARTY, pat=SCHEME)
    assert loan.filed == {1}
    assert not loan.guarantee.confirmed
    assert advances.called_with_claim(loan) == ["pat"]
    loan = advanced(loan, "pat")
    assert (loan.billed[1].investors_fen, loan.billed[1].guarantor_fen) == (0, 1_010_00)
    assert paid(loan, 1_010_00).billed == {}


def test_it_is_not_called_on_before_the_guarantor_nor_where_the_policy_names_it_not() -> None:
    loan = protected_by(Provider.GUARANTOR, Provider.THIRD_PARTY, gus=JOINT, pat=SCHEME)
    assert loan.guarantee.confirmed == {1}
    assert not loan.filed
    early = refused(lambda: advances.open_advance(loan, "a1", "pat", 1))
    assert early == Code.OBLIGATION_UNKNOWN
    filed = assessment.call_on(loan, 1, Provider.THIRD_PARTY, loan.covers[1], LATE)
    assert advances.open_advance(folded(filed, loan), "a1", "pat", 1)
    elsewhere = protected_by(Provider.RESERVE, pat=SCHEME)
    assert elsewhere.filed == {1}
    assert refused(lambda: advances.open_advance(elsewhere, "a1", "pat", 1)) == (
        Code.OBLIGATION_UNKNOWN
    )


def test_shares_are_of_those_who_stand_as_the_same() -> None:
    loan = protected_by(
        *(Provider.GUARANTOR, Provider.THIRD_PARTY),
        gus=SEVERAL_60,
        ned=SEVERAL_40,
        pat=SCHEME | {"share_bp": 5_000},
        tim=SCHEME | {"share_bp": 5_000},
    )
    assert owed(loan) == {"gus": 606_00, "ned": 404_00, "pat": 505_00, "tim": 505_00}


def test_no_guarantor_is_called_on_where_all_who_are_named_pay_as_others() -> None:
    loan = protected_by(Provider.GUARANTOR, Provider.THIRD_PARTY, pat=SCHEME)
    assert loan.filed == {1}
    code = refused(lambda: advances.confirm(loan, 1, "ann", LATE))
    assert code == Code.LOAN_NOT_GUARANTEED
