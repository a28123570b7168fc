"""Typed reads over the views. Every answer says how far its view has come (`Seen.stamp`).

Each read sees one moment of the log: it runs in one snapshot, in which no view is switched. An id
that the view does not know is NotInView, never an empty answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, TypeVar

from psycopg import Cursor

from adapters.read_models import loan_rows as t
from adapters.read_models.answers import (
    BlacklistShown,
    CaseShown,
    GuarantorShown,
    Holding,
    LateLoan,
    LoanShown,
    MemberShown,
    NotInView,
    NotYet,
    Queued,
    ReserveShown,
    Seen,
    Statement,
)
from adapters.read_models.as_known import AsKnown
from adapters.read_models.assignments import ASSIGNMENTS, AssignmentRow, Assignments
from adapters.read_models.balances import BALANCES, Balance, Balances
from adapters.read_models.blacklist import ENTRIES, OTHERS, Blacklist
from adapters.read_models.cases import ACTIONS, CASES, LAWSUITS, PROMISES, CaseRow, Cases
from adapters.read_models.days import DAYS, BusinessDay, Days
from adapters.read_models.guarantees import (
    GUARANTEED_LOANS,
    GUARANTORS,
    OBLIGATIONS,
    RECOURSE,
    Guarantees,
)
from adapters.read_models.late import late_loans
from adapters.read_models.loans import Loans
from adapters.read_models.members import (
    AUTHORISATIONS,
    BINDINGS,
    DEBTS,
    MEMBERS,
    VISITS,
    Members,
)
from adapters.read_models.movements import MOVEMENTS, MovementRow, Movements
from adapters.read_models.positions import CLAIMS, ClaimRow, Positions
from adapters.read_models.releases import Unreleased, unreleased
from adapters.read_models.reserve import (
    RESERVE_CLAIMS,
    RESERVE_FLOWS,
    RESERVE_PAYOUTS,
    Reserve,
)
from adapters.read_models.statements import STATEMENT_LINES, Statements
from adapters.read_models.store import ViewStamp, ViewStore
from adapters.read_models.table import Table, in_schema
from adapters.read_models.view import View
from domain.accounts import RESERVE_ACCOUNT
from domain.policy import Scope
from infra.postgres import connect

T = TypeVar("T")
POLL_S = 0.005  # Another process moves the view, and tells nobody.
_NO_END = 2**63 - 1


class ReadModels:
    """The views of one platform, read only. One connection: not for several threads at once."""

    def __init__(self, url: str, platform: str) -> None:
        self._store = ViewStore(platform, ())
        self._connection = connect(url, autocommit=True)
        self._connection.prepare_threshold = None

    def close(self) -> None:
        self._connection.close()

    def stamps(self) -> dict[str, ViewStamp]:
        """Every view's position and age."""
        with self._snapshot() as cursor:
            return self._store.stamps(cursor)

    def wait_for(self, position: int, view: type[View], timeout_s: float) -> None:
        """For a read that must see its own write: until the view holds the event at `position`,
        such as a receipt's last. Raises NotYet when the time is over."""
        deadline = time.monotonic() + timeout_s
        while (stamp := self.stamps()[view.NAME]).position < position:
            if time.monotonic() > deadline:
                raise NotYet(position, stamp)
            time.sleep(POLL_S)

    # -- accounts -----------------------------------------------------------------------

    def account(self, account: str) -> Seen[Balance]:
        with self._seen(Balances) as (cursor, stamp):
            return Seen(stamp, _one(cursor, BALANCES, account, stamp))

    def accounts(self) -> Seen[list[Balance]]:
        with self._seen(Balances) as (cursor, stamp):
            return Seen(stamp, BALANCES.select(cursor, "true ORDER BY account"))

    def balances_as_of(self, position: int) -> Seen[list[Balance]]:
        """What every account had after the event at `position`. Raises NotYet."""
        with self._seen(Statements) as (cursor, stamp):
            if position > stamp.position:
                raise NotYet(position, stamp)
            cursor.execute(
                "SELECT DISTINCT ON (account) account, available_after_fen, frozen_after_fen"
                " FROM statement_line WHERE position <= %s ORDER BY account, position DESC",
                (position,),
            )
            return Seen(stamp, [Balance(*row) for row in cursor])

    def statement(self, account: str, first: date, last: date) -> Seen[Statement]:
        """Every line of `account` from the business day `first` to `last`."""
        with self._seen(Statements) as (cursor, stamp):
            begin, end = _range(cursor, first, last)
            opening = _last_line(cursor, account, begin - 1)
            lines = STATEMENT_LINES.select(
                cursor,
                "account = %s AND position BETWEEN %s AND %s ORDER BY position",
                account,
                begin,
                end,
            )
            closing = _last_line(cursor, account, end)
            if closing is None and _last_line(cursor, account, stamp.position) is None:
                raise NotInView("account", account, stamp)
            none = Balance(account, 0, 0)
            statement = Statement(account, first, last, opening or none, lines, closing or none)
            return Seen(stamp, statement)

    def movements_of_entry(self, entry_id: str) -> Seen[list[MovementRow]]:
        with self._seen(Movements) as (cursor, stamp):
            condition = (
                "entry_id = %s ORDER BY requested_position, length(movement_id), movement_id"
            )
            movements = MOVEMENTS.select(cursor, condition, entry_id)
            if not movements:
                raise NotInView("entry", entry_id, stamp)
            return Seen(stamp, movements)

    def movements_of_subject(self, subject: str) -> Seen[list[MovementRow]]:
        """The money of a loan, or a member's recharges and withdrawals, oldest first."""
        with self._seen(Movements) as (cursor, stamp):
            condition = "subject = %s ORDER BY requested_position, length(movement_id), movement_id"
            return Seen(stamp, MOVEMENTS.select(cursor, condition, subject))

    def unreleased(self) -> Seen[list[Unreleased]]:
        """Releases that the bank has refused, and not done since."""
        with self._seen(Movements) as (cursor, stamp):
            return Seen(stamp, unreleased(cursor))

    def business_days(self) -> Seen[list[BusinessDay]]:
        """Oldest first; the last is the running one."""
        with self._seen(Days) as (cursor, stamp):
            return Seen(stamp, DAYS.select(cursor, "true ORDER BY business_date"))

    # -- loans and claims ---------------------------------------------------------------

    def loan(self, loan_id: str) -> Seen[LoanShown]:
        with self._seen(Loans) as (cursor, stamp):
            mine = "loan_id = %s ORDER BY"
            shown = LoanShown(
                loan=_one(cursor, t.LOANS, loan_id, stamp),
                instalments=t.INSTALMENTS.select(cursor, f"{mine} period", loan_id),
                tenders=t.TENDERS.select(cursor, f"{mine} tender_id", loan_id),
                payments=t.PAYMENTS.select(cursor, f"{mine} accepted_on, payment_id", loan_id),
                payment_parts=t.PAYMENT_PARTS.select(
                    cursor,
                    "payment_id IN (SELECT payment_id FROM payment WHERE loan_id = %s)"
                    " ORDER BY payment_id, period",
                    loan_id,
                ),
                advances=t.ADVANCES.select(
                    cursor, f"{mine} period, length(payout_id), payout_id", loan_id
                ),
                guarantor_advances=t.GUARANTOR_ADVANCES.select(
                    cursor, f"{mine} period, advance_id", loan_id
                ),
                reimbursements=t.REIMBURSEMENTS.select(
                    cursor, f"{mine} period, reimbursement_id", loan_id
                ),
                claims=CLAIMS.select(cursor, f"{mine} place, tender_id", loan_id),
            )
            return Seen(stamp, shown)

    def loans(self, status: str | None = None) -> Seen[list[t.LoanRow]]:
        with self._seen(Loans) as (cursor, stamp):
            if status is None:
                return Seen(stamp, t.LOANS.select(cursor, "true ORDER BY loan_id"))
            return Seen(stamp, t.LOANS.select(cursor, "status = %s ORDER BY loan_id", status))

    def positions_of(self, investor_id: str) -> Seen[list[ClaimRow]]:
        """The investor's claims, oldest tender first; none for one who never placed a tender."""
        with self._seen(Positions) as (cursor, stamp):
            mine = "investor_id = %s ORDER BY placed_on, tender_id"
            return Seen(stamp, CLAIMS.select(cursor, mine, investor_id))

    def holders(self, loan_id: str, on: date) -> Seen[list[Holding]]:
        """Who held the loan's claims at the end of `on`; none before it was paid out, nor from
        the day on which it ended."""
        with self._seen(Positions) as (cursor, stamp):
            _one(cursor, t.LOANS, loan_id, stamp)
            cursor.execute(_HOLDERS, {"loan": loan_id, "on": on})
            return Seen(stamp, [Holding(*row) for row in cursor])

    def assignments(self, status: str | None = None) -> Seen[list[AssignmentRow]]:
        """Oldest first, of one status or of all."""
        with self._seen(Assignments) as (cursor, stamp):
            order = "ORDER BY offered_on, assignment_id"
            if status is None:
                return Seen(stamp, ASSIGNMENTS.select(cursor, f"true {order}"))
            return Seen(stamp, ASSIGNMENTS.select(cursor, f"status = %s {order}", status))

    @contextmanager
    def as_known(self, on: date) -> Iterator[AsKnown]:
        """The book at the close of `on`; all that is asked of it there is of one moment. Raises
        NotInView for a day outside the books, NotYet where a view has not come to its end."""
        with self._snapshot() as cursor:
            stamps = self._store.stamps(cursor)
            behind = min(stamps.values(), key=lambda stamp: stamp.position)
            days = DAYS.select(cursor, "true ORDER BY business_date")
            if not days or not days[0].business_date <= on <= days[-1].business_date:
                raise NotInView("business day", on.isoformat(), stamps[Days.NAME])
            position = [day for day in days if day.business_date <= on][-1].closing_position
            if position is not None and position > behind.position:
                raise NotYet(position, behind)
            yield AsKnown(on, days[0].business_date, position, behind, cursor)

    # -- reserve and members ------------------------------------------------------------

    def reserve(self) -> Seen[ReserveShown]:
        with self._seen(Reserve) as (cursor, stamp):
            # Of the statement, which moves together with the reserve: balances may be ahead.
            balance = _last_line(cursor, RESERVE_ACCOUNT, stamp.position)
            shown = ReserveShown(
                balance=balance or Balance(RESERVE_ACCOUNT, 0, 0),
                flows_fen={row.flow: row.amount_fen for row in RESERVE_FLOWS.select(cursor)},
                queue=_queue(cursor),
                payouts=RESERVE_PAYOUTS.select(
                    cursor, "true ORDER BY length(payout_id), payout_id"
                ),
            )
            return Seen(stamp, shown)

    def guarantor(self, guarantor_id: str) -> Seen[GuarantorShown]:
        with self._seen(Guarantees) as (cursor, stamp):
            mine = "guarantor_id = %s ORDER BY"
            shown = GuarantorShown(
                guarantor=_one(cursor, GUARANTORS, guarantor_id, stamp),
                loans=GUARANTEED_LOANS.select(cursor, f"{mine} loan_id", guarantor_id),
                obligations=OBLIGATIONS.select(cursor, f"{mine} deadline, claim_id", guarantor_id),
                recourse=RECOURSE.select(cursor, f"{mine} claim_id, to_account", guarantor_id),
            )
            return Seen(stamp, shown)

    def member(self, member_id: str) -> Seen[MemberShown]:
        with self._seen(Members) as (cursor, stamp):
            shown = MemberShown(
                member=_one(cursor, MEMBERS, member_id, stamp),
                bindings=BINDINGS.select(cursor, "member_id = %s ORDER BY binding_id", member_id),
                debts=DEBTS.select(cursor, "member_id = %s ORDER BY loan_id", member_id),
                authorisations=AUTHORISATIONS.select(
                    cursor, "member_id = %s ORDER BY number", member_id
                ),
                visits=VISITS.select(cursor, "member_id = %s ORDER BY number", member_id),
            )
            return Seen(stamp, shown)

    # -- collections --------------------------------------------------------------------

    def cases(self, *, everything: bool = False) -> Seen[list[CaseRow]]:
        """Open ones, the oldest first; or those that were closed, too."""
        with self._seen(Cases) as (cursor, stamp):
            wanted = "true" if everything else "closed_on IS NULL"
            return Seen(stamp, CASES.select(cursor, f"{wanted} ORDER BY due_on, borrower_id"))

    def late(self) -> Seen[list[LateLoan]]:
        """Every loan that is late, the longest late first."""
        with self._seen(Loans) as (cursor, stamp):
            return Seen(stamp, late_loans(cursor))

    def case(self, borrower_id: str) -> Seen[CaseShown]:
        """The borrower's latest case, with all that happened in any."""
        with self._seen(Cases) as (cursor, stamp):
            mine = "borrower_id = %s ORDER BY"
            shown = CaseShown(
                case=_one(cursor, CASES, borrower_id, stamp, noun="case"),
                late=late_loans(cursor, borrower_id),
                actions=ACTIONS.select(cursor, f"{mine} taken_at, action_id", borrower_id),
                promises=PROMISES.select(cursor, f"{mine} made_on, promise_id", borrower_id),
                lawsuits=LAWSUITS.select(cursor, f"{mine} filed_on, lawsuit_id", borrower_id),
            )
            return Seen(stamp, shown)

    def blacklist(self) -> Seen[BlacklistShown]:
        with self._seen(Blacklist) as (cursor, stamp):
            shown = BlacklistShown(
                entries=ENTRIES.select(cursor, "true ORDER BY listed_on, member_id"),
                of_others=OTHERS.select(cursor, "true ORDER BY issuer"),
            )
            return Seen(stamp, shown)

    @contextmanager
    def _seen(self, view: type[View]) -> Iterator[tuple[Cursor[Any], ViewStamp]]:
        with self._snapshot() as cursor:
            yield cursor, self._store.stamps(cursor)[view.NAME]

    @contextmanager
    def _snapshot(self) -> Iterator[Cursor[Any]]:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            self._store.lock_to_read(cursor)
            cursor.execute(in_schema(self._store.schema))
            yield cursor


