"""The bank's settings: options, which ZHUANHU_SANDBOX_<NAME> in the environment may give."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path

from services.sandbox_bank.hours import Hours
from services.sandbox_bank.seal import Digest

_PREFIX = "ZHUANHU_SANDBOX_"


@dataclass(frozen=True, slots=True)
class Settings:
    database_url: str = field(repr=False)
    host: str
    port: int
    keys: Path
    platform_no: str
    platform_key: Path
    notify_url: str
    key_serial: str
    digest: Digest
    auto_complete: bool
    attached: bool
    calls_per_s: int
    authorisations: str
    hours: Hours


def read(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> Settings:
    """Exits 2, naming the option and the rule, where a setting is missing or wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m services.sandbox_bank",
        description="A stand-in custodian bank for trying a platform against.",
        epilog=f"Every option may also be given as {_PREFIX}<NAME>, such as {_PREFIX}PLATFORM_NO.",
    )

    def option(name: str, text: str, default: str | None = None, **more: object) -> None:
        given = environ.get(_PREFIX + name.upper().replace("-", "_"), default)
        parser.add_argument(
            f"--{name}",
            default=given,
            required=given is None,
            help=text,
            **more,  # type: ignore[arg-type]
        )

    option("database-url", "the bank's own PostgreSQL database")
    option("host", "address to listen at (127.0.0.1)", "127.0.0.1")
    option("port", "port to listen at; 0 takes a free one (0)", "0", type=_port)
    option("keys", "folder of bank_private.pem and bank_public.pem; made if missing", type=Path)
    option("platform-no", "the platform's number at the bank (平台商编)")
    option("platform-key", "the platform's public key, a PEM file", type=Path)
    option("notify-url", "where callbacks are posted to")
    option("key-serial", "serial of the bank's key, as its callbacks name it (1)", "1")
    option("digest", "digest of the signatures (sha256)", "sha256", choices=("sha256", "sha1"))
    option(
        "auto-complete",
        "on: the member confirms at once; off: wait for /control/complete (on)",
        "on",
        choices=("on", "off"),
    )
    option(
        "attached",
        "on: ends when its standard input does, and so with whoever started it (off)",
        "off",
        choices=("on", "off"),
    )
    option(
        "calls-per-s",
        "messages that the batch family's front takes a second; 0: any number (0)",
        "0",
        type=_count,
    )
    option(
        "authorisations",
        "required: no tender or repayment without the member, unless he has authorised it here"
        " (presumed)",
        "presumed",
        choices=("presumed", "required"),
    )
    option(
        "maintenance",
        "closed every day, such as 23:30-00:30, times of Beijing (never)",
        "",
        type=_window,
    )
    option(
        "cut-off",
        "from when on a withdrawal counts as the next day's, such as 17:00; 00:00: never (00:00)",
        "00:00",
        type=_time,
    )
    given = vars(parser.parse_args(argv))
    switches = {name: given[name] == "on" for name in ("auto_complete", "attached")}
    hours = Hours(given.pop("maintenance"), given.pop("cut_off"))
    return Settings(**given | switches, hours=hours)


def _time(text: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - of any day
    except ValueError:
        raise argparse.ArgumentTypeError("must be a time such as 17:00") from None


def _window(text: str) -> tuple[time, time] | None:
    if not text:
        return None
    begins, dash, ends = text.partition("-")
    if not dash or begins == ends:
        raise argparse.ArgumentTypeError("must be two times such as 23:30-00:30")
    return _time(begins), _time(ends)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("must be a whole number")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("must be a number from 0 to 65535")
    return int(text)
