"""Opening the bank's database: its schema, its opening state, its lock."""

from __future__ import annotations

import time
from datetime import date

import orjson
import psycopg
from psycopg.types.json import set_json_loads

from infra.postgres import migrate
from services.sandbox_bank import store
from services.sandbox_bank.rows import PLATFORM_ROLES, Account
from services.sandbox_bank.schema import MIGRATIONS, SCHEMA

_LOCK = 7_240_001
_LOCK_TRIES = 60
_FOUNDED = date(2000, 1, 1)
# Everything is found by a key or a day: a plan made while a table was empty must not stay.
_OPTIONS = f"-c search_path={SCHEMA} -c timezone=Asia/Shanghai -c enable_seqscan=off"


class DatabaseInUse(Exception):
    """Another stand-in bank works on this database."""


def connect(url: str) -> store.Db:
    db = psycopg.connect(url, options=_OPTIONS)
    set_json_loads(orjson.loads, db)
    return db


def open_database(url: str) -> store.Db:
    """Connect as the only writer, and found the bank where it is new."""
    db = connect(url)
    try:
        _lock(db)
        migrate(db, SCHEMA, MIGRATIONS)
        _found(db)
        db.commit()
    except BaseException:
        db.close()
        raise
    return db


def _lock(db: store.Db) -> None:
    for _ in range(_LOCK_TRIES):
        row = db.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
        if row == (True,):
            db.commit()
            return
        # A killed predecessor's connection may take a moment to be noticed.
        time.sleep(0.1)
    raise DatabaseInUse("another stand-in bank works on this database")


def _found(db: store.Db) -> None:
    if db.execute("SELECT 1 FROM bank").fetchone():
        return
    store.ACCOUNT.write(
        db,
        [
            Account(no, member_no, role, company=True, opened_on=_FOUNDED)
            for member_no, (no, role) in enumerate(PLATFORM_ROLES.items(), start=1)
        ],
    )
    db.execute("INSERT INTO bank (rolled_to, last_no) VALUES (%s, 1000)", (_FOUNDED,))
