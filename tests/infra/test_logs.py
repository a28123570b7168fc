"""Logs are JSON lines that say what happened and not to whom."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
import structlog

from infra.logs import REMOVED, configure, is_personal
from infra.settings import LogFormat, LogLevel


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object(stream: io.StringIO) -> None:
    configure(stream=stream)
    structlog.get_logger().info("批次", position=7)
    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "批次", "level": "info", "position": 7}


def test_personal_values_are_removed_at_any_depth(stream: io.StringIO) -> None:
    configure(stream=stream)
    structlog.get_logger().info("opened", realName="张三", rows=[{"id_card_no": "1", "fen": 2}])
    (line,) = lines(stream)
    assert line["realName"] == REMOVED
    assert line["rows"] == [{"id_card_no": REMOVED, "fen": 2}]


@pytest.mark.parametrize("form", LogFormat)
def test_an_exception_shows_neither_locals_nor_the_row(
    stream: io.StringIO, form: LogFormat
) -> None:
    configure(form=form, stream=stream)
    who = "张三"
    try:
        raise ValueError(f"duplicate key\nDETAIL: Key (mobile)=({who})")
    except ValueError:
        structlog.get_logger().exception("failed")
    said = stream.getvalue()
    assert "duplicate key" in said
    assert "test_an_exception" in said
    assert who not in said


def test_what_libraries_log_takes_the_same_form(stream: io.StringIO) -> None:
    configure(stream=stream)
    logging.getLogger("kafka").warning("broker %s", "gone")
    logging.getLogger("kafka").info("not worth a line")
    (line,) = lines(stream)
    assert (line["event"], line["level"]) == ("broker gone", "warning")


def test_the_level_is_kept(stream: io.StringIO) -> None:
    configure(LogLevel.WARNING, stream=stream)
    structlog.get_logger().info("no")
    structlog.get_logger().warning("yes")
    assert [line["event"] for line in lines(stream)] == ["yes"]


@pytest.mark.parametrize(
    "key", ["name", "realName", "payer_name", "mobile", "bankcardNo", "id_card_no", "vault_key"]
)
def test_personal_keys(key: str) -> None:
    assert is_personal(key)


@pytest.mark.parametrize("key", ["service_name", "bidNo", "void_no", "platform_no", "request_no"])
def test_business_keys(key: str) -> None:
    assert not is_personal(key)
