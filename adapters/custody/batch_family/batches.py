"""`Execute` -> batches: a line for each leg, a batch for each kind of line; fees ride on a line.

A line's order number is its movement's id; ordered again after it failed, the id and `~2`, `~3` ...
Batch numbers have six digits and are the bank's alone to tell apart by the day: they are made from
what the batch is, and are no one's memory of it (docs/decisions/0017).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson

from adapters.custody.batch_family.accounts import Accounts
from adapters.custody.batch_family.channel import ONLINE, Call
from adapters.custody.batch_family.requests import Choices, NotCarried
from domain.bank_requests import Execute, Leg
from domain.money import yuan
from domain.purposes import Purpose

ORDER_NO_MAX = 40  # What EVE's ORDERNO holds.
AGAIN = "~"  # Stands in no id of ours.

_SERVICES = {
    Purpose.DISBURSEMENT: "batchLendPay",
    Purpose.REPAYMENT: "batchRepay",
    Purpose.SUBROGATED_RECOVERY: "batchRepayBail",
    Purpose.GUARANTEE_RECOVERY: "batchRepayBail",
    Purpose.REIMBURSEMENT: "batchRepayBail",
    Purpose.GUARANTEE_ADVANCE: "batchBailRepay",
    Purpose.RESERVE_PAYOUT: "batchSubstRepay",
    Purpose.ASSIGNMENT: "batchCreditInvest",
    Purpose.RESERVE_SURPLUS: "batchTransfer",
    Purpose.REVERSAL: "batchVoucherPay",
    Purpose.SHORTFALL_COVER: "batchVoucherPay",
}
_MARKS = {
    "batchLendPay": "l",
    "batchRepay": "r",
    "batchRepayBail": "b",
    "batchBailRepay": "a",
    "batchSubstRepay": "s",
    "batchCreditInvest": "c",
    "batchTransfer": "t",
    "batchVoucherPay": "v",
}
_FREEZE_FIELDS = {
    "batchLendPay": "authCode",
    "batchRepay": "freezeOrderId",
    "batchRepayBail": "freezeOrderId",
    "batchBailRepay": "freezeOrderId",
    "batchCreditInvest": "freezeOrderId",
}
_FEE_FIELDS = {
    ("batchLendPay", Purpose.FEE): "debtFee",
    ("batchLendPay", Purpose.RESERVE_CONTRIBUTION): "bailFee",
    ("batchRepay", Purpose.FEE): "txFeeOut",
    ("batchRepayBail", Purpose.FEE): "txFeeOut",
    ("batchCreditInvest", Purpose.ASSIGNMENT_FEE): "txFeeIn",
}
_FEE_OF_PAYEE = frozenset({"batchLendPay", "batchCreditInvest"})
_FEES = frozenset(purpose for _, purpose in _FEE_FIELDS)
_RIDING = _FEES | {Purpose.ADVANCE_PASSED_ON}
"""What has no line of its own."""


@dataclass(frozen=True, slots=True)
class Line:
    leg: Leg
    fees: tuple[Leg, ...] = ()
    attempt: int = 1
    passed_on: Leg | None = None  # 间接代偿: the borrower's leg, done with the guarantor's.

    @property
    def order_no(self) -> str:
        return self.named(self.leg)

    def named(self, leg: Leg) -> str:
        """One of the line's legs in the bank's files."""
        again = "" if self.attempt == 1 else f"{AGAIN}{self.attempt}"
        return f"{leg.movement_id}{again}"

    @property
    def principal_fen(self) -> int:
        """What txAmount says. A line that is there for its fee alone has none."""
        return 0 if self.leg.purpose in _FEES else self.leg.amount_fen - self.leg.interest_fen


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of one kind that go together. `whole`: nothing else belongs to the request."""

    request: Execute
    service: str
    lines: tuple[Line, ...]
    whole: bool

    @property
    def attempt(self) -> int:
        return self.lines[0].attempt

    @property
    def mark(self) -> str:
        """acqRes: the bank gives it back with all that it says of the batch."""
        no = self.request.request_no
        return no if self.whole else f"{no}{AGAIN}{_MARKS[self.service]}{self.attempt}"

    def again(self, failed: Sequence[Line]) -> Batch:
        """What failed for good, under new order numbers that name the old."""
        lines = tuple(replace(line, attempt=line.attempt + 1) for line in failed)
        return replace(self, lines=lines, whole=False)

    def number(self, try_no: int) -> str:
        """One of 1,000,000; where the day has it already for another batch, the next try's."""
        text = f"{self.request.request_no}|{self.service}|{self.attempt}|{try_no}"
        digest = hashlib.sha256(text.encode()).digest()
        return f"{int.from_bytes(digest[:8]) % 1_000_000:06d}"


