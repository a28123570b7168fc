"""Batches that come, come late, and succeed in part: what is ordered, and what is said of it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field

import orjson
import pytest

from adapters.custody.batch_family.client import BatchFamilyBank
from adapters.custody.batch_family.requests import Choices
from domain.bank_requests import Execute
from domain.ports import BankOutcome
from infra.clock import ManualClock
from tests.adapters.custody.batch_family import scenes
from tests.adapters.custody.batch_family.conftest import NOTIFY_URL, Message, ScriptedBank, started

DAY = "20180105"


@dataclass
class Ledger:
    """What a bank remembers of batches: by number, and each line's state."""

    batches: dict[str, Message] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    lines: dict[str, tuple[str, Message]] = field(default_factory=dict)  # Order -> number, line.
    fails: set[str] = field(default_factory=set)
    works: bool = True  # Off: what comes stays D.

    def receive(self, message: Message) -> Message:
        number = message["batchNo"]
        if number in self.batches:
            return {"retCode": "JX900016"}
        self.batches[number] = message
        for line in orjson.loads(message["subPacks"]):
            self.lines[line["orderId"]] = (number, line)
        self.states[number] = "S" if self.works else "D"
        return {"received": "success"}

    def status(self, asked: Message) -> Message:
        found = self.lines.get(asked["reqOrderId"])
        if found is None:
            return {"state": "N"}
        return {"state": "D", "batchNo": found[0], "batchTxDate": DAY}

    def state(self, asked: Message) -> Message:
        return {"batchState": self.states[asked["batchNo"]]}

    def details(self, asked: Message) -> Message:
        lines = [line for number, line in self.lines.values() if number == asked["batchNo"]]
        start = (int(asked["pageNum"]) - 1) * int(asked["pageSize"])
        told = [self._told(line) for line in lines[start : start + int(asked["pageSize"])]]
        return {"subPacks": orjson.dumps(told).decode()}

    def _told(self, line: Message) -> Message:
        told = {"orderId": line["orderId"], "txAmount": line["txAmount"], "relDate": DAY}
        if line["orderId"] in self.fails:
            return told | {"txState": "F", "failCode": "CA100014"}
        return told | {"txState": "S"}


@pytest.fixture
def ledger(scripted: ScriptedBank) -> Ledger:
    ledger = Ledger()
    for service in ("batchLendPay", "batchRepay", "batchRepayBail", "batchBailRepay"):
        scripted.replies[service] = ledger.receive
    scripted.replies["transactionStatusQuery"] = ledger.status
    scripted.replies["batchQuery"] = ledger.state
    scripted.replies["batchDetailsQuery"] = ledger.details
    return ledger


def ordered(scripted: ScriptedBank) -> list[list[str]]:
    """The order numbers of each batch that was sent."""
    return [
        [line["orderId"] for line in orjson.loads(each["subPacks"])]
        for each in scripted.got
        if "subPacks" in each
    ]


def test_a_batch_is_taken_and_every_line_is_done(
    ledger: Ledger, custodian: BatchFamilyBank
) -> None:
    request = scenes.DISBURSEMENT
    assert custodian.query(request).outcome is BankOutcome.NOT_FOUND
    assert custodian.send(request).outcome is BankOutcome.PENDING
    (batch,) = ledger.batches.values()
    head = {n: batch[n] for n in ("txCode", "txAmount", "txCounts", "acqRes")}
    assert head == {
        "txCode": "batchLendPay",
        "txAmount": "1000.00",
        "txCounts": "2",
        "acqRes": "R-1",
    }
    assert orjson.loads(batch["subPacks"])[1] == {
        "accountId": f"no-{scenes.BEA}",
        "orderId": "R-1.2",
        "txAmount": "400.00",
        "forAccountId": f"no-{scenes.BOB}",
        "productId": "L1",
        "authCode": "T-2.1",
        "debtFee": "10.00",
        "bailFee": "20.00",
    }
    answer = custodian.query(request)
    assert (answer.outcome, answer.bank_date) == (BankOutcome.SUCCEEDED, scenes.DAY)


def test_interest_is_told_apart_from_principal(ledger: Ledger, custodian: BatchFamilyBank) -> None:
    custodian.send(scenes.TWO_LINES)
    (batch,) = ledger.batches.values()
    first = orjson.loads(batch["subPacks"])[0]
    told = (first["txAmount"], first["intAmount"], first["freezeOrderId"], batch["txAmount"])
    assert told == ("4.00", "0.50", "H-1.1", "7.00")


