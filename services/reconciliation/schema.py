"""The tables of reconciliation, one schema a platform. Written by Reconciler and Records only."""

from __future__ import annotations

from infra.postgres import Migration


def reconciliation_schema(platform: str) -> str:
    return f"reconciliation_{platform}"


MIGRATIONS = (
    Migration(
        1,
        "days_and_breaks",
        """
        -- The last result of every bank day. See results.DayResult.
        CREATE TABLE day (
            bank_date date PRIMARY KEY,
            verdict text NOT NULL CHECK (verdict IN (
                'incomplete', 'breaks', 'reconciled_with_pending', 'reconciled')),
            reason text NOT NULL,
            digest text NOT NULL,
            lines bigint NOT NULL,
            matched bigint NOT NULL,
            accounts bigint NOT NULL,
            pending bigint NOT NULL,
            taken_in bigint NOT NULL,
            timing bigint NOT NULL,
            breaks bigint NOT NULL,
            position bigint NOT NULL,
            reconciled_at timestamptz NOT NULL,
            confirmed_at timestamptz,
            confirm_code text NOT NULL
        );

        -- On which bank day a line was listed as done, by what it is matched by.
        CREATE TABLE line (
            key text COLLATE "C" NOT NULL,
            bank_date date NOT NULL,
            PRIMARY KEY (key, bank_date)
        );
        CREATE INDEX line_day ON line USING brin (bank_date);

        CREATE TABLE break (
            break_id text PRIMARY KEY,
            class text NOT NULL,
            reference text NOT NULL,
            owner text NOT NULL,
            status text NOT NULL CHECK (status IN ('open', 'resolved')),
            resolution text CHECK (resolution = 'auto'),
            first_seen date NOT NULL,
            last_seen date NOT NULL,
            resolved_on date,
            CHECK ((status = 'resolved') = (resolution IS NOT NULL)),
            CHECK ((status = 'resolved') = (resolved_on IS NOT NULL))
        );
        CREATE INDEX break_open ON break (first_seen) WHERE status = 'open';

        -- A break on one bank day, with its figures. `gone`: a later run of that day found none.
        CREATE TABLE sighting (
            break_id text NOT NULL REFERENCES break,
            bank_date date NOT NULL,
            book_fen bigint,
            bank_fen bigint,
            detail text NOT NULL,
            turns_on date,
            gone bool NOT NULL DEFAULT false,
            PRIMARY KEY (break_id, bank_date)
        );
        CREATE INDEX sighting_day ON sighting (bank_date);

        CREATE TABLE break_history (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            break_id text NOT NULL REFERENCES break,
            at timestamptz NOT NULL,
            bank_date date,
            what text NOT NULL CHECK (what IN (
                'found', 'changed', 'resolved', 'reopened', 'assigned')),
            note text NOT NULL
        );
        CREATE INDEX break_history_break ON break_history (break_id);
        """,
    ),
    Migration(
        2,
        "resolved_by_a_person",
        """
        ALTER TABLE break DROP CONSTRAINT break_resolution_check;
        ALTER TABLE break ADD CONSTRAINT break_resolution_check
            CHECK (resolution IN ('auto', 'person'));
        """,
    ),
)
