"""What went wrong in another part, as the command line says it. One table, read from the top."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from kafka.errors import KafkaError
from psycopg import errors as sql_errors

from adapters.commanding import CommandParked
from adapters.event_log import AppendUnknown, WriterFenced
from adapters.inbox import NoReceipt
from adapters.kafka.log import GapInTopic, OtherLife, TopicBehind
from adapters.kafka.publisher import NoReply
from adapters.kafka.reading import RecordsLost
from adapters.kafka.topics import Topic, TopicMissing, TopicRefused
from adapters.parked import ParkedUnknown
from adapters.read_models.answers import NotInView, NotYet
from adapters.read_models.store import RebuildRunning, ViewOutdated, ViewUnknown
from adapters.read_models.view import ProjectionFailed
from adapters.topic_decisions import RelayHolds
from adapters.vault import VaultKeyOther
from domain.bank_statement import StatementUnreadable
from domain.model import Refused
from domain.money import BadFigure
from infra.errors import PartUnavailable
from infra.keys import KeyUnusable
from infra.migrations import MigrationRefused
from infra.settings import SettingsError
from services.cli.failure import EXIT_REFUSED, CliError, bad_input
from services.custody.custody import LogBehind
from services.custody.lease import CustodyBusy
from services.day_end.day_end import DayEndFailed
from services.projections.projector import LogGap
from services.relay.relay import RelayStopped
from services.settlement.kafka_intake import TopicReplaced

Tell = Callable[[Any], CliError]


def explain(error: BaseException) -> CliError | None:
    """None for what nobody foresaw: a bug, which keeps its traceback."""
    if isinstance(error, CliError):
        return error
    return next((tell(error) for kinds, tell in _TABLE if isinstance(error, kinds)), None)


def _says(code: str, hint: str | None = None, exit_code: int = EXIT_REFUSED) -> Tell:
    return lambda error: CliError(code, str(error), hint=hint, exit_code=exit_code)


def _part(error: PartUnavailable) -> CliError:
    return CliError(error.code, str(error.args[0]), hint=error.hint)


def _refused(error: Refused) -> CliError:
    return CliError(error.code, error.message, error.field, exit_code=EXIT_REFUSED)


def _database(error: psycopg.Error) -> CliError:
    # Never the DETAIL, which quotes the row.
    said = error.diag.message_primary or type(error).__name__
    return CliError(
        "database_failed",
        f"PostgreSQL: {said}",
        hint="try again; if it stays, see postgres.log in the data folder",
        exit_code=EXIT_REFUSED,
    )


def _not_there(error: Exception, hint: str) -> CliError:
    return CliError("not_found", str(error), "id", hint)


def _records_lost(error: RecordsLost) -> CliError:
    ours = not error.topic.endswith(f".{Topic.COMMANDS}")
    hint = _RENEW.format(kind=error.topic.split(".")[-1]) if ours else _RETAKE
    return _says("records_lost", hint)(error)


_RETAKE = "docs/kafka.md says what was lost; zhuanhu topics retake goes on with what the topic has"
_RENEW = "zhuanhu verify says whether the log is whole; if so, zhuanhu topics renew {kind}"
_VERIFY = "run zhuanhu verify, and report what it says"

_TABLE: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Tell], ...] = (
    (BadFigure, lambda error: bad_input(error.field, error.rule)),
    (Refused, _refused),
    (PartUnavailable, _part),
    (
        StatementUnreadable,
        lambda error: CliError(
            "statement_unreadable",
            f"file: {error}",
            "file",
            "nothing of it was taken in; ask the bank for it again",
        ),
    ),
    (ParkedUnknown, lambda error: _not_there(error, "zhuanhu parked list gives their ids")),
    (RecordsLost, _records_lost),
    (TopicReplaced, _says("topic_replaced", _RETAKE)),
    (RelayHolds, _says("topic_in_use", "stop it first")),
    (CommandParked, _says("command_parked", "zhuanhu parked list tells more")),
    (
        RelayStopped,
        _says(
            "relay_stopped",
            "docs/kafka.md has what to do, under 'Where a part has ended'; nothing is lost",
        ),
    ),
    (
        SettingsError,
        lambda error: CliError("bad_settings", str(error), hint="correct the environment variable"),
    ),
    (
        KeyUnusable,
        lambda error: CliError(
            "key_unusable", str(error), hint="put the key back from its safe copy"
        ),
    ),
    (
        VaultKeyOther,
        lambda error: CliError(
            "vault_key_other",
            str(error),
            hint="set ZHUANHU_VAULT_KEY, or keys/vault.key in the data folder, to what the writer"
            " has; nothing was done",
        ),
    ),
    (TopicMissing, _says("topic_missing", "zhuanhu topics ensure makes it")),
    (TopicRefused, _says("topic_refused", "change the setting (docs/kafka.md), or the cluster")),
    (
        MigrationRefused,
        lambda error: CliError(
            "schema_refused", str(error), hint="use the version of zhuanhu that made it, or a newer"
        ),
    ),
    (
        NotInView,
        lambda error: CliError("not_found", str(error), error.noun, "is the id spelled right?"),
    ),
    (
        NotYet,
        lambda error: CliError("position_unknown", str(error), "as_of", "name an earlier one"),
    ),
    (
        ViewUnknown,
        lambda error: CliError("view_unknown", str(error).strip("'\""), "name", "name one of them"),
    ),
    (ViewOutdated, _says("view_outdated", "zhuanhu rebuild NAME makes it anew")),
    (RebuildRunning, _says("rebuild_running", "try again when it is done")),
    (ProjectionFailed, _says("view_failed", _VERIFY)),
    (OtherLife, _says("topic_of_other_life", "docs/restore.md: zhuanhu topics renew events")),
    (GapInTopic, _says("log_gap", _RENEW.format(kind=Topic.EVENTS.value))),
    (LogGap, _says("log_gap", _VERIFY)),
    (TopicBehind, _says("topic_behind", "see that zhuanhu relay runs, or leave --kafka out")),
    (LogBehind, _says("log_behind", "restore the newer backup; nothing was sent")),
    (CustodyBusy, _says("custody_busy", "stop the other process first")),
    (DayEndFailed, _says("day_end_failed", "see which command was refused, and why")),
    (WriterFenced, _says("writer_replaced", "another writer runs on this database: stop one")),
    (NoReceipt, _says("no_receipt", "ask later: zhuanhu command show ID")),
    (NoReply, _says("no_receipt", "see that a writer runs, and zhuanhu parked list")),
    (KafkaError, _says("kafka_failed", "see KAFKA_BOOTSTRAP_SERVERS, and zhuanhu topics ensure")),
    (AppendUnknown, _says("database_failed", "publish again: what was decided is not repeated")),
    (
        (sql_errors.UndefinedTable, sql_errors.InvalidSchemaName),
        lambda _: CliError(
            "not_prepared", "the tables are not there yet", hint="run zhuanhu up once"
        ),
    ),
    (
        sql_errors.DiskFull,
        lambda _: CliError("no_space_left", "the disk is full", hint="free some space"),
    ),
    (psycopg.Error, _database),
)
