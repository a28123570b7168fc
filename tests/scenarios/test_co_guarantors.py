"""Two guarantors of two loans (共同保证), on a whole platform: of one each stands for the whole and
they bear it together, of the other each stands for his share, and one of them breaks his word."""

from __future__ import annotations

from contextlib import closing
from datetime import date

from adapters.read_models.reading import ReadModels
from domain import commands as c
from domain import guarantee as g
from domain.accounts import Role
from domain.authorisation import Kind
from domain.loan import Status
from domain.loan_guarantee import Contribution
from domain.payout_plan import BucketPeriod
from domain.policy import Provider
from domain.schedule import Method
from services.projections.projector import Projector
from services.proof.verify import verify
from tests.exemplars import only
from tests.house import House

CONFIRMED = date(2018, 3, 1)
BREACHED = date(2018, 3, 9)
TOGETHER = {"contribution": Contribution.SAME_DOCUMENT}


def test_two_guarantors_the_reserve_in_ones_place_and_all_have_back_what_they_gave(
    house: House,
) -> None:
    house.open(
        policy={
            "providers": (Provider.GUARANTOR, Provider.RESERVE),
            "trigger_days": 0,
            "bucket": BucketPeriod.DAY,
            "fee_by_grade": {},
            "contribution_by_grade": {},
            "penalty_bands": "1-:0",
        }
    )
    house.member("bob", Role.BORROWER)
    house.member("lucy", Role.INVESTOR, 2_000_00)
    for guarantor_id in ("gus", "ned"):
        house.guarantor(guarantor_id, 5_000_00, limit_fen=1_600_00)
    house.seed(2_000_00)
    terms = {"periods": 1, "method": Method.BULLET}
    house.rated("L0", "bob", 600_01, guarantors={"gus": {"share_bp": 9_999}})
    deadline = date(2018, 2, 7)
    publish = {"loan_id": "L0", "deadline": deadline}
    assert house.refused(c.PublishLoan, **publish) == "guarantee_not_whole"
    for loan_id, guarantors in (
        ("L1", {"gus": TOGETHER, "ned": TOGETHER}),
        ("L2", {"gus": {"share_bp": 6_000}, "ned": {"share_bp": 4_000}}),
    ):
        house.lend(loan_id, "bob", {"lucy": 1_000_00}, guarantors=guarantors, **terms)
    house.do(c.GuaranteeLoan, loan_id="L0", guarantor_id="ned")
    assert house.refused(c.PublishLoan, **publish) == "guarantee_above_limit"  # gus has 1,600.00.

    # Ned has authorised it: the day end advances for him. Of L1 that frees gus.
    authorised = {"kind": Kind.COMPENSATORY, "ends_on": BREACHED, "limit_fen": 1_010_00}
    house.do(c.RequestAuthorisation, member_id="ned", **authorised)
    house.do(c.ConfirmAuthorisation, member_id="ned", number=1)
    house.roll_to(CONFIRMED)
    opened = [(e.guarantor_id, e.claim_id, e.amount_fen) for e in house.of(g.ObligationOpened)]
    assert opened == [
        ("gus", "L1.1", 1_010_00),
        ("ned", "L1.1", 1_010_00),
        ("gus", "L2.1", 606_00),
        ("ned", "L2.1", 404_00),
    ]
    asked = [(e.guarantor_id, e.claim_id, e.amount_fen) for e in house.of(g.AdvanceRequested)]
    assert asked == [("ned", "L1.1", 1_010_00), ("ned", "L2.1", 404_00)]
    house.settle_all()
    assert only(g.ObligationDropped, house.events()).claim_id == "L1.1"
    assert only(g.RecourseArose, house.events()).amount_fen == 505_00
    first = {"loan_id": "L1", "period": 1}
    again = {"advance_id": "a9", "guarantor_id": "gus"}
    assert house.refused(c.RequestAdvance, **again, **first) == "nothing_to_advance"

    # Gus breaks his word on his share of L2: the reserve pays it in his place.
    house.roll_to(BREACHED)
    breached = only(g.ObligationBreached, house.events())
    assert (breached.guarantor_id, breached.amount_fen) == ("gus", 606_00)
    assert breached.next_payer is Provider.RESERVE
    house.settle_all()
    assert house.available("lucy:investor") == 2_020_00
    assert house.available("platform:reserve") == 1_394_00
    owes = house.of(g.RecourseArose)[1]
    assert (owes.guarantor_id, owes.claim_id, owes.to, owes.amount_fen) == (
        "gus",
        "L2.1",
        None,
        606_00,
    )

    # Bob pays some of L2, to both who hold it; gus then pays what is left of each.
    house.recharge("bob", Role.BORROWER, 2_020_00)
    house.repay("p1", "L2", 510_00)
    house.settle_all()
    reserve_fen = house.available("platform:reserve") - 1_394_00
    by_gus = {"guarantor_id": "gus", "loan_id": "L2", "period": 1}
    nobody = house.refused(c.ReimburseAdvance, reimbursement_id="r9", to="ned", **by_gus)
    assert nobody == "nothing_to_reimburse"
    house.do(c.ReimburseAdvance, reimbursement_id="r0", **by_gus)
    house.repay("p2", "L2", 1_00)  # Held until it is known.
    house.reject("GR-r0")
    house.settle_all()
    house.do(c.ReimburseAdvance, reimbursement_id="r1", **by_gus)
    house.do(c.ReimburseAdvance, reimbursement_id="r2", **by_gus | {"loan_id": "L1"}, to="ned")
    house.settle_all()
    paid = {each.reimbursement_id: each.amount_fen for each in house.of(g.Reimbursed)}
    assert paid["r2"] == 505_00
    assert 0 < paid["r1"] <= 606_00 - reserve_fen
    assert house.available("platform:reserve") == 2_000_00
    twice = house.refused(c.ReimburseAdvance, reimbursement_id="r3", **by_gus)
    assert twice == "nothing_to_reimburse"
    with Projector(house.url, house.platform) as projector:
        projector.catch_up()
    with closing(ReadModels(house.url, house.platform)) as views:
        shown = views.guarantor("gus").value
    assert shown.guarantor.reimbursed_fen == sum(paid.values())
    assert [(each.to_account, each.owed_fen, each.reimbursed_fen) for each in shown.recourse] == [
        ("ned:guarantor", 0, 505_00),
        ("platform:reserve", 0, paid["r1"]),
    ]

    # What bob pays now comes back to whoever holds each claim: all have what they gave.
    house.repay("p3", "L2", 499_00)
    house.repay("p4", "L1", 1_010_00)
    house.settle_all()
    assert {house.loan(loan_id).status for loan_id in ("L1", "L2")} == {Status.SETTLED}
    assert house.available("gus:guarantor") == house.available("ned:guarantor") == 5_000_00
    assert house.available("platform:reserve") == 2_000_00
    assert house.available("bob:borrower") == 2_000_00
    report = verify(house.url, house.platform)
    wrong = [each for each in report.findings if not each.ok]
    assert {each.name for each in wrong} <= {"mirror", "bank_word", "reconciled_days"}, wrong
    [finding] = [each for each in report.findings if each.name == "guarantees"]
    assert (finding.looked_at["recourse"], finding.looked_at["reimbursements"]) == (2, 2)
    with Projector(house.url, house.platform) as projector:
        projector.catch_up()
        assert all(projector.compare().values())
