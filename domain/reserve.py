"""The reserve (风险准备金): holds and queue. Its cash is its account in the cash book.

    File       -> ClaimQueued
    Run        -> PayoutRunDecided, PayoutHeld for each claim that is paid now: payout_run.py
    Settle     -> PayoutPaid;   Reject -> PayoutReleased
    Drop       -> ClaimDropped  (the borrower paid, or nothing is left of it)
    Recover    -> RecoveryReceived
    Check      -> FloorChecked  (once a month, where the policy has a floor)

The six rules (see `RULES`): 1 default payout, 2 time order, 3 claim proportion, 4 limited
payout, 5 transfer of benefit, 6 cap. What a claim amounts to is the loan's register's business: the
queue only keeps which claims wait, and by which dates.

Invariant: a claim is either waiting or held by one payout, never both.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, NamedTuple, assert_never, get_args

from msgspec import field
from msgspec.structs import replace

from domain.fees import percent_of
from domain.model import Event, Fen, Refused, State, without
from domain.payout_plan import PayoutOrder
from domain.policy import PolicyTerms
from domain.refusals import Code

# -- events -----------------------------------------------------------------------------


class ClaimQueued(Event):
    TOPIC: ClassVar[str] = "reserve.claim-queued.v1"
    claim_id: str
    loan_id: str
    period: int
    arose_on: date
    overdue_on: date
    eligible_on: date
    policy_version: str
    amount_fen: int  # On that day; what is paid is counted anew by each run.


class Considered(NamedTuple):
    claim_id: str
    bucket: str
    claim_fen: int
    paid_fen: int


class PayoutRunDecided(Event):
    """One run over the queue: the balance before, every claim considered, what each gets."""

    TOPIC: ClassVar[str] = "reserve.payout-run-decided.v1"
    run_on: date
    policy_version: str
    order: PayoutOrder
    balance_before_fen: int
    balance_after_fen: int
    considered: tuple[Considered, ...]


class PayoutHeld(Event):
    """`policy_version`: the loan's own, which promised it; the run names the reserve's."""

    TOPIC: ClassVar[str] = "reserve.payout-held.v1"
    payout_id: str
    claim_id: str
    loan_id: str
    amount_fen: Fen
    claim_fen: Fen
    bucket: str
    rules: tuple[int, ...]
    policy_version: str
    run_on: date
    investors: dict[str, int]  # By tender.


class PayoutPaid(Event):
    TOPIC: ClassVar[str] = "reserve.payout-paid.v1"
    payout_id: str
    claim_id: str
    amount_fen: Fen
    in_full: bool


class PayoutReleased(Event):
    """The bank refused; the claim waits again."""

    TOPIC: ClassVar[str] = "reserve.payout-released.v1"
    payout_id: str
    claim_id: str
    amount_fen: Fen
    bank_code: str


class ClaimDropped(Event):
    TOPIC: ClassVar[str] = "reserve.claim-dropped.v1"
    claim_id: str


class RecoveryReceived(Event):
    """What a borrower paid on a claim that is the reserve's (还代偿款)."""

    TOPIC: ClassVar[str] = "reserve.recovery-received.v1"
    loan_id: str
    payment_id: str
    amount_fen: Fen


class SurplusMoved(Event):
    TOPIC: ClassVar[str] = "reserve.surplus-moved.v1"
    surplus_id: str
    amount_fen: Fen
    cap_fen: int
    approved_by: str  # The checker; a name, in what was written before there were keys.


class ReserveSeeded(Event):
    TOPIC: ClassVar[str] = "reserve.seeded.v1"
    seed_id: str
    amount_fen: Fen
    approved_by: str  # The checker; a name, in what was written before there were keys.


class FloorChecked(Event):
    """On the first day of a month: what the platform must top up, 0 where nothing is lacking."""

    TOPIC: ClassVar[str] = "reserve.floor-checked.v1"
    checked_on: date
    policy_version: str
    balance_fen: int
    floor_fen: int
    lacking_fen: int


RULES = {
    1: "default payout (违约偿付): late enough by the policy",
    2: "time order (时间顺序): in the order of the date that the policy names",
    3: "claim proportion (债权比例): a period that is not covered is shared pro rata",
    4: "limited payout (有限偿付): no more than the reserve holds",
    5: "transfer of benefit (收益转移): what the borrower pays later follows who was paid",
    6: "cap (金额上限): only what exceeds it may go to the platform",
}

