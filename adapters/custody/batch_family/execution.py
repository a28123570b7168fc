"""Carrying out an `Execute` by batches that may succeed in part.

The bank is asked what it has before anything is ordered: found is what it knows by order number,
ordered is only what is missing. Nothing is remembered here, so that a crash leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from adapters.custody.batch_family import codes
from adapters.custody.batch_family.accounts import Accounts
from adapters.custody.batch_family.answers import (
    bank_date,
    failure,
    fen_of,
    require_success,
)
from adapters.custody.batch_family.batches import (
    ORDER_NO_MAX,
    Batch,
    Line,
    batches_of,
    encode_batch,
)
from adapters.custody.batch_family.channel import ONLINE, Call, Channel
from adapters.custody.batch_family.message import Fields, packs
from adapters.custody.batch_family.requests import Choices, encode_query
from adapters.custody.wire import NoAnswer
from domain.bank_requests import Execute
from domain.ports import BankAnswer, BankOutcome

PARTLY_DONE = "partly_done"
_NUMBERS = 20  # Tries for a batch number that is free today.
_PAGE = 500
_WORKING = ("A", "D")
_ENDED = ("S", "F", "C")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the lines of one kind are. `missing`: the batch that is to be ordered next, None
    where all is done; `done`: how many lines are; `refused`: why the last one that failed did."""

    pending: bool
    missing: Batch | None
    done: int = 0
    refused: BankAnswer | None = None
    bank_date: date | None = None


class Execution:
    """Safe to call from several threads."""

    def __init__(self, channel: Channel, accounts: Accounts, choices: Choices) -> None:
        self._channel = channel
        self._accounts = accounts
        self._choices = choices

    def query(self, request: Execute) -> BankAnswer:
        """Raises NoAnswer, NotCarried."""
        return _sum_up([self._progress(batch) for batch in batches_of(request)])

    def send(self, request: Execute) -> BankAnswer:
        """Orders what is missing. Raises NoAnswer, NotCarried."""
        found = [self._progress(batch) for batch in batches_of(request)]
        answer = _sum_up(found)
        if answer.outcome not in (BankOutcome.NOT_FOUND, BankOutcome.PARTIAL):
            return answer
        missing = [each.missing for each in found if each.missing is not None]
        for number, batch in enumerate(missing):
            try:
                refused = self._order(batch)
            except NoAnswer as reason:
                if number and reason.code == codes.CLOSED:
                    raise NoAnswer(PARTLY_DONE, "it has closed when a part was ordered") from None
                raise
            if refused is None:
                continue
            if batch.whole:
                return refused
            raise NoAnswer(refused.code, refused.message)
        return BankAnswer(BankOutcome.PENDING)

    # -- what the bank has ---------------------------------------------------------------

    def _progress(self, batch: Batch) -> Progress:
        done, refused, day = 0, None, None
        while True:
            place = self._place(batch)
            if place is None:
                return Progress(False, batch, done, refused, day)
            state = self._state(place)
            if state in _WORKING:
                return Progress(True, None, done, refused, day)
            records = self._records(batch, place)
            failed: list[Line] = []
            for line, record in zip(batch.lines, records, strict=True):
                day = bank_date(record) or day
                if _is_done(record):
                    done += 1
                else:
                    failed.append(line)
                    refused = failure(record)
            if not failed:
                return Progress(False, None, done, refused, day)
            batch = batch.again(failed)
            if batch.attempt > self._choices.line_attempts:
                raise NoAnswer(PARTLY_DONE, "some lines have failed too often")

    def _place(self, batch: Batch) -> Fields | None:
        """Which batch of the bank's this one is, found by its first order number."""
        told = self._channel.exchange(encode_query(batch.lines[0].order_no))
        require_success(told)
        if told.get("state") == "N":
            return None
        if not told.get("batchNo") or not told.get("batchTxDate"):
            raise NoAnswer("contradiction", "the order is no line of a batch")
        return {name: told[name] for name in ("batchNo", "batchTxDate")}

    def _state(self, place: Fields) -> str:
        told = self._channel.exchange(Call(ONLINE, "batchQuery", place))
        require_success(told)
        state = told.get("batchState", "")
        if state not in (*_WORKING, *_ENDED):
            raise NoAnswer("contradiction", "a batch state that has no clear meaning")
        return state

    def _records(self, batch: Batch, place: Fields) -> list[Fields]:
        """The bank's record of each line, in the lines' order. Raises NoAnswer where they are not
        exactly these."""
        found: dict[str, Fields] = {}
        for page in range(1, len(batch.lines) // _PAGE + 2):
            asked = {**place, "type": "0", "pageNum": str(page), "pageSize": str(_PAGE)}
            told = self._channel.exchange(Call(ONLINE, "batchDetailsQuery", asked))
            require_success(told)
            records = packs(told)
            found |= {record.get("orderId", ""): record for record in records}
            if len(records) < _PAGE:
                break
        if set(found) != {line.order_no for line in batch.lines}:
            raise NoAnswer("contradiction", "the bank's batch has other lines")
        for line in batch.lines:
            record = found[line.order_no]
            if _is_done(record) and fen_of(record, "txAmount") != line.principal_fen:
                raise NoAnswer("contradiction", "a line has another amount")
        return [found[line.order_no] for line in batch.lines]

    # -- ordering ------------------------------------------------------------------------

    def _order(self, batch: Batch) -> BankAnswer | None:
        """None once the bank has it; else its refusal to take it."""
        if any(len(line.order_no) > ORDER_NO_MAX for line in batch.lines):
            raise NoAnswer(PARTLY_DONE, "an order number is too long to be ordered again")
        for try_no in range(_NUMBERS):
            call = encode_batch(batch, batch.number(try_no), self._accounts, self._choices)
            try:
                told = self._channel.exchange(call)
            except NoAnswer as reason:
                if reason.code != codes.DUPLICATE_BATCH:
                    raise
                if self._place(batch) is not None:
                    return None  # The day has this number for this very batch: it had arrived.
                continue
            if told["retCode"] != codes.SUCCESS:
                return BankAnswer(BankOutcome.REFUSED, told["retCode"], told.get("retMsg", ""))
            if told.get("received") != "success":
                raise NoAnswer("contradiction", "no receipt")
            return None
        raise NoAnswer("batch_no", "no free batch number was found")


def _sum_up(found: Sequence[Progress]) -> BankAnswer:
    day = max((each.bank_date for each in found if each.bank_date), default=None)
    if any(each.pending for each in found):
        return BankAnswer(BankOutcome.PENDING)
    missing = [each.missing for each in found if each.missing is not None]
    if not missing:
        return BankAnswer(BankOutcome.SUCCEEDED, bank_date=day)
    refusals = [each.refused for each in found if each.refused is not None]
    if not any(each.done for each in found):
        if not refusals:
            return BankAnswer(BankOutcome.NOT_FOUND)
        if len(refusals) == len(found):
            return refusals[0]
    code = refusals[0].code if refusals else PARTLY_DONE
    return BankAnswer(BankOutcome.PARTIAL, code, "some lines are done, others are not")


def _is_done(record: Fields) -> bool:
    match record.get("txState"):
        case "S":
            return True
        case "F" | "C":
            return False
        case _:
            raise NoAnswer("contradiction", "a line of an ended batch has not ended")
