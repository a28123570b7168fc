"""The bank's tables."""

from __future__ import annotations

from infra.postgres import Migration

SCHEMA = "sandbox_bank"

_TABLES = """
CREATE TABLE account (
    no text PRIMARY KEY,
    member_no bigint NOT NULL UNIQUE,
    role text NOT NULL,
    company boolean NOT NULL,
    opened_on date NOT NULL,
    available_fen bigint NOT NULL CHECK (available_fen >= 0),
    frozen_fen bigint NOT NULL CHECK (frozen_fen >= 0),
    name text, id_no text, mobile text, card_no text, bank_code text
);
CREATE TABLE project (
    no text PRIMARY KEY,
    borrower text NOT NULL REFERENCES account,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    name text NOT NULL,
    status text NOT NULL
);
CREATE TABLE "freeze" (
    request_no text PRIMARY KEY,
    account_no text NOT NULL REFERENCES account,
    biz_type text NOT NULL,
    project_no text,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    left_fen bigint NOT NULL CHECK (left_fen BETWEEN 0 AND amount_fen)
);
CREATE TABLE request (
    request_no text PRIMARY KEY,
    service text NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    bank_date date NOT NULL,
    account_no text,
    amount_fen bigint,
    error_code text, error_message text,
    batch_no text,
    due_on date,
    data jsonb
);
CREATE INDEX request_due ON request (due_on, request_no) WHERE due_on IS NOT NULL;
CREATE INDEX request_batch ON request (batch_no) WHERE batch_no IS NOT NULL;
CREATE TABLE entry (
    order_no bigint PRIMARY KEY,
    kind text NOT NULL,
    request_no text NOT NULL,
    biz_type text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    payer text NOT NULL,
    payee text NOT NULL,
    bank_date date NOT NULL,
    happened_at timestamptz NOT NULL,
    income_fen bigint NOT NULL CHECK (income_fen BETWEEN 0 AND amount_fen),
    project_no text, origin_no text, remark text, share text, custom_define text,
    card_no text, bank_code text, way text
);
CREATE INDEX entry_day ON entry (bank_date, kind);
CREATE TABLE posting (
    order_no bigint NOT NULL,
    account_no text NOT NULL,
    pot text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen <> 0),
    bank_date date NOT NULL
);
CREATE INDEX posting_day ON posting USING brin (bank_date);
CREATE TABLE notice (
    id bigint PRIMARY KEY,
    service text NOT NULL,
    body text NOT NULL,
    attempts integer NOT NULL,
    due_at timestamptz NOT NULL
);
CREATE TABLE confirmation (
    file_date date NOT NULL,
    file_type text NOT NULL,
    request_no text NOT NULL,
    PRIMARY KEY (file_date, file_type)
);
-- One row: where a set clock stands, the day rolled to, and the last number handed out.
CREATE TABLE bank (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    stands_at timestamptz,
    rolled_to date NOT NULL,
    last_no bigint NOT NULL
);
"""

_BATCH_FAMILY = """
ALTER TABLE account ADD COLUMN user_no text UNIQUE;
ALTER TABLE request ADD COLUMN notify_url text;
ALTER TABLE notice ADD COLUMN url text;
CREATE TABLE header (key text PRIMARY KEY);
"""

_AUTHORISATIONS = "ALTER TABLE account ADD COLUMN authorised jsonb;"
_FAULTS = """
-- What was injected, by script or by plan, for a test to compare with what was reported.
CREATE TABLE injected (
    id text PRIMARY KEY, -- kind and subject
    kind text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL,
    bank_date date NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX injected_day ON injected (bank_date, kind);
ALTER TABLE bank ADD COLUMN plan jsonb;
"""

_PAGES = """
ALTER TABLE account ADD COLUMN password text;
ALTER TABLE account ADD COLUMN wrong_tries integer NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN wrong_on date;
CREATE TABLE page (
    request_no text PRIMARY KEY REFERENCES request,
    token_hash text NOT NULL,
    closes_at timestamptz NOT NULL,
    back_to text
);
"""

MIGRATIONS = (
    Migration(1, "the bank's tables", _TABLES),
    Migration(2, "the batch family", _BATCH_FAMILY),
    Migration(3, "authorisations", _AUTHORISATIONS),
    Migration(4, "faults", _FAULTS),
    Migration(5, "the member's page", _PAGES),
)
