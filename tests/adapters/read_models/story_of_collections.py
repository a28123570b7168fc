"""Two borrowers who are late: called, sued, and paying in part."""

from __future__ import annotations

from datetime import UTC, date, datetime

from domain import commands as c
from domain.collection_events import LawsuitStep
from domain.collection_rules import Stage, StageFrom
from domain.conduct import Means, Party
from domain.conduct import Outcome as Contacted
from tests.adapters.read_models.teller import Teller


def collected(teller: Teller) -> None:
    """Both borrowers are late, and promise to pay."""
    teller.tell(
        c.SetCollectionRules,
        valid_from=teller.today,
        conduct_table="none",
        stages=(StageFrom(Stage.ACTION, 1),),
    )
    for borrower_id, pay_by in (("B1", date(2024, 4, 30)), ("B2", teller.today)):
        teller.tell(c.AssessCase, borrower_id=borrower_id)
        teller.tell(
            c.RecordPromise,
            borrower_id=borrower_id,
            promise_id="p1",
            amount_fen=1_000,
            pay_by=pay_by,
        )


def sued(teller: Teller) -> None:
    case = {"borrower_id": "B2"}
    for number in (1, 2):
        teller.tell(
            c.RecordCollectionAction,
            **case,
            action_id=f"a{number}",
            means=Means.CALL,
            party=Party.DEBTOR,
            at=datetime(2024, 4, 4, 2, tzinfo=UTC),
            outcome=Contacted.REACHED,
            note=None if number == 1 else "busy",
        )
    teller.tell(c.HandOverCase, **case, agency_id="x")
    teller.tell(c.TakeBackCase, **case)
    for number in (1, 2):
        for step in LawsuitStep:
            if number == 2 and step is not LawsuitStep.FILED:
                break
            teller.tell(
                c.RecordLawsuit,
                **case,
                lawsuit_id=f"s{number}",
                step=step,
                on=teller.today,
                document_hash="0" * 64,
                loan_id="L4" if step is LawsuitStep.FILED else None,
                court_costs_fen=500 if step is LawsuitStep.JUDGED else 0,
            )
    teller.repay("p11", "L4", 300)  # Of the costs alone.
    teller.settle()