_HOLDERS = """
SELECT tender_id, investor_id, principal_fen - assigned_by_then, held_from, came_of
FROM claim CROSS JOIN LATERAL (
    SELECT coalesce(sum(part.principal_fen), 0)::bigint AS assigned_by_then
    FROM claim AS part WHERE part.came_of = claim.tender_id AND part.held_from <= %(on)s
) AS parts
WHERE loan_id = %(loan)s AND held_from <= %(on)s AND (closed_on IS NULL OR closed_on > %(on)s)
    AND principal_fen > assigned_by_then
ORDER BY place"""


def _one(
    cursor: Cursor[Any], table: Table[T], name: str, stamp: ViewStamp, noun: str | None = None
) -> T:
    row = table.load(cursor, [name]).get(name)
    if row is None:
        raise NotInView(noun or table.name, name, stamp)
    return row


def _queue(cursor: Cursor[Any]) -> list[Queued]:
    claims = RESERVE_CLAIMS.select(
        cursor, "status IN ('waiting', 'held') ORDER BY eligible_on, claim_id"
    )
    cursor.execute(
        "SELECT claim_id, CASE protection WHEN %s THEN 0 WHEN %s THEN open_principal_fen"
        " ELSE open_principal_fen + open_interest_fen END"
        " FROM reserve_claim JOIN instalment USING (loan_id, period) JOIN loan USING (loan_id)"
        " WHERE reserve_claim.status IN ('waiting', 'held')",
        (Scope.NONE.value, Scope.PRINCIPAL.value),
    )
    open_fen = dict(cursor.fetchall())
    return [Queued(claim, open_fen[claim.claim_id]) for claim in claims]


def _range(cursor: Cursor[Any], first: date, last: date) -> tuple[int, int]:
    """The first and last position of some business days; those to come end nowhere."""
    cursor.execute(
        "SELECT coalesce(min(opened_position) FILTER (WHERE business_date >= %(first)s), %(end)s),"
        " coalesce(max(coalesce(closing_position, %(end)s))"
        "  FILTER (WHERE business_date <= %(last)s), 0)"
        " FROM business_day",
        {"first": first, "last": last, "end": _NO_END},
    )
    begin, end = cursor.fetchall()[0]
    return begin, end


def _last_line(cursor: Cursor[Any], account: str, position: int) -> Balance | None:
    lines = STATEMENT_LINES.select(
        cursor, "account = %s AND position <= %s ORDER BY position DESC LIMIT 1", account, position
    )
    return next(
        (Balance(account, each.available_after_fen, each.frozen_after_fen) for each in lines), None
    )
