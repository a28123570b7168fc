"""One log for ours and the libraries' words: JSON lines on standard error, without personal data.

Only a composition root calls `configure`. What identifies a person is removed by its key, in our
own spelling and in the bank's; PostgreSQL's DETAIL lines, which quote the row, are cut off.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from typing import Any, TextIO

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from infra.settings import LogFormat, LogLevel

REMOVED = "[removed]"
PERSONAL = re.compile(
    r"name|address"
    r"|(.+_)?(user|real|full|account|holder|contact|payer|payee)_?name(_.+)?"
    r"|(.+_)?(phone|mobile|telephone|tel|e_?mail)(_.+)?"
    r"|(.+_)?(bank_?)?card_?(no|number)(_.+)?"
    r"|(.+_)?(id|cert|identity|licen[cs]e|credential)_?(card_?)?(no|number|code)(_.+)?"
    r"|(.+_)?id_?card(_.+)?"
    r"|(.+_)?(password|secret|token|vault_key|blacklist_key|commands_key|private_key)(_.+)?"
)


def configure(
    level: LogLevel = LogLevel.INFO,
    form: LogFormat = LogFormat.JSON,
    stream: TextIO | None = None,
) -> None:
    """Sets up logging for the whole process, anew each time it is called."""
    stream = stream or sys.stderr
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
        structlog.processors.ExceptionRenderer(_frames if form is LogFormat.JSON else _text),
    ]
    last: Processor = (
        structlog.processors.JSONRenderer(serializer=_json)
        if form is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*before, last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(stream),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: replaces personal values, however deep they stand."""
    return {key: REMOVED if is_personal(key) else _cleaned(value) for key, value in event.items()}


def is_personal(key: str) -> bool:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).replace("-", "_").lower()
    return PERSONAL.fullmatch(snake) is not None


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return _without_detail(value)
        case Mapping():
            return {k: REMOVED if is_personal(str(k)) else _cleaned(v) for k, v in value.items()}
        case list() | tuple():
            return [_cleaned(each) for each in value]
        case _:
            return value


def _frames(exc_info: ExcInfo) -> Any:
    """The traceback as data, without the values of local variables."""
    chain = ExceptionDictTransformer(show_locals=False)(exc_info)
    return [each | {"exc_value": _without_detail(str(each["exc_value"]))} for each in chain]


def _text(exc_info: ExcInfo) -> str:
    return _without_detail("".join(traceback.format_exception(*exc_info)))


def _without_detail(text: str) -> str:
    return re.sub(r"\nDETAIL:[^\n]*", "", text)


def _json(event: EventDict, **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
