"""A command that two people will sign, written as one line of JSON."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from domain.commands import Command
from domain.complaint import complaint
from infra.settings import load_settings
from services.cli.command_files import standing_in
from services.cli.failure import bad_input
from services.cli.opening import find
from services.cli.showing import show_json


def write_unsigned(
    kind: type[Command],
    data: Path | None,
    platform: str | None,
    command_id: str | None,
    as_json: bool,
    **fields: Any,
) -> None:
    said = {
        "type": kind.model_fields["type"].default,
        "id": command_id or uuid4().hex,
        "platform": platform or load_settings().platform or find(data, None).platform,
        "actor": "operator",
        **fields,
    }
    try:
        standing_in(kind, said)
    except ValidationError as error:
        raise bad_input(*complaint(error)) from None
    show_json(said)
    if not as_json:
        print("next: zhuanhu sign, by two people, then zhuanhu publish", file=sys.stderr)
