"""Anything in any order: commands, repeats, the bank's answers, crashes, successors.

Beside the writer runs a small ledger that knows nothing of legs. After each step the balances are
equal to it, every id has one receipt for ever, and at the end the log is whole.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from adapters.commanding import Outcome, Receipt
from adapters.event_log import AppendUnknown, ShardRecorder, WriterFenced
from domain import commands as c
from domain.accounts import Role
from domain.cashbook import BankMovementRecorded, EntryRejected, EntryRequested, EntrySettled
from domain.claims import open_principal_fen
from domain.commands import Command
from domain.model import Event
from domain.payout_plan import BucketPeriod
from domain.policy import Provider
from domain.purposes import Purpose
from domain.refusals import Code
from domain.schedule import Method
from domain.shortfall import Shortfalls
from domain.streams import SHORTFALL
from services.settlement.press import Press
from tests.exemplars import ANN, BEN, NAME, PHONE, a_policy, command
from tests.house import House
from tests.oracles.ledger import Ledger, without_zeros
from tests.services.settlement.failing import AFTER_COMMIT, BEFORE_COMMIT, Broken
from tests.services.settlement.whole import assert_whole

INVESTOR, BORROWER = Role.INVESTOR, Role.BORROWER
POLICY: dict[str, Any] = {
    "bucket": BucketPeriod.DAY,
    "trigger_days": 2,
    "penalty_bands": "1-:1",
    "overdue_fee_bands": "1-:0.5",
    "overdue_claims_assignable": True,
    "assignment_fee": "2",
    "providers": (Provider.GUARANTOR, Provider.RESERVE),
    "advance_working_days": 1,
}
GUARANTEED = "L1"  # By gus, who has money for all of it.

members = st.sampled_from(("m0", "m1", "m2"))
roles = st.sampled_from((INVESTOR, BORROWER))
loan_ids = st.sampled_from(("L0", "L0", "L1", "L2"))
numbers = st.integers(0, 9)
amounts_fen = st.integers(1, 2_000) | st.sampled_from((1, 1_000, 9_999))


def built(kind: type[Command], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(fields).map(lambda drawn: (kind, drawn))


def ids(prefix: str) -> st.SearchStrategy[str]:
    return numbers.map(lambda number: f"{prefix}{number}")


MONEY = (
    built(
        c.RequestRecharge,
        recharge_id=ids("r"),
        member_id=members,
        role=roles,
        amount_fen=amounts_fen,
    ),
    built(
        c.RequestWithdrawal,
        withdrawal_id=ids("w"),
        member_id=members,
        role=roles,
        binding_id=st.sampled_from(("b-investor", "b-borrower")),
        amount_fen=amounts_fen,
    ),
    built(
        c.RecordBankMovement,
        bank_record=ids("x"),
        purpose=st.just(Purpose.BANK_ADJUSTMENT),
        account=st.sampled_from(("m0:investor", "m1:borrower", "platform:reserve")),
        amount_fen=amounts_fen,
        credit=st.booleans(),
        bank_date=st.just(None),  # The day itself, see `_command`.
    ),
    built(c.SeedReserve, seed_id=ids("s"), amount_fen=amounts_fen),
    built(
        c.MoveReserveSurplus,
        surplus_id=ids("z"),
        amount_fen=amounts_fen,
    ),
    built(
        c.ReverseMovement,
        reversal_id=ids("v"),
        movement_id=st.sampled_from(("D-L0-1.2", "D-L0-1.3", "D-L1-1.2", "Z-z1.1", "R-p1.1")),
        amount_fen=st.integers(1, 20),
        reason=st.just("by mistake"),
    ),
    built(
        c.CoverShortfall,
        cover_id=ids("g"),
        entry_id=ids("B-x"),
        amount_fen=st.integers(1, 200),
    ),
)
LOANS = (
    built(
        c.PlaceTender,
        tender_id=ids("t"),
        loan_id=loan_ids,
        investor_id=members,
        amount_fen=amounts_fen,
    ),
    built(
        c.RepayLoan,
        payment_id=ids("p"),
        loan_id=loan_ids,
        amount_fen=amounts_fen,
        in_full=st.booleans(),
    ),
    built(c.DisburseLoan, loan_id=loan_ids),
    built(c.AssessLoan, loan_id=loan_ids),
    built(c.MiscarryLoan, loan_id=loan_ids),
    built(c.RunReservePayouts),
    built(c.ConcludeLoan, loan_id=loan_ids, contract_hash=st.just("0" * 64)),
    *(
        built(
            c.RequestAdvance,
            advance_id=ids("a"),
            guarantor_id=st.just("gus"),
            loan_id=st.just(GUARANTEED),
            period=st.integers(1, 3),
        ),
    )
    * 2,
    built(c.ConfirmOverdue, loan_id=st.just(GUARANTEED), period=st.integers(1, 3)),
)
tenders = st.lists(st.tuples(members, st.integers(1, 900)), min_size=1, max_size=3)
periods = st.integers(1, 3)
methods = st.sampled_from(Method)
HOW_FAR = st.sampled_from(("short", "at bank", "out", "out"))
HOWS = ("well", "well", "well", "twice", "crash", "crash late", "lost", "lost late", "taken over")
drawn_commands = st.lists(st.one_of(*MONEY, *LOANS), min_size=1, max_size=5)


class Machine(RuleBasedStateMachine):
    numbers = itertools.count(1)

    def __init__(self, url: str) -> None:
        super().__init__()
        self.house = House(url, f"p{next(Machine.numbers)}")
        self.ledger = Ledger()
        self.sent: dict[str, Command] = {}
        self.receipts: dict[str, Receipt] = {}
        self.head = 0
        self.checked = 0  # Receipts that were compared with the table.

    def teardown(self) -> None:
        assert_whole(self.house)
        self.house.close()

    # -- sending, and what must come back -------------------------------------------------

    def _command(self, kind: type[Command], /, **fields: Any) -> Command:
        if kind is c.RecordBankMovement:
            fields["bank_date"] = self.house.today
        return command(kind, platform=self.house.platform, **fields)

    def submit(self, batch: Sequence[Command], *, again: bool = False) -> None:
        """`again`: what was answered before may have been stored without our knowing."""
        answers = self.house.writer.submit(batch)
        for sent, answer in zip(batch, answers, strict=True):
            known = self.sent.get(sent.id)
            if known is None:
                self.sent[sent.id] = sent
                self.receipts[sent.id] = answer._replace(replayed=False)
                assert again or not answer.replayed
                self._new(sent, answer)
            elif known == sent:
                assert answer == self.receipts[sent.id]._replace(replayed=True)
            else:
                assert (answer.outcome, answer.code) == (Outcome.REFUSED, Code.COMMAND_ID_REUSED)

    def _new(self, sent: Command, answer: Receipt) -> None:
        if answer.outcome is Outcome.REFUSED:
            assert (answer.first_position, answer.last_position) == (0, 0)
            assert answer.code in set(Code)
            if answer.code == Code.INSUFFICIENT_BALANCE:
                most = "amount_max_fen" if isinstance(sent, c.BuyClaim) else "amount_fen"
                assert self._there(sent) < getattr(sent, most)
            return
        if isinstance(sent, c.RequestWithdrawal | c.PlaceTender):
            assert self._there(sent) >= sent.amount_fen
        if answer.first_position:
            assert answer.first_position == self.head + 1
            events = self.house.log.read(self.head, upto=answer.last_position)
            assert {recorded.cause for recorded in events} == {sent.id}
            self.head += len(events)
            assert self.head == answer.last_position
            for recorded in events:
                self._book(recorded.event)

    def _there(self, sent: Command) -> int:
        match sent:
            case c.RequestWithdrawal():
                return self.ledger.available(f"{sent.member_id}:{sent.role}")
            case c.BuyClaim():
                return self.ledger.available(f"{sent.buyer_id}:investor")
            case c.PlaceTender():
                return self.ledger.available(f"{sent.investor_id}:investor")
            case c.RepayLoan():
                borrower = {"L0": "m0", "L1": "m1", "L2": "m2"}[sent.loan_id]
                return self.ledger.available(f"{borrower}:borrower")
            case c.ReverseMovement() | c.CoverShortfall():
                return self.ledger.available("platform:income")
            case _:
                raise AssertionError(f"{sent.type} needs no balance")

    def _book(self, event: Event) -> None:
        match event:
            case EntryRequested():
                self.ledger.request(event.entry_id, event.movements)
            case EntrySettled():
                self.ledger.settle(event.entry_id)
            case EntryRejected():
                self.ledger.reject(event.entry_id)
            case BankMovementRecorded(movement=m):
                credit = m.payer == "outside"
                self.ledger.bank(m.payee if credit else m.payer, m.amount_fen, credit=credit)

    # -- what happens -----------------------------------------------------------------------

    @initialize(tenders=tenders, periods=periods, method=methods, reserve_fen=st.integers(1, 900))
    def open(self, tenders: Any, periods: int, method: Method, reserve_fen: int) -> None:
        house = self.house
        batch = [
            self._command(c.OpenPlatform, business_date=house.today, law_table="none"),
            self._command(c.PublishPolicy, terms=a_policy(**POLICY)),
            self._command(c.AppointOperators, operators=(ANN.operator, BEN.operator)),
        ]
        for number in range(3):
            member_id = f"m{number}"
            identity = {"kind": "person", "name": NAME, "id_no": f"1234567{number}", "phone": PHONE}
            batch.append(
                self._command(
                    c.RegisterMember, member_id=member_id, roles=(INVESTOR, BORROWER), **identity
                )
            )
            for role in (INVESTOR, BORROWER):
                card = {"card_no": "62220202", "bank_code": "ICBC", "phone": PHONE}
                binding: dict[str, Any] = {"member_id": member_id, "binding_id": f"b-{role}"}
                batch += [
                    self._command(c.ConfirmAccount, member_id=member_id, role=role),
                    self._command(c.BindBankAccount, role=role, **binding, **card),
                    self._command(c.ConfirmBinding, **binding),
                    self._command(
                        c.RequestRecharge,
                        recharge_id=f"first-{member_id}-{role}",
                        member_id=member_id,
                        role=role,
                        amount_fen=5_000,
                    ),
                ]
        batch.append(self._command(c.SeedReserve, seed_id="first", amount_fen=reserve_fen))
        batch += self._guarantor()
        self.submit(batch)
        self.bank_obeys()
        self.lend("L0", tenders, periods, method, "out")

    def _guarantor(self) -> list[Command]:
        who: dict[str, Any] = {"member_id": "gus", "kind": "company", "lawful_business": True}
        money: dict[str, Any] = {"recharge_id": "first-gus", "amount_fen": 1_000_000}
        identity = {"name": NAME, "id_no": "12345679", "phone": PHONE}
        return [
            self._command(c.RegisterMember, roles=(Role.GUARANTOR,), **who, **identity),
            self._command(c.ConfirmAccount, member_id="gus", role=Role.GUARANTOR),
            self._command(c.RequestRecharge, member_id="gus", role=Role.GUARANTOR, **money),
            self._command(c.AppointGuarantor, guarantor_id="gus", limit_fen=1_000_000),
        ]

    @rule(drawn=drawn_commands, how=st.sampled_from(HOWS))
    def ask(self, drawn: Sequence[tuple[type[Command], dict[str, Any]]], how: str) -> None:
        batch = [self._command(kind, **fields) for kind, fields in drawn]
        match how:
            case "twice":
                self.submit([*batch, *batch])
            case "crash":
                self._crash(batch, BEFORE_COMMIT)
            case "crash late":
                self._crash(batch, AFTER_COMMIT)
            case "lost":
                self._fail(BEFORE_COMMIT, AppendUnknown("lost"))
                self.submit(batch, again=True)
            case "lost late":
                self._fail(AFTER_COMMIT, AppendUnknown("lost"))
                self.submit(batch, again=True)
            case "taken over":
                self._take_over(batch)
            case _:
                self.submit(batch)

    @rule(loan_id=loan_ids, tenders=tenders, periods=periods, method=methods, how=HOW_FAR)
    def lend(
        self,
        loan_id: str,
        tenders: Sequence[tuple[str, int]],
        periods: int,
        method: Method,
        how: str,
    ) -> None:
        """A loan that lacks a tender, is on its way to its money, or has it out."""
        borrower_id = f"m{loan_id[1]}"
        batch = [
            self._command(
                c.RequestLoan,
                loan_id=loan_id,
                borrower_id=borrower_id,
                amount_fen=sum(fen for _, fen in tenders),
                annual_rate="24",
                periods=periods,
                method=method,
                purpose="stock",
            ),
            self._command(c.RateLoan, loan_id=loan_id, grade="A"),
            *self._guarantee(loan_id),
            self._command(
                c.PublishLoan, loan_id=loan_id, deadline=self.house.today + timedelta(days=1)
            ),
            self._command(c.ConfirmProject, loan_id=loan_id),
        ]
        for number, (investor_id, fen) in enumerate(tenders):
            other = investor_id if investor_id != borrower_id else f"m{(int(loan_id[1]) + 1) % 3}"
            batch.append(
                self._command(
                    c.PlaceTender,
                    tender_id=f"{loan_id}-{number}",
                    loan_id=loan_id,
                    investor_id=other,
                    amount_fen=fen,
                )
            )
        self.submit(batch[:-1] if how == "short" else batch)
        frozen = [entry for entry in self.ledger.waiting if entry.startswith(f"T-{loan_id}-")]
        self._answer(dict.fromkeys(frozen, True))
        self.submit(
            [
                self._command(c.ConcludeLoan, loan_id=loan_id, contract_hash="0" * 64),
                self._command(c.DisburseLoan, loan_id=loan_id),
            ]
        )
        if how == "out" and f"D-{loan_id}-1" in self.ledger.waiting:
            self._answer({f"D-{loan_id}-1": True})

    def _guarantee(self, loan_id: str) -> list[Command]:
        if loan_id != GUARANTEED:
            return []
        return [self._command(c.GuaranteeLoan, loan_id=loan_id, guarantor_id="gus")]

    @rule(loan_id=loan_ids, fen=st.integers(1, 3_000), in_full=st.booleans(), well=st.booleans())
    def repay(self, loan_id: str, fen: int, *, in_full: bool, well: bool) -> None:
        """The borrower has the money, the bank freezes it; what follows is open."""
        number = len(self.sent)
        recharge = self._command(
            c.RequestRecharge,
            recharge_id=f"for-{number}",
            member_id=f"m{loan_id[1]}",
            role=BORROWER,
            amount_fen=fen,
        )
        self.submit([recharge])
        self._answer({f"C-for-{number}": True})
        payment = self._command(
            c.RepayLoan, payment_id=f"q{number}", loan_id=loan_id, amount_fen=fen, in_full=in_full
        )
        self.submit([payment])
        if f"H-q{number}" in self.ledger.waiting:
            self._answer({f"H-q{number}": well})

    @rule(
        data=st.data(),
        loan_id=loan_ids,
        part=st.sampled_from((1, 1, 2, 3)),
        price_fen=st.integers(1, 900),
        well=st.sampled_from((True, True, False, None)),
    )
    def sell_a_claim(
        self,
        data: st.DataObject,
        loan_id: str,
        part: int,
        price_fen: int,
        *,
        well: bool | None,
    ) -> None:
        """By its holder to the third one, all of it or a part; the bank freezes the buyer's money,
        or not, or has not answered yet."""
        loan = self.house.loan(loan_id)
        open_fen = [open_principal_fen(loan, place) for place in range(len(loan.claims))]
        places = [place for place, fen in enumerate(open_fen) if fen >= part]
        if not places:
            return
        place = data.draw(st.sampled_from(places), "place")
        claim, name = loan.claims[place], f"a{len(self.sent)}"
        others = {"m0", "m1", "m2"} - {claim.investor_id, f"m{loan_id[1]}"}
        offer = self._command(
            c.OfferClaim,
            assignment_id=name,
            loan_id=loan_id,
            claim_id=claim.tender_id,
            seller_id=claim.investor_id,
            principal_fen=open_fen[place] // part,
            price_fen=price_fen,
            valid_until=self.house.today + timedelta(days=2),
        )
        listed = self._command(c.ConfirmOffer, assignment_id=name)
        buyer = {"buyer_id": min(others), "amount_max_fen": 2_000}
        self.submit([offer, listed, self._command(c.BuyClaim, assignment_id=name, **buyer)])
        if well is not None and f"AH-{name}" in self.ledger.waiting:
            self._answer({f"AH-{name}": well})

    @rule(data=st.data())
    def bank_answers(self, data: st.DataObject) -> None:
        """In any order, mostly well, now and then twice."""
        if not self.ledger.waiting:
            return
        chosen = data.draw(st.lists(st.sampled_from(self.ledger.waiting), max_size=6), "entries")
        well = st.sampled_from((True, True, True, False))
        self._answer([(entry_id, data.draw(well)) for entry_id in chosen])

    @rule()
    def bank_obeys(self) -> None:
        self._answer(dict.fromkeys(self.ledger.waiting, True))

    def _answer(self, answers: Any) -> None:
        pairs = answers.items() if isinstance(answers, dict) else answers
        self.submit(
            [
                self._command(c.SettleEntry, entry_id=entry_id, bank_date=self.house.today)
                if well
                else self._command(c.RejectEntry, entry_id=entry_id, bank_code="E1")
                for entry_id, well in pairs
            ]
        )

    @rule(days=st.sampled_from((1, 3, 31, 35)))
    def days_pass(self, days: int) -> None:
        house, batch = self.house, list[Command]()
        house.clock.advance(timedelta(days=days))
        for _ in range(days):
            house.today += timedelta(days=1)
            batch.append(self._command(c.RollBusinessDate, business_date=house.today))
        for kind in (c.AssessLoan, c.MiscarryLoan):
            batch += (self._command(kind, loan_id=f"L{number}") for number in range(3))
        batch.append(self._command(c.JudgeObligations, guarantor_id="gus"))
        self.submit([*batch, self._command(c.RunReservePayouts)])

    # -- repeats ----------------------------------------------------------------------------

    @rule(data=st.data())
    def the_same_again(self, data: st.DataObject) -> None:
        """Old commands, also twice in one batch, and old ids with another payload."""
        again = data.draw(st.lists(st.sampled_from(sorted(self.sent)), min_size=1, max_size=4))
        batch = [self.sent[command_id] for command_id in again]
        forged = self._command(c.SeedReserve, id=again[0], seed_id="f", amount_fen=1)
        self.submit([*batch, forged, batch[0]])

    # -- failures ---------------------------------------------------------------------------

    def _crash(self, batch: Sequence[Command], step: str) -> None:
        """A new process is given the same batch again."""
        self._fail(step, Broken())
        with pytest.raises(Broken):
            self.house.writer.submit(batch)
        self.house.writer.close()
        self.house.writer = self.house.new_writer()
        self.submit(batch, again=True)

    def _take_over(self, batch: Sequence[Command]) -> None:
        old, self.house.writer = self.house.writer, self.house.new_writer()
        with pytest.raises(WriterFenced):
            old.submit(batch)
        old.close()
        assert self.house.log.head() == self.head
        self.submit(batch)

    def _fail(self, step: str, error: Exception) -> None:
        """The next append does this step for real, and then fails."""
        press = self.house.writer._press
        assert isinstance(press, Press)
        recorder = press._recorder
        real = getattr(ShardRecorder, step)

        def failing(*args: Any, **kwargs: Any) -> None:
            delattr(recorder, step)
            real(recorder, *args, **kwargs)
            raise error

        setattr(recorder, step, failing)

    # -- what holds after each ----------------------------------------------------------------

    @invariant()
    def the_balances_are_the_ledgers(self) -> None:
        assert without_zeros(self.house.balances()) == without_zeros(self.ledger.balances())

    @invariant()
    def what_is_lacking_is_claimed(self) -> None:
        shortfalls: Shortfalls = self.house.writer._shelf.state(SHORTFALL).state
        claimed: Counter[str] = Counter()
        for claim in shortfalls.open.values():
            claimed[claim.account] += claim.left_fen
        assert claimed == {account: fen for account, fen in self.ledger.lacking.items() if fen}

    @invariant()
    def the_log_ends_where_the_receipts_say(self) -> None:
        assert self.house.log.head() == self.house.writer.position == self.head

    @invariant()
    def every_id_has_one_receipt(self) -> None:
        rows = self.house.query(
            "SELECT command_id, outcome, code, message, field, first_position, last_position"
            " FROM {}.receipt WHERE number > (%s)",
            self.checked,
        )
        for row in rows:
            assert Receipt(row[0], Outcome(row[1]), *row[2:]) == self.receipts[row[0]]
        self.checked += len(rows)
        assert self.checked == len(self.receipts)


def test_whatever_happens(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are small, so that one is decided while another is being stored."""
    monkeypatch.setattr("services.settlement.writer.BATCH_MAX", 3)

    class Here(Machine):
        def __init__(self) -> None:
            super().__init__(database)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=25,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