def test_both_legs_of_an_advance_ride_on_a_line_and_are_ordered_again_together(
    ledger: Ledger, custodian: BatchFamilyBank
) -> None:
    ledger.fails = {"R-1.3"}
    custodian.send(scenes.ADVANCE)
    assert custodian.query(scenes.ADVANCE).outcome is BankOutcome.PARTIAL
    custodian.send(scenes.ADVANCE)
    whole, again = (orjson.loads(each["subPacks"]) for each in ledger.batches.values())
    assert whole[0] == {
        "accountId": f"no-{scenes.GUS}",
        "orderId": "R-1.1",
        "txAmount": "4.00",
        "intAmount": "0.50",
        "debtAccountId": f"no-{scenes.BOB}",
        "debtOrderId": "R-1.2",
        "forAccountId": f"no-{scenes.ANN}",
        "productId": "L1",
        "freezeOrderId": "GH-1.1",
    }
    assert [(line["orderId"], line["debtOrderId"]) for line in again] == [("R-1.3~2", "R-1.4~2")]
    assert custodian.query(scenes.ADVANCE).outcome is BankOutcome.SUCCEEDED


def test_what_is_sent_again_while_the_bank_has_it_is_not_ordered_again(
    ledger: Ledger, scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    ledger.works = False
    for _ in range(2):
        assert custodian.send(scenes.TWO_LINES).outcome is BankOutcome.PENDING
    assert ordered(scripted) == [["R-1.1", "R-1.2"]]


def test_of_a_batch_that_succeeded_in_part_the_rest_is_ordered_again(
    ledger: Ledger, scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    ledger.fails = {"R-1.2", "R-1.2~2"}
    custodian.send(scenes.TWO_LINES)
    answer = custodian.query(scenes.TWO_LINES)
    assert (answer.outcome, answer.code) == (BankOutcome.PARTIAL, "CA100014")
    for _ in range(2):
        assert custodian.send(scenes.TWO_LINES).outcome is BankOutcome.PENDING
    assert ordered(scripted) == [["R-1.1", "R-1.2"], ["R-1.2~2"], ["R-1.2~3"]]
    assert custodian.query(scenes.TWO_LINES).outcome is BankOutcome.SUCCEEDED


def test_a_batch_of_which_no_line_was_done_is_refused_and_nothing_is_ordered_again(
    ledger: Ledger, scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    ledger.fails = {"R-1.1", "R-1.2"}
    custodian.send(scenes.TWO_LINES)
    for answer in (custodian.query(scenes.TWO_LINES), custodian.send(scenes.TWO_LINES)):
        assert (answer.outcome, answer.code) == (BankOutcome.REFUSED, "CA100014")
    assert len(ordered(scripted)) == 1


def test_a_line_that_fails_for_ever_is_not_ordered_for_ever(
    ledger: Ledger, scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    ledger.fails = {"R-1.2", *(f"R-1.2~{n}" for n in range(2, 20))}
    for _ in range(12):
        answer = custodian.send(scenes.TWO_LINES)
    assert (answer.outcome, answer.code) == (BankOutcome.UNKNOWN, "partly_done")
    assert len(ordered(scripted)) == 9


def test_who_allows_more_attempts_has_the_next_one_ordered(
    ledger: Ledger, scripted: ScriptedBank, custodian: BatchFamilyBank, clock: ManualClock
) -> None:
    """By a person, who put right at the bank why the line failed; what is done stays done."""
    ledger.fails = {"R-1.2", *(f"R-1.2~{n}" for n in range(2, 10))}
    for _ in range(12):
        custodian.send(scenes.TWO_LINES)
    more = Choices(NOTIFY_URL, line_attempts=10)
    with closing(started(scripted, clock, more)) as allowed:
        assert allowed.query(scenes.TWO_LINES).outcome is BankOutcome.PARTIAL
        assert allowed.send(scenes.TWO_LINES).outcome is BankOutcome.PENDING
        assert ordered(scripted)[-1] == ["R-1.2~10"]
        assert allowed.query(scenes.TWO_LINES).outcome is BankOutcome.SUCCEEDED


def test_two_parts_of_a_request_are_one_outcome(
    ledger: Ledger, scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    request = scenes.REPAYMENT
    ledger.fails = {"R-1.2"}
    assert custodian.send(request).outcome is BankOutcome.PENDING
    assert ordered(scripted) == [["R-1.1"], ["R-1.2"]]
    assert custodian.query(request).outcome is BankOutcome.PARTIAL
    custodian.send(request)
    assert ordered(scripted)[2:] == [["R-1.2~2"]]
    assert custodian.query(request).outcome is BankOutcome.SUCCEEDED


def test_two_parts_of_which_none_was_done_are_refused(
    ledger: Ledger, custodian: BatchFamilyBank
) -> None:
    ledger.fails = {"R-1.1", "R-1.2"}
    custodian.send(scenes.REPAYMENT)
    assert custodian.query(scenes.REPAYMENT).outcome is BankOutcome.REFUSED


def test_a_part_that_was_never_ordered_is_ordered_alone(
    ledger: Ledger, scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    """As after a crash between the two."""
    scripted.says("batchRepayBail", {"retCode": "CE999999"})
    assert custodian.send(scenes.REPAYMENT).outcome is BankOutcome.UNKNOWN
    assert custodian.query(scenes.REPAYMENT).outcome is BankOutcome.PARTIAL
    scripted.replies["batchRepayBail"] = ledger.receive
    custodian.send(scenes.REPAYMENT)
    assert ordered(scripted) == [["R-1.1"], ["R-1.2"], ["R-1.2"]]
    assert custodian.query(scenes.REPAYMENT).outcome is BankOutcome.SUCCEEDED


def test_a_number_that_the_day_has_for_another_batch_is_passed_over(
    ledger: Ledger, scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    custodian.send(scenes.TWO_LINES)
    (number,) = ledger.batches
    ledger.lines.clear()  # As if it held the lines of another request.
    assert custodian.send(scenes.TWO_LINES).outcome is BankOutcome.PENDING
    assert len(ledger.batches) == 2
    assert [each["batchNo"] for each in scripted.sent("batchRepay")][:2] == [number, number]


def test_a_number_that_the_day_has_for_this_very_batch_means_that_it_arrived(
    ledger: Ledger, scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    custodian.send(scenes.TWO_LINES)
    answers = [{"state": "N"}]  # It came between the question and the order.
    scripted.replies["transactionStatusQuery"] = lambda asked: (
        answers.pop() if answers else ledger.status(asked)
    )
    assert custodian.send(scenes.TWO_LINES).outcome is BankOutcome.PENDING
    assert len(ledger.batches) == 1


@pytest.mark.parametrize("wrong", ["amount", "lines", "state", "unended"])
def test_a_batch_that_is_not_ours_as_it_was_is_a_contradiction(
    ledger: Ledger, scripted: ScriptedBank, custodian: BatchFamilyBank, wrong: str
) -> None:
    custodian.send(scenes.TWO_LINES)
    number, line = ledger.lines["R-1.1"]
    if wrong == "amount":
        ledger.lines["R-1.1"] = (number, line | {"txAmount": "4.01"})
    elif wrong == "lines":
        ledger.lines["R-9.1"] = (number, line | {"orderId": "R-9.1"})
    elif wrong == "state":
        ledger.states[number] = "Z"
    else:
        told = [{"orderId": no, "txAmount": "1.00", "txState": "D"} for no in ("R-1.1", "R-1.2")]
        scripted.says("batchDetailsQuery", {"subPacks": orjson.dumps(told).decode()})
    answer = custodian.query(scenes.TWO_LINES)
    assert (answer.outcome, answer.code) == (BankOutcome.UNKNOWN, "contradiction")


def test_the_banks_no_to_the_whole_batch_is_a_refusal(
    ledger: Ledger, scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    scripted.says("batchRepay", {"retCode": "CA100008"})
    answer = custodian.send(scenes.TWO_LINES)
    assert (answer.outcome, answer.code) == (BankOutcome.REFUSED, "CA100008")
    assert not ledger.batches


def test_a_large_batch_is_looked_at_page_by_page(
    ledger: Ledger, scripted: ScriptedBank, custodian: BatchFamilyBank
) -> None:
    legs = tuple(scenes.repaid(number, scenes.ANN, 10) for number in range(1, 1_001))
    request = Execute("R-1", legs[0].purpose, "L1", legs)
    custodian.send(request)
    assert custodian.query(request).outcome is BankOutcome.SUCCEEDED
    assert [each["pageNum"] for each in scripted.sent("batchDetailsQuery")] == ["1", "2", "3"]


def test_nothing_is_remembered_so_that_another_start_finds_the_same(
    ledger: Ledger, scripted: ScriptedBank, custodian: BatchFamilyBank, clock: ManualClock
) -> None:
    ledger.fails = {"R-1.2"}
    custodian.send(scenes.TWO_LINES)
    with closing(started(scripted, clock)) as other:
        assert other.query(scenes.TWO_LINES).outcome is BankOutcome.PARTIAL