ReserveEvent = (
    ClaimQueued
    | PayoutRunDecided
    | PayoutHeld
    | PayoutPaid
    | PayoutReleased
    | ClaimDropped
    | RecoveryReceived
    | SurplusMoved
    | ReserveSeeded
    | FloorChecked
)
EVENTS: tuple[type[ReserveEvent], ...] = get_args(ReserveEvent)


# -- state ------------------------------------------------------------------------------


class Waiting(State):
    claim_id: str
    loan_id: str
    period: int
    arose_on: date
    overdue_on: date
    eligible_on: date
    policy_version: str  # The loan's.

    def on(self, order: PayoutOrder) -> date:
        match order:
            case PayoutOrder.AROSE:
                return self.arose_on
            case PayoutOrder.OVERDUE:
                return self.overdue_on
            case PayoutOrder.ELIGIBLE:
                return self.eligible_on
            case _:
                assert_never(order)


class Reserve(State):
    queue: Mapping[str, Waiting] = field(default_factory=dict)
    held: Mapping[str, PayoutHeld] = field(default_factory=dict)
    payouts: int = 0  # How many were ever held: the next one's number.
    floor_checked_on: date = date.min

    @property
    def busy(self) -> frozenset[str]:
        """Claims with a payout on its way to the bank."""
        return frozenset(payout.claim_id for payout in self.held.values())

    @property
    def paying_in_part(self) -> bool:
        """A part of a claim is on its way: its rest comes before all others (rule 2)."""
        return any(payout.amount_fen < payout.claim_fen for payout in self.held.values())


INITIAL = Reserve()


# -- decide -----------------------------------------------------------------------------


def surplus(
    terms: PolicyTerms,
    balance_fen: int,
    basis_fen: int,
    wanted: SurplusMoved,
    *,
    queue_empty: bool,
) -> tuple[ReserveEvent, ...]:
    """Rule 6: only what exceeds the cap, and never while a claim waits. A reserve that is run down
    pays claims alone: what is left goes out when no loan is outstanding any more."""
    cap_fen = percent_of(basis_fen, terms.cap)
    if terms.run_down and basis_fen:
        cap_fen = balance_fen
    if not queue_empty or wanted.amount_fen > balance_fen - cap_fen:
        raise Refused(Code.SURPLUS_BELOW_CAP, f"the cap is {cap_fen} fen", "amount_fen")
    return (replace(wanted, cap_fen=cap_fen),)


def check_floor(
    reserve: Reserve,
    terms: PolicyTerms,
    today: date,
    balance_fen: int,
    basis_fen: int,
) -> tuple[ReserveEvent, ...]:
    """On the first of a month, once; the balance is that before the day's payouts."""
    if terms.floor is None or today.day != 1 or reserve.floor_checked_on == today:
        return ()
    floor_fen = percent_of(basis_fen, terms.floor)
    checked = FloorChecked(
        checked_on=today,
        policy_version=terms.version,
        balance_fen=balance_fen,
        floor_fen=floor_fen,
        lacking_fen=max(0, floor_fen - balance_fen),
    )
    return (checked,)


# -- evolve -----------------------------------------------------------------------------


def evolve(reserve: Reserve, event: ReserveEvent) -> Reserve:
    match event:
        case ClaimQueued():
            waiting = Waiting(
                event.claim_id,
                event.loan_id,
                event.period,
                event.arose_on,
                event.overdue_on,
                event.eligible_on,
                event.policy_version,
            )
            return replace(reserve, queue={**reserve.queue, event.claim_id: waiting})
        case PayoutHeld():
            held = {**reserve.held, event.payout_id: event}
            return replace(reserve, held=held, payouts=reserve.payouts + 1)
        case PayoutPaid():
            queue = without(reserve.queue, event.claim_id) if event.in_full else reserve.queue
            return replace(reserve, queue=queue, held=without(reserve.held, event.payout_id))
        case PayoutReleased():
            return replace(reserve, held=without(reserve.held, event.payout_id))
        case ClaimDropped():
            return replace(reserve, queue=without(reserve.queue, event.claim_id))
        case FloorChecked():
            return replace(reserve, floor_checked_on=event.checked_on)
        case PayoutRunDecided() | RecoveryReceived() | SurplusMoved() | ReserveSeeded():
            return reserve
        case _:
            assert_never(event)
