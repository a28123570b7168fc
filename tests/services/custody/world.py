"""A log that a test writes, a bank and a writer of a few lines, and events as a test wants them."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from adapters.chaining import Chain, Told
from adapters.codec import GENESIS, Circumstances, data_from
from adapters.commanding import Outcome, Receipt
from adapters.event_log import Batch, Head, open_recorder, prepare_shard
from adapters.vault import VaultUnreadable
from domain.accounts import OUTSIDE, RESERVE_ACCOUNT, Role
from domain.cashbook import EntryRequested, Movement, holds
from domain.commands import Command
from domain.loan_events import LoanAdmitted, LoanDisbursed, LoanMiscarried, LoanRequested
from domain.member import BindingConfirmed, BindingRequested, MemberRegistered, UnbindingRequested
from domain.model import Event
from domain.ports import (
    BankAnswer,
    BankBalance,
    BankNotice,
    BankOutcome,
    BankRequest,
    BankStatement,
    CustodianUntrusted,
    ReturnedWithdrawal,
)
from domain.purposes import Purpose
from domain.schedule import Method

PLATFORM = "p2p"
DAY = date(2018, 1, 5)
NOON = datetime(2018, 1, 5, 4, tzinfo=UTC)  # Noon in Shanghai.
FIVE_SECONDS = timedelta(seconds=5)
SUCCEEDED = BankAnswer(BankOutcome.SUCCEEDED, bank_date=DAY)
REFUSED = BankAnswer(BankOutcome.REFUSED, "100014")
PENDING = BankAnswer(BankOutcome.PENDING)
UNKNOWN = BankAnswer(BankOutcome.UNKNOWN, "timeout")
CLOSED = BankAnswer(BankOutcome.CLOSED, "100005")
NOT_FOUND = BankAnswer(BankOutcome.NOT_FOUND, "100007")


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
        before, end = (Head(0, at, 0, 0, 0, 0) for at in (self.position, after))
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


# -- events -----------------------------------------------------------------------------


def registered(member_id: str, *roles: Role) -> MemberRegistered:
    return MemberRegistered(
        member_id=member_id,
        kind="person",
        roles=roles or (Role.INVESTOR,),
        identity_ref=f"identity-{member_id}",
        identity_digest="d",
        related_party=False,
        lawful_business=False,
    )


def binding(member_id: str, binding_id: str = "b1") -> BindingRequested:
    return BindingRequested(
        member_id=member_id,
        role=Role.INVESTOR,
        binding_id=binding_id,
        card_ref=f"card-{member_id}-{binding_id}",
    )


def unbinding(member_id: str, binding_id: str = "b1") -> UnbindingRequested:
    return UnbindingRequested(member_id=member_id, binding_id=binding_id)


def bound(member_id: str, binding_id: str = "b1") -> BindingConfirmed:
    return BindingConfirmed(member_id=member_id, binding_id=binding_id, usable_from=DAY)


def member_with_card(member_id: str) -> tuple[Event, ...]:
    return registered(member_id), binding(member_id), bound(member_id)


def loan(loan_id: str) -> tuple[Event, Event]:
    requested = LoanRequested(
        loan_id=loan_id,
        borrower_id="bob",
        amount_fen=100_000,
        annual_rate="12",
        periods=3,
        method=Method.BULLET,
        purpose="stock",
    )
    return requested, admitted(loan_id)


def admitted(loan_id: str) -> LoanAdmitted:
    return LoanAdmitted(loan_id=loan_id, deadline=DAY, law_table="t", owed_with_it_fen=1)


def disbursed(loan_id: str) -> LoanDisbursed:
    return LoanDisbursed(loan_id=loan_id, disbursed_on=DAY, claims=(), schedule=())


def miscarried(loan_id: str) -> LoanMiscarried:
    return LoanMiscarried(loan_id=loan_id, secured_fen=0)


def entry(
    entry_id: str, subject: str, *movements: Movement, reference: str = "x"
) -> EntryRequested:
    return EntryRequested(
        entry_id=entry_id,
        purpose=movements[0].purpose,
        subject=subject,
        reference=reference,
        movements=movements,
        legs=holds(movements),
    )


def recharge(number: str, member_id: str = "ann", fen: int = 500) -> EntryRequested:
    return entry(
        f"C-{number}",
        member_id,
        Movement(
            id=f"C-{number}.1",
            purpose=Purpose.RECHARGE,
            payer=OUTSIDE,
            payee=f"{member_id}:investor",
            amount_fen=fen,
        ),
    )


def withdrawal(number: str, member_id: str = "ann", binding_id: str = "b1") -> EntryRequested:
    moved = Movement(
        id=f"W-{number}.1",
        purpose=Purpose.WITHDRAWAL,
        payer=f"{member_id}:investor",
        payee=OUTSIDE,
        amount_fen=300,
    )
    return entry(f"W-{number}", member_id, moved, reference=binding_id)


def tender(number: str, loan_id: str = "L1") -> EntryRequested:
    frozen = Movement(
        id=f"T-{number}.1",
        purpose=Purpose.TENDER,
        payer="ann:investor",
        payee="ann:investor",
        amount_fen=100,
    )
    return entry(f"T-{number}", loan_id, frozen, reference=number)


def release(number: str, loan_id: str = "L1") -> EntryRequested:
    freed = Movement(
        id=f"X-{number}.1",
        purpose=Purpose.TENDER_RELEASE,
        payer="ann:investor",
        payee="ann:investor",
        amount_fen=100,
        freeze=f"T-{number}.1",
    )
    return entry(f"X-{number}", loan_id, freed, reference=number)


def disbursement(loan_id: str = "L1", tenders: Sequence[str] = ("1", "2")) -> EntryRequested:
    entry_id = f"D-{loan_id}-1"
    moved = [
        Movement(
            id=f"{entry_id}.{n}",
            purpose=Purpose.DISBURSEMENT,
            payer="ann:investor",
            payee="bob:borrower",
            amount_fen=100,
            freeze=f"T-{number}.1",
        )
        for n, number in enumerate(tenders, start=1)
    ]
    contribution = Movement(
        id=f"{entry_id}.{len(moved) + 1}",
        purpose=Purpose.RESERVE_CONTRIBUTION,
        payer="bob:borrower",
        payee=RESERVE_ACCOUNT,
        amount_fen=7,
    )
    return entry(entry_id, loan_id, *moved, contribution)


def hold(number: str, loan_id: str = "L1") -> EntryRequested:
    held = Movement(
        id=f"H-{number}.1",
        purpose=Purpose.REPAYMENT_HOLD,
        payer="bob:borrower",
        payee="bob:borrower",
        amount_fen=50,
    )
    return entry(f"H-{number}", loan_id, held, reference=number)


def notice(
    request_no: str, outcome: BankOutcome = BankOutcome.SUCCEEDED, **more: str
) -> dict[str, str]:
    return {"sign": "good", "no": request_no, "outcome": outcome.value, **more}


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
