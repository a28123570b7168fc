"""The statements of as_known.py: rows that hold now, and stretches of days before, by date."""

# ruff: noqa: S608  -- the statements are put together of constants, values are bound.

from __future__ import annotations

_DAYS = "WITH day AS (SELECT unnest(%(days)s::date[]) AS on_day)"

_OWED = """, owed AS (
    SELECT on_day, loan_id, principal_fen, interest_fen
    FROM day JOIN loan_history ON from_on <= on_day AND on_day < to_on
    UNION ALL
    SELECT on_day, loan_id, outstanding_principal_fen, outstanding_interest_fen
    FROM day JOIN loan ON outstanding_since <= on_day
    WHERE outstanding_principal_fen + outstanding_interest_fen > 0
)"""

# Of each stretch the days that lie in it and behind the due date are cut out of the sorted array.
_LATE = """, line AS (
    SELECT loan_id, due_on, open_principal_fen + open_interest_fen AS lenders_fen,
        open_principal_fen + reserve_open_principal_fen
            + guarantor_open_principal_fen AS principal_fen,
        open_interest_fen + reserve_open_interest_fen
            + guarantor_open_interest_fen AS interest_fen,
        unnest((%(days)s::date[])[
            width_bucket(greatest(from_on - 1, due_on), %(days)s::date[]) + 1 :
            width_bucket(to_on - 1, %(days)s::date[])]) AS on_day
    FROM instalment_history WHERE due_on < to_on - 1
    UNION ALL
    SELECT loan_id, due_on, open_principal_fen + open_interest_fen,
        open_principal_fen + reserve_open_principal_fen + guarantor_open_principal_fen,
        open_interest_fen + reserve_open_interest_fen + guarantor_open_interest_fen,
        unnest((%(days)s::date[])[
            width_bucket(greatest(open_since - 1, due_on), %(days)s::date[]) + 1 :])
    FROM instalment
    WHERE open_since IS NOT NULL AND open_principal_fen + open_interest_fen
        + reserve_open_principal_fen + reserve_open_interest_fen
        + guarantor_open_principal_fen + guarantor_open_interest_fen > 0
), late AS (
    SELECT on_day, loan_id, on_day - min(due_on) AS days,
        on_day - min(due_on) FILTER (WHERE lenders_fen > 0) AS lenders_days,
        count(*) AS instalments,
        sum(principal_fen)::bigint AS principal_fen, sum(interest_fen)::bigint AS interest_fen,
        sum(lenders_fen)::bigint AS lenders_fen
    FROM line GROUP BY on_day, loan_id
)"""

# Of each loan's own table, or of the one without a name, which is for all.
_STAGE = """, stage AS (
    SELECT in_table, name, from_days,
        lead(from_days) OVER (PARTITION BY in_table ORDER BY from_days) - 1 AS to_days
    FROM unnest(%(tables)s::text[], %(names)s::text[], %(from_days)s::bigint[])
        AS given (in_table, name, from_days)
    WHERE in_table = '' OR in_table IN (SELECT coalesce(ageing, %(usual)s) FROM loan)
)"""

_IN_STAGE = """days >= from_days AND (to_days IS NULL OR days <= to_days)
    AND in_table IN ('', coalesce(ageing, %(usual)s))"""

BY_STAGE = f"""{_DAYS}{_LATE}{_STAGE}
SELECT name, from_days, to_days, count(loan_id), coalesce(sum(instalments), 0)::bigint,
    coalesce(sum(principal_fen), 0)::bigint, coalesce(sum(interest_fen), 0)::bigint,
    coalesce(sum(lenders_fen), 0)::bigint, in_table
FROM stage LEFT JOIN (late JOIN loan USING (loan_id)) ON {_IN_STAGE}
GROUP BY in_table, name, from_days, to_days
ORDER BY in_table, from_days
"""

BY_GRADE = f"""{_DAYS}{_OWED}{_LATE}
SELECT coalesce(grade, ''), count(*), sum(owed.principal_fen)::bigint, count(late.loan_id),
    coalesce(sum(late.principal_fen + late.interest_fen), 0)::bigint,
    coalesce(sum(lenders_fen), 0)::bigint,
    count(*) FILTER (WHERE days > 30), count(*) FILTER (WHERE days > 90)
FROM owed JOIN loan USING (loan_id) LEFT JOIN late USING (on_day, loan_id)
GROUP BY 1
ORDER BY 1
"""

BY_VINTAGE = f"""{_DAYS}{_LATE}, bad AS (
    SELECT date_trunc('month', disbursed_on)::date AS issued, on_day, days > 90 AS over_90,
        coalesce(before.principal_fen, outstanding_principal_fen) AS fen
    FROM late JOIN loan USING (loan_id) LEFT JOIN loan_history AS before
        ON before.loan_id = late.loan_id AND before.from_on <= on_day AND on_day < before.to_on
    WHERE days > 30
), counted AS (
    SELECT issued, on_day, count(*) AS loans_30, sum(fen)::bigint AS fen_30,
        count(*) FILTER (WHERE over_90) AS loans_90,
        coalesce(sum(fen) FILTER (WHERE over_90), 0)::bigint AS fen_90
    FROM bad GROUP BY issued, on_day
), vintage AS (
    SELECT date_trunc('month', disbursed_on)::date AS issued, count(*) AS loans,
        sum(amount_fen)::bigint AS lent_fen
    FROM loan WHERE disbursed_on <= %(last)s GROUP BY 1
)
SELECT issued, on_day, loans, lent_fen, coalesce(loans_30, 0), coalesce(fen_30, 0),
    coalesce(loans_90, 0), coalesce(fen_90, 0)
FROM vintage JOIN day ON on_day >= issued LEFT JOIN counted USING (issued, on_day)
ORDER BY issued, on_day
"""