def request_named(mark: str) -> tuple[str, bool]:
    """The request that an acqRes names, and whether the batch is all of it."""
    request_no, again, _ = mark.partition(AGAIN)
    return request_no, not again


def batches_of(request: Execute) -> tuple[Batch, ...]:
    """In the order of the first leg of each kind. Raises NotCarried, ValueError."""
    kinds: dict[str, list[Leg]] = {}
    fees = [leg for leg in request.legs if leg.purpose in _FEES]
    passed_on = {advance.movement_id: leg for advance, leg in request.advances}
    for leg in request.legs:
        if len(leg.movement_id) > ORDER_NO_MAX:
            raise ValueError(f"movement_id: at most {ORDER_NO_MAX} characters")
        if leg.purpose in _SERVICES:
            kinds.setdefault(_SERVICES[leg.purpose], []).append(leg)
        elif leg.purpose not in _RIDING:
            raise NotCarried(f"purpose: no order for {leg.purpose.value} here")
    if not kinds:
        lines = tuple(Line(fee, (fee,)) for fee in fees)
        _check_fees("batchRepay", fees, fees[0])
        return (Batch(request, "batchRepay", lines, whole=True),)
    batches = []
    for number, (service, legs) in enumerate(kinds.items()):
        *others, last = legs
        riding = tuple(fees) if number == 0 else ()
        _check_fees(service, riding, last)
        lines = (
            *(Line(leg, passed_on=passed_on.get(leg.movement_id)) for leg in others),
            Line(last, riding, passed_on=passed_on.get(last.movement_id)),
        )
        batches.append(Batch(request, service, lines, whole=len(kinds) == 1))
    return tuple(batches)


def _check_fees(service: str, fees: Sequence[Leg], carrier: Leg) -> None:
    """A fee rides on a line of its payer: at a repayment he pays it out of the same freeze, of what
    is lent or paid for a claim he gets the rest."""
    for fee in fees:
        if (service, fee.purpose) not in _FEE_FIELDS:
            raise NotCarried(f"purpose: no {fee.purpose.value} with {service}")
        of_payee = service in _FEE_OF_PAYEE
        payer = carrier.payee if of_payee else carrier.payer
        freeze = None if of_payee else carrier.freeze_request_no
        if (fee.payer, fee.freeze_request_no) != (payer, freeze):
            raise NotCarried(f"purpose: {fee.purpose.value} is not paid with {service}")


def encode_batch(batch: Batch, number: str, accounts: Accounts, choices: Choices) -> Call:
    """Raises NoAnswer where an account's number can't be learnt."""
    lines = [_pack(batch, line, accounts) for line in batch.lines]
    fields = {
        "batchNo": number,
        "txAmount": yuan(sum(line.principal_fen for line in batch.lines)),
        "txCounts": str(len(lines)),
        "notifyURL": choices.notify_url,
        "retNotifyURL": choices.notify_url,
        "acqRes": batch.mark,
        "subPacks": orjson.dumps(lines).decode(),
    }
    return Call(ONLINE, batch.service, fields)


def _pack(batch: Batch, line: Line, accounts: Accounts) -> dict[str, str]:
    leg = line.leg
    pack = {
        "accountId": accounts.number(leg.payer),
        "orderId": line.order_no,
        "txAmount": yuan(line.principal_fen),
        "forAccountId": accounts.number(leg.payee),
        "productId": batch.request.project_no or "",
    }
    if line.passed_on is not None:
        pack |= {
            "debtAccountId": pack["forAccountId"],
            "debtOrderId": line.named(line.passed_on),
            "forAccountId": accounts.number(line.passed_on.payee),
        }
    if batch.request.offered is not None:
        pack["tsfAmount"] = yuan(batch.request.offered.share_fen)
    if leg.interest_fen:
        pack["intAmount"] = yuan(leg.interest_fen)
    if leg.freeze_request_no is not None:
        pack[_FREEZE_FIELDS[batch.service]] = leg.freeze_request_no
    sums: dict[str, int] = {}
    for fee in line.fees:
        name = _FEE_FIELDS[batch.service, fee.purpose]
        sums[name] = sums.get(name, 0) + fee.amount_fen
    return pack | {name: yuan(fen) for name, fen in sums.items()}
