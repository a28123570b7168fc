"""Anything in any order: commands, repeats, the bank's answers, crashes, successors.

Beside the writer runs a small ledger that knows nothing of legs. After each step the balances are
equal to it, every id has one receipt for ever, and at the end the log is whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    rule,
    run_state_machine_as_test,
)

from adapters.event_log import AppendUnknown
from domain import commands as c
from domain.accounts import Role
from domain.claims import open_principal_fen
from domain.commands import Command
from domain.payout_plan import BucketPeriod
from domain.policy import Provider
from domain.schedule import Method
from tests.exemplars import ANN, BEN, NAME, PHONE, a_policy
from tests.services.settlement.drawn import (
    GUARANTEED,
    HOW_FAR,
    HOWS,
    drawn_commands,
    loan_ids,
    methods,
    periods,
    tenders,
)
from tests.services.settlement.failing import AFTER_COMMIT, BEFORE_COMMIT
from tests.services.settlement.watched import Watched

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


class Machine(Watched):
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
    def the_bank_leaves_all_frozen(self) -> None:
        """What is to be spent, then what is to be given back for that. What it ever refused to give
        back is asked for again: most of it was before."""
        for _ in range(2):
            self._answer(dict.fromkeys(self.ledger.out_of_freezes, False))
        self.submit(
            [
                self._command(c.AskReleaseAgain, entry_id=entry_id)
                for entry_id in self.ledger.kept_back
            ]
        )

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
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