ROLL = f"""{_DAYS}{_OWED}{_LATE}{_STAGE}, stood AS (
    SELECT on_day, loan_id, coalesce(name, 'current') AS stage, coalesce(from_days, 0) AS place,
        CASE WHEN %(own)s THEN coalesce(ageing, %(usual)s) ELSE '' END AS in_table
    FROM owed JOIN loan USING (loan_id) LEFT JOIN late USING (on_day, loan_id)
        LEFT JOIN stage ON {_IN_STAGE}
)
SELECT coalesce(a.stage, 'new'), coalesce(b.stage, 'settled'), count(*),
    coalesce(a.in_table, b.in_table) AS in_table
FROM (SELECT * FROM stood WHERE on_day = %(first)s) AS a
FULL JOIN (SELECT * FROM stood WHERE on_day = %(last)s) AS b USING (loan_id)
GROUP BY 4, a.stage, a.place, b.stage, b.place
ORDER BY 4, a.place NULLS FIRST, b.place NULLS LAST
"""

# A stretch adds what it holds on its first day and takes it away on the day after its last: so a
# history of any length is read once, whatever the number of month ends.
BY_MONTH = f"""{_DAYS}{_LATE}, step AS (
    SELECT loan_id, from_on AS step_on, 1 AS loans, principal_fen FROM loan_history
    UNION ALL
    SELECT loan_id, to_on, -1, -principal_fen FROM loan_history
    UNION ALL
    SELECT loan_id, outstanding_since, 1, outstanding_principal_fen FROM loan
    WHERE outstanding_principal_fen + outstanding_interest_fen > 0
), stepped AS (
    SELECT step_on, sum(loans) AS loans, sum(principal_fen) AS principal_fen,
        sum(principal_fen) FILTER (WHERE protection <> %(unprotected)s) AS protected_fen
    FROM step JOIN loan USING (loan_id) GROUP BY step_on
), owed AS (
    SELECT on_day, sum(loans)::bigint AS loans, sum(principal_fen)::bigint AS principal_fen,
        sum(protected_fen)::bigint AS protected_fen
    FROM day JOIN stepped ON step_on <= on_day GROUP BY on_day
), overdue AS (
    SELECT on_day, count(*) AS loans, sum(lenders_fen)::bigint AS lenders_fen
    FROM late GROUP BY on_day
)
SELECT on_day, coalesce(owed.loans, 0), coalesce(owed.principal_fen, 0),
    coalesce(overdue.loans, 0), coalesce(lenders_fen, 0), coalesce((
        SELECT available_after_fen + frozen_after_fen FROM statement_line
        WHERE account = %(reserve)s AND position <= (
            SELECT coalesce(closing_position, 9223372036854775807) FROM business_day
            WHERE business_date <= on_day ORDER BY business_date DESC LIMIT 1)
        ORDER BY position DESC LIMIT 1
    ), 0), coalesce(protected_fen, 0)
FROM day LEFT JOIN owed USING (on_day) LEFT JOIN overdue USING (on_day)
ORDER BY on_day
"""

LOANS = f"""{_DAYS}{_OWED}{_LATE}, lent AS (
    SELECT loan_id, array_agg(DISTINCT investor_id) AS lenders,
        array_agg(DISTINCT investor_id)
            FILTER (WHERE repaid_on IS NULL OR repaid_on > %(last)s) AS current_lenders
    FROM claim WHERE lent_on <= %(last)s GROUP BY loan_id
), advanced AS (
    SELECT subject AS loan_id, sum(amount_fen)::bigint AS fen, count(DISTINCT entry_id) AS advances
    FROM movement WHERE purpose = ANY(%(third_party)s) AND status = 'settled'
        AND closed_on <= %(last)s
        AND NOT EXISTS (
            SELECT FROM guaranteed_loan AS named WHERE named.loan_id = subject
                AND named.guarantor_id = split_part(payer, ':', 1) AND stands_as = %(platform)s)
        AND NOT coalesce((
            SELECT related FROM member_related AS standing
            WHERE standing.member_id = split_part(payer, ':', 1) AND from_on <= closed_on
            ORDER BY from_on DESC LIMIT 1), false)
    GROUP BY subject
)
SELECT loan_id, borrower_id, amount_fen, coalesce(owed.principal_fen, 0),
    coalesce(owed.interest_fen, 0), coalesce((
        SELECT related FROM member_related AS standing
        WHERE standing.member_id = borrower_id AND from_on <= %(last)s
        ORDER BY from_on DESC LIMIT 1), false), coalesce(late.lenders_fen, 0),
    coalesce(lenders_days, 0), coalesce(advanced.fen, 0), coalesce(advances, 0),
    lenders, coalesce(current_lenders, ARRAY[]::text[])
FROM loan JOIN lent USING (loan_id)
    LEFT JOIN owed USING (loan_id) LEFT JOIN late USING (loan_id) LEFT JOIN advanced USING (loan_id)
WHERE disbursed_on <= %(last)s
ORDER BY loan_id
"""
