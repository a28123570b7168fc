"""Which loans the date decides (到期、逾期、提前到期、代偿): set-based, over the views."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection, sql

from domain.policy import Covers, PolicyTerms, Provider, Roll, Scope

_DUE: LiteralString = """
    SELECT DISTINCT i.loan_id
    FROM {0}.instalment i JOIN {0}.loan l USING (loan_id)
    LEFT JOIN unnest(%(version)s::text[], %(grace)s::int[], %(rolls)s::bool[],
            %(claimed_from)s::int[], %(whole_from)s::int[], %(called_in_from)s::int[],
            %(interest)s::bool[], %(guaranteed)s::text[], %(plain)s::text[])
        AS p (version, grace, rolls, claimed_from, whole_from, called_in_from, interest,
            guaranteed, plain)
        ON p.version = l.policy_version
    CROSS JOIN LATERAL (
        SELECT CASE WHEN l.guarantor_ids IS NULL THEN p.plain ELSE p.guaranteed END AS payer) AS who
    WHERE l.status IN ('repaying', 'overdue') AND i.due_on <= %(today)s
      AND (l.rest_billed_with IS NULL OR i.period <= l.rest_billed_with OR i.billed)
      AND (NOT i.billed
           OR (i.open_principal_fen + i.open_interest_fen
               + i.reserve_open_principal_fen + i.reserve_open_interest_fen
               + i.guarantor_open_principal_fen + i.guarantor_open_interest_fen > 0
               AND ((NOT i.overdue AND %(today)s - i.due_on > p.grace)
                    OR (p.rolls AND %(free)s AND i.due_on = %(today)s)
                    OR (who.payer IS NOT NULL AND NOT i.filed
                        AND NOT (who.payer = 'guarantor' AND i.confirmed)
                        AND (i.open_principal_fen > 0 OR (p.interest AND i.open_interest_fen > 0))
                        AND (%(today)s - i.due_on >= p.claimed_from
                             OR (p.whole_from IS NOT NULL AND EXISTS (
                                 SELECT FROM {0}.instalment o
                                 WHERE o.loan_id = i.loan_id AND o.billed
                                   AND %(today)s - o.due_on >= p.whole_from
                                   AND o.open_principal_fen + o.open_interest_fen
                                       + o.reserve_open_principal_fen
                                       + o.reserve_open_interest_fen
                                       + o.guarantor_open_principal_fen
                                       + o.guarantor_open_interest_fen > 0))))
                    OR (l.rest_billed_with IS NULL AND %(today)s - i.due_on >= p.called_in_from
                        AND EXISTS (
                            SELECT FROM {0}.instalment n
                            WHERE n.loan_id = i.loan_id AND NOT n.billed
                              AND n.principal_fen + n.interest_fen > 0)))))
    ORDER BY i.loan_id
"""


def loans_due(
    connection: Connection[Any],
    views: sql.Identifier,
    policies: Iterable[PolicyTerms],
    today: date,
    *,
    free: bool,
) -> list[str]:
    """Loans with an instalment to bill, to mark overdue, or late enough to be paid by whoever
    stands in, or with a rest that falls due; and with one that was billed early and whose due date
    rolls today, if today is `free`."""
    marks = [_Marks.of(terms) for policy in policies for terms in policy.variants]
    values = {"today": today, "free": free} | _columns(marks)
    return [row[0] for row in connection.execute(sql.SQL(_DUE).format(views), values)]


class _Marks(NamedTuple):
    """From which day of lateness on something is to be decided under a policy; None: never."""

    version: str
    grace: int
    rolls: bool  # A due date that is no working day.
    claimed_from: int | None
    whole_from: int | None  # All open instalments are claimed.
    called_in_from: int | None
    interest: bool  # Whether interest alone may be claimed.
    guaranteed: str  # Who must pay first on a loan that has a guarantor,
    plain: str | None  # and on one that has none; None: nobody.

    @classmethod
    def of(cls, terms: PolicyTerms) -> _Marks:
        protects = terms.scope is not Scope.NONE
        stages = [max(each.from_days, terms.grace_days + 1) for each in terms.triggers]
        whole = [
            from_days
            for from_days, each in zip(stages, terms.triggers, strict=True)
            if each.covers is not Covers.INSTALMENT
        ]
        over_days = terms.acceleration.over_days if terms.acceleration else None
        called_in = whole if protects else []
        if over_days is not None:
            called_in = [*called_in, max(over_days, terms.grace_days) + 1]
        return cls(
            version=terms.version,
            grace=terms.grace_days,
            rolls=terms.roll is not Roll.NONE,
            claimed_from=min(stages) if protects else None,
            whole_from=min(whole) if protects and whole else None,
            called_in_from=min(called_in, default=None),
            interest=terms.scope is Scope.PRINCIPAL_AND_INTEREST
            and any(each.covers is not Covers.PRINCIPAL for each in terms.triggers),
            guaranteed=terms.providers[0].value,
            plain=_without_guarantor(terms),
        )


def _without_guarantor(terms: PolicyTerms) -> str | None:
    """Who must pay first on a loan that nobody guarantees."""
    rest = (each.value for each in terms.providers if each is not Provider.GUARANTOR)
    return next(rest, None)


def _columns(marks: Sequence[_Marks]) -> dict[str, object]:
    return {name: [getattr(each, name) for each in marks] for name in _Marks._fields}
