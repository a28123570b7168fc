"""The tables of custody, one schema a platform.

The tables of JOURNAL are only ever added to, and never rebuilt.
`request_state` is each request's last step, kept beside it for speed.
"""

from __future__ import annotations

from infra.postgres import Migration

JOURNAL = ("request", "instruction", "request_step", "hold")


def custody_schema(platform: str) -> str:
    return f"custody_{platform}"


MIGRATIONS = (
    Migration(
        1,
        "journal",
        """
        -- One call to the bank. The payload names personal data, it does not hold them.
        CREATE TABLE request (
            request_no text PRIMARY KEY,
            kind text NOT NULL,
            position bigint NOT NULL,   -- of the event that caused it
            number int NOT NULL,        -- among those of that event
            ordering_key text NOT NULL,
            subject text NOT NULL,      -- entry, member or loan
            correlation text NOT NULL,
            payload jsonb NOT NULL,
            created_at timestamptz NOT NULL,
            UNIQUE (position, number)   -- an event is planned once
        );

        -- One row a movement: what the bank was told to do about it.
        CREATE TABLE instruction (
            movement_id text PRIMARY KEY,
            request_no text NOT NULL REFERENCES request,
            entry_id text NOT NULL,
            amount_fen bigint NOT NULL CHECK (amount_fen > 0),
            position bigint NOT NULL
        );

        CREATE TABLE request_step (
            request_no text NOT NULL REFERENCES request,
            seq int NOT NULL,
            state text NOT NULL CHECK (state IN ('planned', 'sent', 'unknown', 'pending',
                                                 'settled', 'refused', 'contradicted')),
            code text NOT NULL,
            bank_date date,
            at timestamptz NOT NULL,
            PRIMARY KEY (request_no, seq)
        );

        CREATE TABLE request_state (
            request_no text PRIMARY KEY REFERENCES request,
            state text NOT NULL,
            code text NOT NULL,
            bank_date date,
            sent_on date,               -- the bank's day of the first sending
            steps int NOT NULL,
            reported bool NOT NULL DEFAULT false
        ) WITH (fillfactor = 70);
        CREATE INDEX request_unreported ON request_state (request_no) WHERE NOT reported;

        -- Up to where the log has been planned; the row and the plans are one commit.
        CREATE TABLE follower (
            only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
            position bigint NOT NULL
        );
        INSERT INTO follower (position) VALUES (0);

        -- What custody must know to build requests. Fed from the log.
        CREATE TABLE member (
            member_id text PRIMARY KEY,
            company bool NOT NULL,
            identity_ref text NOT NULL
        );
        CREATE TABLE card (
            binding_id text NOT NULL,
            member_id text NOT NULL,
            account text NOT NULL,
            card_ref text NOT NULL,
            name text NOT NULL UNIQUE,
            bound bool NOT NULL,
            unbindings int NOT NULL,
            PRIMARY KEY (binding_id, member_id)
        );
        CREATE TABLE project (
            loan_id text PRIMARY KEY,
            borrower text NOT NULL,
            amount_fen bigint NOT NULL,
            annual_rate text NOT NULL,
            method text NOT NULL,
            periods int NOT NULL,
            attempts int NOT NULL
        );

        -- Verified callbacks, as they came. The four columns at the end: a returned withdrawal.
        CREATE TABLE notice (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            received_at timestamptz NOT NULL,
            request_no text NOT NULL,
            outcome text NOT NULL,
            code text NOT NULL,
            bank_date date,
            handled bool NOT NULL DEFAULT false,
            withdrawal_request_no text,
            account text,
            amount_fen bigint
        );
        CREATE INDEX notice_fresh ON notice (id) WHERE NOT handled;

        -- What a person must look at. Said once for each request and code.
        CREATE TABLE trouble (
            request_no text NOT NULL,
            code text NOT NULL,
            at timestamptz NOT NULL,
            PRIMARY KEY (request_no, code)
        );
        """,
    ),
    Migration(
        2,
        "asks",
        """
        -- How often the bank was asked after a request: a question that brings nothing new is no
        -- step. Of those asked before this it says 0.
        ALTER TABLE request_state ADD COLUMN asks int NOT NULL DEFAULT 0;
        """,
    ),
    Migration(
        3,
        "hold",
        """
        -- Sending is held while the last row says so: the database was restored (hold.py).
        CREATE TABLE hold (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at timestamptz NOT NULL,
            what text NOT NULL CHECK (what IN ('held', 'released')),
            reason text CHECK ((what = 'held') = (reason IS NOT NULL)),
            position bigint NOT NULL,   -- where the log ended then
            backup text,                -- PostgreSQL's name for the one that it was started from
            by text,                    -- who bears what differed at the release
            result jsonb NOT NULL       -- what catching up had found then
        );
        """,
    ),
    Migration(
        4,
        "authorised",
        """
        -- Of what a member has authorised, or ended, at the bank by himself.
        ALTER TABLE notice ADD COLUMN authorised jsonb;
        """,
    ),
    Migration(
        5,
        "offers of claims",
        """
        CREATE TABLE offer (
            assignment_id text PRIMARY KEY,
            loan_id text NOT NULL,
            seller text NOT NULL,
            share_fen bigint NOT NULL
        );
        """,
    ),
)
