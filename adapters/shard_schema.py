"""The tables of one platform's shard, beside the event store's own. Written by the writer only."""

from __future__ import annotations

from typing import LiteralString, NamedTuple, Self

from infra.postgres import Migration


def shard_schema(platform: str) -> str:
    """The event store takes no dashes in it; no platform's name has an underscore."""
    return f"shard_{platform.replace('-', '_')}"


def appended_channel(platform: str) -> str:
    """Where the database says that the shard's log has grown: an Appended, written."""
    return f"{shard_schema(platform)}.appended"


class Appended(NamedTuple):
    """Where log and receipts end now, and whether other answers or parked messages came too."""

    position: int
    receipts: int
    others: bool

    def written(self) -> str:
        return f"{self.position} {self.receipts} {self.others:d}"

    @classmethod
    def read(cls, written: str) -> Self:
        position, receipts, others = map(int, written.split())
        return cls(position, receipts, bool(others))


def writer_role(platform: str) -> str:
    """What the writer's session is called; who looks for it finds it by that."""
    return f"writer {platform}"


RELAY_SESSIONS: LiteralString = (
    " FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND datname = current_database()"
    " AND (classid::bigint << 32) | objid::bigint = hashtextextended(%s, 0)"
)
"""Whoever holds the lock of a platform's `relay_role` is its relay."""


TAKE_RELAY_LOCK = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
"""By the `relay_role`, for as long as the session lasts."""


def relay_role(platform: str) -> str:
    """What the relay's session is called, and the lock that it holds."""
    return f"relay {platform}"


