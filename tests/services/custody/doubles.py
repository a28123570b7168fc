"""What stands around custody, in a few lines each: a log that tests write, a writer, banks."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from adapters.chaining import Chain, Told
from adapters.codec import GENESIS, Circumstances, data_from
from adapters.commanding import Outcome, Receipt
from adapters.event_log import Batch, Head, open_recorder, prepare_shard
from adapters.vault import VaultUnreadable
from domain.bank_requests import BankRequest
from domain.bank_statement import BankBalance, BankStatement
from domain.commands import Command
from domain.model import Event
from domain.ports import BankAnswer, BankNotice, BankOutcome, CustodianUntrusted, ReturnedWithdrawal
from tests.services.custody.world import CLOSED, DAY, NOON, NOT_FOUND, SUCCEEDED, UNKNOWN


class LogWriter:
    """Puts events at the end of a real log."""

    def __init__(self, url: str, platform: str) -> None:
        prepare_shard(url, platform)
        self._recorder = open_recorder(url, platform)
        self._numbers = itertools.count(1)
        self.position = 0

    def append(self, *events: Event) -> None:
        opening = Circumstances(NOON.isoformat(), DAY.isoformat(), "c1", "k1", "test").opening()
        after = self.position + len(events)
        told = Told(
            opening,
            [(f"test-{next(self._numbers)}", 1, event.TOPIC, data_from(event)) for event in events],
        )
        before, end = (Head(0, at, 0, 0, 0, 0, 0) for at in (self.position, after))
        batch = Batch(before, end, [told], (), (), (), (), (), (), (), NOON)
        chain = Chain(self.position, GENESIS)
        self._recorder.insert_events([], batch=batch, chain=chain)
        self.position = after

    def close(self) -> None:
        self._recorder.datastore.close()


class Vault:
    def __init__(self) -> None:
        self.erased: set[str] = set()

    def open(self, ref: str) -> Mapping[str, str]:
        if ref in self.erased:
            raise VaultUnreadable(ref)
        return {
            "name": "某人",
            "id_no": "110101199001011234",
            "phone": "13800000000",
            "card_no": f"6222000011112222{len(ref):03}",
            "bank_code": "ICBC",
        }


class Writer:
    """Takes commands as the real one does: an id once."""

    def __init__(self) -> None:
        self.taken: dict[str, Command] = {}
        self.refuse: set[str] = set()
        self.on_command: Callable[[Command], None] = lambda _: None

    def submit(self, commands: Sequence[Command]) -> list[Receipt]:
        return [self._take(each) for each in commands]

    def _take(self, command: Command) -> Receipt:
        known = self.taken.get(command.id)
        if known is not None:
            assert known == command, "an id was used again with another payload"
            return Receipt(command.id, Outcome.ACCEPTED, replayed=True)
        self.taken[command.id] = command
        if command.id in self.refuse:
            return Receipt(command.id, Outcome.REFUSED, "entry_closed")
        self.on_command(command)
        return Receipt(command.id, Outcome.ACCEPTED)

    @property
    def ids(self) -> list[str]:
        return list(self.taken)


@dataclass
class Bank:
    """Says SUCCEEDED to all, unless told otherwise. A number is done once, as at a real bank."""

    answers: dict[str, list[BankAnswer]] = field(default_factory=dict)  # By number, to sendings.
    queries: dict[str, list[BankAnswer]] = field(default_factory=dict)
    always: BankAnswer = SUCCEEDED
    sent: list[BankRequest] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    during: Callable[[BankRequest], None] = lambda _: None
    while_asked: Callable[[BankRequest], None] = lambda _: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, request: BankRequest) -> BankAnswer:
        with self.lock:
            self.sent.append(request)
            script = self.answers.get(request.request_no)
            answer = script.pop(0) if script else self.always
        self.during(request)
        return answer

    def query(self, request: BankRequest) -> BankAnswer:
        self.while_asked(request)
        with self.lock:
            self.asked.append(request.request_no)
            script = self.queries.get(request.request_no)
            return script.pop(0) if script else UNKNOWN

    @property
    def numbers(self) -> list[str]:
        return [each.request_no for each in self.sent]

    @property
    def times_sent(self) -> Counter[str]:
        return Counter(self.numbers)

    def read_notice(self, form: Mapping[str, str]) -> BankNotice:
        if form.get("sign") != "good":
            raise CustodianUntrusted("sign")
        answer = BankAnswer(BankOutcome(form["outcome"]), form.get("code", ""), bank_date=DAY)
        returned = None
        if "withdrawal" in form:
            returned = ReturnedWithdrawal(
                form["no"], form["withdrawal"], form["account"], int(form["fen"])
            )
        return BankNotice(form["no"], answer, returned)

    def statement(self, bank_date: date) -> BankStatement:
        raise NotImplementedError

    def confirm_statement(self, request_no: str, bank_date: date) -> BankAnswer:
        raise NotImplementedError

    def balances(self, accounts: Sequence[str]) -> Mapping[str, BankBalance]:
        raise NotImplementedError


class FaithfulBank(Bank):
    """Keeps what was done under each number, as a real one does. While it is `down` nothing reaches
    it; while it is `closed` it says so, and does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.done: dict[str, BankRequest] = {}
        self.down = self.closed = False

    def send(self, request: BankRequest) -> BankAnswer:
        with self.lock:
            self.sent.append(request)
            if self.down or self.closed:
                return CLOSED if self.closed else UNKNOWN
            if request.request_no in self.done:
                return BankAnswer(BankOutcome.UNKNOWN, "100013")
            self.done[request.request_no] = request
        self.during(request)
        return SUCCEEDED

    def query(self, request: BankRequest) -> BankAnswer:
        with self.lock:
            self.asked.append(request.request_no)
            if self.down or self.closed:
                return CLOSED if self.closed else UNKNOWN
            return SUCCEEDED if request.request_no in self.done else NOT_FOUND


@dataclass
class Watch:
    outcomes: Counter[BankOutcome] = field(default_factory=Counter)
    told: list[tuple[datetime | None, int]] = field(default_factory=list)
    holds: list[datetime | None] = field(default_factory=list)

    def called(self, outcome: BankOutcome) -> None:
        self.outcomes[outcome] += 1

    def bank(self, *, down_since: datetime | None, held_back: int) -> None:
        self.told.append((down_since, held_back))

    def held(self, since: datetime | None) -> None:
        self.holds.append(since)
