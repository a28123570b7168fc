"""Makes docs/contract out of the code: `python -m services.cli.contract_files`.

A file of an event that is no longer written stays: it is still in the log.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from adapters.kafka import asyncapi, contract
from services.cli.command_examples import EXAMPLES, ON_OCCASION, examples_of
from services.cli.showing import plain

FOLDER = Path(__file__).parents[2] / "docs" / "contract"


def files() -> Iterator[tuple[Path, str]]:
    """What should stand in each file."""
    examples = {
        contract.command_type(each.type): {"examples": plain(examples_of(each.type))}
        for each in (*EXAMPLES, *ON_OCCASION)
    }
    names = {kind: file for kinds in contract.FILES.values() for kind, file in kinds.items()}
    for kind, schema in contract.schemas().items():
        yield FOLDER / names[kind], _text(schema | examples.get(kind, {}))
    yield FOLDER / "asyncapi.json", _text(asyncapi.document())


def _text(document: dict[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    for path, text in files():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
