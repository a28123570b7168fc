"""A loan from its request to its disbursement: each step, each refusal, in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest

from domain import funding as f
from domain import loan_events as e
from domain.law import Limits
from domain.loan import Loan, Status
from domain.loan_events import LoanEvent
from domain.model import InvariantBroken, Refused
from domain.policies import Policies
from domain.policy import PolicyTerms
from domain.refusals import Code
from domain.register import Claim, Row
from tests.exemplars import NOON, TODAY, a_policy, filled, folded, loan_requested, only, published

TENDERS = {"t0": ("lucy", 6_000_00), "t1": ("max", 4_000_00)}
REQUEST = loan_requested()
RATED = e.LoanRated(loan_id="L1", grade="A")
PUBLISHED = published()
FILLED = filled(TENDERS)
CONCLUDED = [*FILLED, *f.conclude(folded(FILLED), "0" * 64, a_policy())]
DISBURSING = [*CONCLUDED, *f.disburse(folded(CONCLUDED))]
DISBURSED = [*DISBURSING, *f.finish_disbursement(folded(DISBURSING), TODAY)]
MISCARRIED = [*PUBLISHED, e.LoanMiscarried(loan_id="L1", secured_fen=0)]

BOB = f.Applicant(
    verified=True,
    company=False,
    lawful_business=False,
    blacklisted=False,
    related_party=False,
    owed_fen=0,
)
LAW = Limits(20_000_00, 100_000_00, related_party_loans=False)
OVER_ALL = Limits(person_over_all_fen=50_000_00, company_over_all_fen=90_000_00)


def owing_elsewhere(fen: int) -> list[LoanEvent]:
    return [loan_requested(owed_elsewhere_fen=fen), RATED]


Ask = Callable[[Loan], Sequence[LoanEvent]]


def admit(*, limits: Limits = LAW, deadline: date = TODAY, **changes: Any) -> Ask:
    applicant = BOB._replace(**changes)
    return lambda loan: f.admit(loan, applicant, limits, "law", deadline, TODAY)


def tender(
    tender_id: str = "t9", investor_id: str = "lucy", fen: int = 1, limit_fen: int | None = None
) -> Ask:
    return lambda loan: f.reserve_tender(loan, tender_id, investor_id, fen, limit_fen)


def conclude(loan: Loan) -> Sequence[LoanEvent]:
    return f.conclude(loan, "0" * 64, a_policy())


def miscarry(today: date, *versions: PolicyTerms) -> Ask:
    return lambda loan: f.miscarry(loan, today, Policies(versions))


def reserved(tender_id: str, investor_id: str, fen: int) -> e.TenderReserved:
    return e.TenderReserved(
        loan_id="L1", tender_id=tender_id, investor_id=investor_id, amount_fen=fen
    )


REFUSED: dict[str, tuple[Sequence[LoanEvent], Ask, Code]] = {
    "an id is given once": ([REQUEST], lambda s: f.request(s, REQUEST), Code.ID_TAKEN),
    "nothing of a loan unknown": ([], lambda s: f.rate(s, "A"), Code.LOAN_UNKNOWN),
    "no grade after publishing": (PUBLISHED, lambda s: f.rate(s, "B"), Code.LOAN_WRONG_STATE),
    "no admission without a grade": ([REQUEST], admit(), Code.LOAN_WRONG_STATE),
    "no admission twice": (PUBLISHED, admit(), Code.LOAN_WRONG_STATE),
    "a deadline in the past": (
        [REQUEST, RATED],
        admit(deadline=date(2018, 1, 30)),
        Code.DEADLINE_IN_PAST,
    ),
    "nobody unverified": ([REQUEST, RATED], admit(verified=False), Code.IDENTITY_NOT_VERIFIED),
    "no company without lawful business": (
        [REQUEST, RATED],
        admit(company=True),
        Code.BUSINESS_NOT_LAWFUL,
    ),
    "nobody on the blacklist": ([REQUEST, RATED], admit(blacklisted=True), Code.BLACKLISTED),
    "a person's limit": (
        [REQUEST, RATED],
        admit(owed_fen=10_000_01),
        Code.LEGAL_LIMIT_EXCEEDED,
    ),
    "a company's limit": (
        [REQUEST, RATED],
        admit(company=True, lawful_business=True, owed_fen=90_000_01),
        Code.LEGAL_LIMIT_EXCEEDED,
    ),
    "a person's limit over all platforms": (
        owing_elsewhere(40_000_01),
        admit(limits=OVER_ALL),
        Code.LEGAL_LIMIT_EXCEEDED,
    ),
    "a company's limit over all platforms": (
        owing_elsewhere(40_000_01),
        admit(limits=OVER_ALL, company=True, lawful_business=True, owed_fen=40_000_00),
        Code.LEGAL_LIMIT_EXCEEDED,
    ),
    "no related party": ([REQUEST, RATED], admit(related_party=True), Code.RELATED_PARTY),
    "of two reasons the first is named": (
        [REQUEST, RATED],
        admit(related_party=True, blacklisted=True),
        Code.BLACKLISTED,
    ),
    "the bank answers once": (
        PUBLISHED,
        lambda s: f.answer_project(s, None),
        Code.LOAN_WRONG_STATE,
    ),
    "no tender on a loan unknown": ([], tender(), Code.LOAN_UNKNOWN),
    "no tender before the bank knows the loan": (PUBLISHED[:-1], tender(), Code.LOAN_NOT_OPEN),
    "no tender on a full loan": (FILLED, tender(), Code.LOAN_NOT_OPEN),
    "a tender's id is used once": (
        [*PUBLISHED, reserved("t9", "max", 1)],
        tender(),
        Code.ID_TAKEN,
    ),
    "no tender on one's own loan": (PUBLISHED, tender(investor_id="bob"), Code.SELF_TENDER),
    "not more than is left": (
        [*PUBLISHED, reserved("t0", "max", 9_999_99)],
        tender(fen=2),
        Code.TENDER_ABOVE_LEFT,
    ),
    "not more than the house's limit": (
        PUBLISHED,
        tender(fen=6, limit_fen=5),
        Code.TENDER_ABOVE_LIMIT,
    ),
    "nor in two parts": (
        [*PUBLISHED, reserved("t0", "lucy", 3)],
        tender(fen=3, limit_fen=5),
        Code.TENDER_ABOVE_LIMIT,
    ),
    "nor too many": (
        [*PUBLISHED, *(reserved(f"t{n}", "max", 1) for n in range(f.TENDERS_MAX))],
        tender("last"),
        Code.TENDERS_TOO_MANY,
    ),
    "no contract before it is full": (PUBLISHED, conclude, Code.LOAN_WRONG_STATE),
    "no second contract": (CONCLUDED, conclude, Code.LOAN_WRONG_STATE),
    "no contract without a policy": (
        FILLED,
        lambda s: f.conclude(s, "0" * 64, None),
        Code.POLICY_MISSING,
    ),
    "no money before the contract": (FILLED, f.disburse, Code.NOT_CONCLUDED),
    "no money twice": (DISBURSING, f.disburse, Code.LOAN_WRONG_STATE),
    "nor after it went out": (DISBURSED, f.disburse, Code.LOAN_WRONG_STATE),
    "not miscarried on the last day": (PUBLISHED, miscarry(TODAY), Code.DEADLINE_NOT_REACHED),
    "not miscarried when full": (
        FILLED,
        miscarry(date(2018, 2, 1), a_policy()),
        Code.LOAN_WRONG_STATE,
    ),
    "nor while a policy may still come": (FILLED, miscarry(TODAY), Code.LOAN_WRONG_STATE),
    "nor once concluded": (CONCLUDED, miscarry(date(2018, 2, 1)), Code.LOAN_WRONG_STATE),
    "not miscarried twice": (MISCARRIED, miscarry(date(2018, 2, 1)), Code.LOAN_WRONG_STATE),
}


@pytest.mark.parametrize(("given", "when", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(given: Sequence[LoanEvent], when: Ask, code: Code) -> None:
    with pytest.raises(Refused) as caught:
        when(folded(given))
    assert caught.value.code == code


def test_a_loan_keeps_what_its_policy_says_of_its_product() -> None:
    terms = a_policy(products={"car": {"contribution_by_grade": {"A": "2"}}})
    loan = folded(filled(TENDERS, product="car"))
    assert f.its_own(loan, terms) == terms.of("car")
    loan = folded(f.conclude(loan, "0" * 64, terms), loan)
    assert (loan.policy.version, loan.policy.products) == ("v1.car", {})
    assert f.disburse(loan)[0].contribution_fen == 200_00
    with pytest.raises(Refused, match=Code.PRODUCT_UNKNOWN):
        f.its_own(folded([loan_requested(product="house")]), terms)
    assert f.its_own(folded([REQUEST]), terms) == terms.of(None)


def test_admission_says_what_the_borrower_owes_with_it() -> None:
    [admitted] = admit(owed_fen=10_000_00)(folded([REQUEST, RATED]))
    assert isinstance(admitted, e.LoanAdmitted)
    assert (admitted.owed_with_it_fen, admitted.law_table) == (20_000_00, "law")


def test_a_refused_project_may_be_published_again() -> None:
    loan = folded(PUBLISHED[:-1])
    loan = folded(f.answer_project(loan, "E1"), loan)
    assert loan.status is Status.RATED
    assert admit()(loan)


def test_the_last_secured_tender_fills_the_loan() -> None:
    loan = folded(FILLED[:-2])
    assert loan.status is Status.PUBLISHED
    secured, full = f.secure_tender(loan, "t1", NOON, TODAY)
    assert (secured, full) == (FILLED[-2], FILLED[-1])


def test_a_reserved_tender_alone_fills_nothing() -> None:
    events = [*PUBLISHED, reserved("t0", "lucy", 6_000_00), reserved("t1", "max", 4_000_00)]
    [secured] = f.secure_tender(folded(events), "t0", NOON, TODAY)
    assert isinstance(secured, e.TenderSecured)


def test_a_dropped_tender_leaves_room_for_another() -> None:
    events = [*PUBLISHED, reserved("t0", "lucy", 10_000_00)]
    loan = folded(events)
    loan = folded(f.drop_tender(loan, "t0"), loan)
    assert f.reserve_tender(loan, "t1", "max", 10_000_00, None)


def test_the_contract_names_each_party_once_and_keeps_the_policy() -> None:
    events = filled({"t0": ("lucy", 1), "t1": ("max", 1), "t2": ("lucy", 1)})
    concluded = only(e.LoanConcluded, f.conclude(folded(events), "0" * 64, a_policy()))
    assert concluded.parties == ("bob", "lucy", "max")
    assert (concluded.concluded_at, concluded.concluded_on) == (NOON, TODAY)
    assert concluded.policy == a_policy()


def test_fee_and_contribution_together_are_the_service_fee() -> None:
    requested = only(e.DisbursementRequested, DISBURSING)
    assert (requested.entry_id, requested.fee_fen, requested.contribution_fen) == (
        "D-L1-1",
        200_00,
        100_00,
    )


def test_a_rejected_disbursement_is_tried_again_under_another_id() -> None:
    loan = folded(DISBURSING)
    loan = folded(f.reject_disbursement(loan, "E1"), loan)
    assert loan.status is Status.CONCLUDED
    assert f.disburse(loan)[0].entry_id == "D-L1-2"


def test_claims_and_schedule_begin_with_the_money() -> None:
    disbursed = only(e.LoanDisbursed, DISBURSED)
    assert disbursed.claims == (Claim("t0", "lucy", 6_000_00), Claim("t1", "max", 4_000_00))
    assert disbursed.schedule[0] == Row(1, date(2018, 2, 28), 788_49, 100_00)
    assert disbursed.schedule[-1] == Row(12, date(2019, 1, 31), 879_67, 8_80)
    assert folded(DISBURSED).unbilled == (6_000_00, 4_000_00)


@pytest.mark.parametrize(
    ("start", "months", "day"),
    [
        (date(2018, 1, 31), 1, date(2018, 2, 28)),
        (date(2018, 1, 31), 2, date(2018, 3, 31)),
        (date(2020, 1, 30), 1, date(2020, 2, 29)),
        (date(2018, 12, 15), 1, date(2019, 1, 15)),
        (date(2018, 11, 30), 3, date(2019, 2, 28)),
        (date(2018, 1, 1), 600, date(2068, 1, 1)),
    ],
)
def test_due_days_stay_on_their_day_of_the_month(start: date, months: int, day: date) -> None:
    assert f.months_after(start, months) == day


@pytest.mark.parametrize(
    "impossible",
    [
        lambda: f.secure_tender(
            folded([*FILLED, e.LoanMiscarried(loan_id="L1", secured_fen=0)]), "t0", NOON, TODAY
        ),
        lambda: f.conclude(Loan(Status.FILLED, REQUEST), "0" * 64, a_policy()),
        lambda: f.reject_disbursement(Loan(Status.DISBURSING, REQUEST), "E1"),
    ],
)
def test_a_bug_stops(impossible: Callable[[], Any]) -> None:
    with pytest.raises(InvariantBroken):
        impossible()


@pytest.mark.parametrize(
    "versions",
    [(), (a_policy(valid_until=date(2018, 1, 30)),), (a_policy(valid_from=date(2018, 2, 1)),)],
)
def test_a_loan_that_no_policy_can_conclude_any_more_miscarries(
    versions: Sequence[PolicyTerms],
) -> None:
    asked = miscarry(date(2018, 2, 1), *versions)
    assert asked(folded(FILLED)) == (e.LoanMiscarried(loan_id="L1", secured_fen=10_000_00),)
