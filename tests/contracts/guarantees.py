"""What a guarantor advances (代偿) through the borrower, and gets back."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from domain.bank_requests import Execute, Recharge, Release
from domain.bank_statement import BankBalance, LineKind, StatementLine
from domain.ports import BankOutcome
from domain.purposes import Purpose
from tests.contracts.bench import Bench
from tests.contracts.stage import Stage


class GuaranteesContract:
    def test_an_indirect_advance_passes_through_the_borrower(
        self, bench: Bench, stage: Stage
    ) -> None:
        ann, bea = stage.member(fen=1_000), stage.member(fen=1_000)
        guarantor = stage.member("guarantor", fen=900)
        bench.next_day()
        day = bench.today()
        stage.owes([ann, bea], 1_000)
        hold = stage.hold(guarantor, Purpose.GUARANTEE_HOLD, 800)
        stage.do(hold)
        assert stage.holds(guarantor) == BankBalance(100, 800)
        advance = stage.advance(hold, stage.borrower, {ann: 300, bea: 400})
        stage.do(advance)
        told = bench.custodian.read_notice(bench.notice_naming(advance.request_no))
        assert (told.request_no, told.answer.outcome) == (advance.request_no, BankOutcome.SUCCEEDED)

        again = bench.custodian.send(advance)
        assert again.outcome in (BankOutcome.UNKNOWN, BankOutcome.SUCCEEDED)
        found = bench.custodian.query(advance)
        assert (found.outcome, found.bank_date) == (BankOutcome.SUCCEEDED, day)
        after = {
            guarantor: BankBalance(100, 100),
            stage.borrower: BankBalance(0, 1_998),
            ann: BankBalance(300, 0),
            bea: BankBalance(400, 0),
        }
        assert bench.custodian.balances(list(after)) == after

        bench.next_day()
        statement = bench.custodian.statement(day)
        assert {account: statement.balances[account] for account in after} == after
        ids = {leg.movement_id for leg in advance.legs}
        lines = [line for line in statement.lines if line.reference in ids]
        assert len(lines) == len(advance.legs)
        assert {msgspec.structs.replace(line, bank_ref="") for line in lines} == {
            StatementLine(LineKind.TRANSFER, leg.movement_id, leg.amount_fen, leg.payer, leg.payee)
            for leg in advance.legs
        }
        stage.do(Release(stage.number(), hold.request_no, 100))
        assert stage.holds(guarantor) == BankBalance(200, 0)

    def test_an_advance_beyond_the_guarantors_money_moves_nothing(
        self, bench: Bench, stage: Stage
    ) -> None:
        ann, bea = stage.member(fen=1_000), stage.member(fen=1_000)
        guarantor = stage.member("guarantor", fen=250)
        stage.owes([ann, bea], 1_000)
        stage.is_refused(stage.hold(guarantor, Purpose.GUARANTEE_HOLD, 251))
        hold = stage.hold(guarantor, Purpose.GUARANTEE_HOLD, 200)
        stage.do(hold)
        stage.is_refused(stage.advance(hold, stage.borrower, {ann: 201, bea: 202}))
        assert stage.holds(guarantor) == BankBalance(50, 200)
        assert stage.holds(stage.borrower) == BankBalance(0, 1_998)
        assert stage.holds(ann) == stage.holds(bea) == BankBalance(0, 0)

    def test_an_advance_for_which_the_hold_is_too_small_never_stops_at_the_borrower(
        self, bench: Bench, stage: Stage
    ) -> None:
        """None of it is done, or, where the bank works line by line, one investor's part whole."""
        ann, bea = stage.member(fen=1_000), stage.member(fen=1_000)
        guarantor = stage.member("guarantor", fen=500)
        stage.owes([ann, bea], 1_000)
        hold = stage.hold(guarantor, Purpose.GUARANTEE_HOLD, 200)
        stage.do(hold)
        advance = stage.advance(hold, stage.borrower, {ann: 150, bea: 51})
        bench.custodian.send(advance)
        expected = BankOutcome.REFUSED if bench.executes_whole else BankOutcome.PARTIAL
        assert bench.settled(advance).outcome is expected
        done_fen = 0 if bench.executes_whole else 150
        assert stage.holds(ann) == BankBalance(done_fen, 0)
        assert stage.holds(bea) == BankBalance(0, 0)
        assert stage.holds(stage.borrower) == BankBalance(0, 1_998)
        assert stage.holds(guarantor) == BankBalance(300, 200 - done_fen)

    def test_an_advance_is_its_own_guarantors_to_its_own_borrower(
        self, bench: Bench, stage: Stage
    ) -> None:
        investor, guarantor = stage.member(fen=1_000), stage.member("guarantor", fen=500)
        stage.owes([investor], 1_000)
        hold = stage.hold(guarantor, Purpose.GUARANTEE_HOLD, 500)
        stage.do(hold)
        other_borrower, other_guarantor = stage.member("borrower"), stage.member("guarantor")
        stage.is_refused(stage.advance(hold, other_borrower, {investor: 300}))
        stage.is_refused(
            stage.advance(replace(hold, account=other_guarantor), stage.borrower, {investor: 300})
        )
        rich = stage.member(fen=500)
        stage.is_refused(stage.hold(rich, Purpose.GUARANTEE_HOLD, 300))
        never_opened = stage.hold(f"{stage.mark}-x:guarantor", Purpose.GUARANTEE_HOLD, 300)
        assert bench.custodian.send(never_opened).outcome is not BankOutcome.SUCCEEDED
        assert bench.custodian.query(never_opened).outcome is not BankOutcome.SUCCEEDED
        assert stage.holds(guarantor) == BankBalance(0, 500)
        assert stage.holds(rich) == BankBalance(500, 0)
        assert stage.holds(investor) == stage.holds(other_borrower) == BankBalance(0, 0)

    def test_a_borrower_pays_his_guarantor_back(self, bench: Bench, stage: Stage) -> None:
        investor, guarantor = stage.member(fen=1_000), stage.member("guarantor", fen=500)
        stage.owes([investor], 1_000)
        stage.do(Recharge(stage.number(), stage.borrower, 700))
        hold = stage.hold(stage.borrower, Purpose.REPAYMENT_HOLD, 700)
        stage.do(hold)
        repayment = stage.repayment(hold, investor, 150, 50)
        recovery = replace(
            repayment.legs[0],
            movement_id=stage.number(),
            purpose=Purpose.GUARANTEE_RECOVERY,
            payee=guarantor,
            amount_fen=250,
        )
        stage.do(replace(repayment, legs=(*repayment.legs, recovery)))
        rest = replace(recovery, movement_id=stage.number(), amount_fen=300)
        alone = Execute(stage.number(), Purpose.GUARANTEE_RECOVERY, stage.project_no, (rest,))
        stage.do(alone)
        assert stage.holds(guarantor) == BankBalance(1_050, 0)
        assert stage.holds(investor) == BankBalance(150, 0)
        assert stage.holds(stage.borrower) == BankBalance(0, 998)