MIGRATIONS = (
    Migration(
        1,
        "shard",
        """
        -- One row: who may write, and where the log ends. Every append updates it.
        CREATE TABLE shard (
            only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
            epoch bigint NOT NULL DEFAULT 0,
            head_position bigint NOT NULL DEFAULT 0,
            head_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
            receipts bigint NOT NULL DEFAULT 0,
            outstanding_principal_fen bigint NOT NULL DEFAULT 0
        );
        INSERT INTO shard DEFAULT VALUES;

        -- What each account has. `outside` and `shortfall` are not accounts and have no row.
        CREATE TABLE account_balance (
            account text PRIMARY KEY,
            available_fen bigint NOT NULL CHECK (available_fen >= 0),
            frozen_fen bigint NOT NULL CHECK (frozen_fen >= 0)
        ) WITH (fillfactor = 60);

        -- The outcome of every command, in order.
        CREATE TABLE receipt (
            command_id text PRIMARY KEY,
            number bigint NOT NULL,
            type text NOT NULL,
            actor text NOT NULL,
            payload_hash bytea NOT NULL,
            outcome text NOT NULL,
            code text NOT NULL,
            message text NOT NULL,
            field text,
            first_position bigint NOT NULL,
            last_position bigint NOT NULL,
            recorded_at timestamptz NOT NULL
        );
        CREATE UNIQUE INDEX receipt_number ON receipt (number);

        -- Personal data, encrypted. Erased by setting wrapped_key to nothing.
        CREATE TABLE vault (
            ref text PRIMARY KEY,
            wrapped_key bytea NOT NULL,
            content bytea NOT NULL
        );

        -- Commands that wait for the writer. It deletes what it has decided, in the same commit.
        CREATE TABLE inbox (
            position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            message bytea NOT NULL,
            received_at timestamptz NOT NULL DEFAULT now()
        );

        -- What came of an inbox message, until its sender picks it up.
        CREATE TABLE inbox_answer (
            position bigint PRIMARY KEY,
            command_id text NOT NULL,
            outcome text NOT NULL,
            code text NOT NULL,
            message text NOT NULL,
            field text,
            first_position bigint NOT NULL,
            last_position bigint NOT NULL,
            replayed bool NOT NULL
        );

        -- Messages that could not be read as a command, with the reason.
        CREATE TABLE parked (
            position bigint PRIMARY KEY,
            message bytea NOT NULL,
            reason text NOT NULL,
            parked_at timestamptz NOT NULL DEFAULT now()
        );
        """,
    ),
    Migration(
        2,
        "kafka",
        """
        -- How far the topic of commands is taken: the offset of the next one.
        ALTER TABLE shard ADD COLUMN commands_offset bigint NOT NULL DEFAULT 0,
            ADD COLUMN replays bigint NOT NULL DEFAULT 0;

        -- Answers to commands of the topic that are no new receipts, until they are published.
        CREATE TABLE replay (
            number bigint PRIMARY KEY,
            command_id text NOT NULL,
            outcome text NOT NULL,
            code text NOT NULL,
            message text NOT NULL,
            field text,
            first_position bigint NOT NULL,
            last_position bigint NOT NULL
        );

        -- Up to which receipt and replay the answers were published at least.
        CREATE TABLE relayed (
            only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
            receipts bigint NOT NULL DEFAULT 0,
            replays bigint NOT NULL DEFAULT 0
        );
        INSERT INTO relayed DEFAULT VALUES;

        -- Now encrypted, with where the message came from and what became of it.
        DROP TABLE parked;
        CREATE TABLE parked (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            source text NOT NULL,
            place bigint NOT NULL,
            wrapped_key bytea NOT NULL,
            content bytea NOT NULL,
            reason text NOT NULL,
            parked_at timestamptz NOT NULL DEFAULT now(),
            state text NOT NULL DEFAULT 'parked'
                CHECK (state IN ('parked', 'retried', 'discarded')),
            ended_at timestamptz,
            ended_by text,
            note text,
            UNIQUE (source, place)
        );
        """,
    ),
    Migration(
        3,
        "commands_topic",
        """
        -- Kafka's own name for the topic that commands_offset counts in.
        ALTER TABLE shard ADD COLUMN commands_topic uuid;
        """,
    ),
    Migration(
        4,
        "parked_again",
        """
        -- In a topic that was made anew an offset comes again, and is another message.
        ALTER TABLE parked DROP CONSTRAINT parked_source_place_key;
        CREATE UNIQUE INDEX ON parked (place) WHERE source = 'inbox';
        """,
    ),
    Migration(
        5,
        "lent_principal",
        """
        -- What was lent of the loans that are not paid off yet: a policy may have the reserve's cap
        -- reckoned of it.
        ALTER TABLE shard ADD COLUMN lent_principal_fen bigint NOT NULL DEFAULT 0;
        DO $$ BEGIN
            IF to_regclass('stored_events') IS NOT NULL THEN
                UPDATE shard SET lent_principal_fen = (
                    SELECT coalesce(sum((claim ->> 2)::bigint), 0)
                    FROM stored_events AS paid_out CROSS JOIN LATERAL jsonb_array_elements(
                        convert_from(state, 'UTF8')::jsonb #> '{data,claims}') AS claim
                    WHERE topic = 'loan.disbursed.v1' AND NOT EXISTS (
                        SELECT FROM stored_events AS paid_off
                        WHERE paid_off.originator_id = paid_out.originator_id
                          AND paid_off.topic = 'loan.settled.v1'));
            END IF;
        END $$;
        """,
    ),
    Migration(
        6,
        "vault_key",
        """
        -- By which the vault's key is known again; of it the key cannot be made.
        ALTER TABLE shard ADD COLUMN vault_key bytea;
        """,
    ),
    Migration(
        7,
        "topic_decision",
        """
        -- What a person decided about a topic that is not what it was. Only added to.
        CREATE TABLE topic_decision (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            decided text NOT NULL CHECK (decided IN ('retaken', 'renewed')),
            topic text NOT NULL,
            reached bigint NOT NULL, -- Of commands up to where they were taken, else its end.
            goes_on_at bigint NOT NULL,
            decided_by text NOT NULL,
            reason text NOT NULL,
            decided_at timestamptz NOT NULL DEFAULT now()
        );
        """,
    ),
    Migration(
        8,
        "answered_at",
        """
        -- Whoever asked may have died: then nobody picks it up.
        ALTER TABLE inbox_answer ADD COLUMN answered_at timestamptz NOT NULL DEFAULT now();
        """,
    ),
)
