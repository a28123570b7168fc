"""How every command fails: one place that prints the error, one rule for the exit code.

    0  done
    1  refused by a rule, or a violation found
    2  bad input or usage

With `--json` the error is one JSON object on standard error; else one line for people. Commands
raise CliError; what other parts raise is turned into one by translation.explain.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from services.cli.failure import EXIT_BAD_INPUT, EXIT_REFUSED, SEE_HELP, CliError, bad_input
from services.cli.translation import explain

__all__ = ["EXIT_BAD_INPUT", "EXIT_REFUSED", "CliError", "bad_input", "run"]


def run(app: typer.Typer, argv: Sequence[str]) -> int:
    """Runs one command line and returns the exit code."""
    if sys.stdout is None:
        no_output = CliError("no_output", "standard output is closed", hint="give it a place to go")
        return _fail(no_output, argv)
    try:
        answer = get_command(app).main(args=list(argv), prog_name="zhuanhu", standalone_mode=False)
    except TyperException as error:
        return _fail(_usage(error), argv)
    except typer.Abort:
        return _fail(CliError("aborted", "stopped by hand", exit_code=EXIT_REFUSED), argv)
    except BrokenPipeError:
        _say_no_more()  # Whoever read the answer has seen enough.
        return EXIT_REFUSED
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _say_no_more()
        return _fail(CliError("no_space_left", "the disk is full", hint="free some space"), argv)
    except Exception as error:
        told = explain(error)
        if told is None:
            raise
        return _fail(told, argv)
    return answer if isinstance(answer, int) else 0


def _say_no_more() -> None:
    """What is left of the answer has nowhere to go: the interpreter shall not try it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(error: CliError, argv: Sequence[str]) -> int:
    if any(word == "--json" or word.startswith("--json=") for word in argv):
        print(json.dumps(error.as_json()), file=sys.stderr)
    else:
        hint = f" ({error.hint})" if error.hint else ""
        print(f"error: {error.message}{hint}", file=sys.stderr)
    return error.exit_code


def _usage(error: TyperException) -> CliError:
    # Typer names the culprit in one of two ways, and a bare `zhuanhu` in none.
    parameter = getattr(error, "param", None)
    name = getattr(error, "option_name", None) if parameter is None else _written(parameter)
    field = name.lstrip("-").replace("-", "_") if name else None
    return CliError("usage", error.format_message() or "a command is missing", field, SEE_HELP)


def _written(parameter: Any) -> str | None:
    """As it is typed, not as our functions call it."""
    options = [each for each in parameter.opts if each.startswith("--")]
    name: str | None = options[0] if options else parameter.name
    return name
