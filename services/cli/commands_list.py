"""`zhuanhu commands`: every command that may be published, with its schema and an example."""

from __future__ import annotations

import inspect

import typer

from domain.commands import FROM_OUTSIDE
from services.cli.command_examples import EXAMPLES, ON_OCCASION, examples_of
from services.cli.options import AsJson
from services.cli.showing import plain, show_json, show_table

app = typer.Typer()


@app.command("commands")
def commands_command(as_json: AsJson = False) -> None:
    """What may be published, in the order of a loan's life; with --json as JSON Schema, each with
    an example. The examples are one story: sent in this order (`more_examples` right after
    `example`), with the bank's answers in between, all are accepted, but the last ones, from
    `record_bank_reversal` on: they need a bank that took something back or debited more than an
    account could bear, a borrower who is late, another platform's list, or end everything.

    Example: zhuanhu commands --json
    """
    names = list(dict.fromkeys(each.type for each in (*EXAMPLES, *ON_OCCASION)))
    if as_json:
        show_json([_described(name) for name in names])
    else:
        show_table(
            "commands", [{"type": name, "what it asks for": _summary(name)} for name in names]
        )


def _described(name: str) -> dict[str, object]:
    example, *more = examples_of(name)
    return {
        "type": name,
        "summary": _summary(name),
        "schema": FROM_OUTSIDE[name].model_json_schema(),
        "example": plain(example),
        "more_examples": plain(more),
    }


def _summary(name: str) -> str:
    kind = FROM_OUTSIDE[name]
    said = kind.__dict__.get("__doc__")
    return (
        inspect.cleandoc(said).split("\n\n")[0].replace("\n", " ")
        if said
        else name.replace("_", " ")
    )
