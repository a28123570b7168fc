"""How every command fails: one place that prints the error, one rule for the exit code.

    0  done
    1  refused by a rule, or a violation found
    2  bad input or usage

With `--json` the error is one JSON object on standard error; else one line for people. Commands
raise CliError; refusals and bad figures of the domain are turned into one here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from domain.model import Refused
from domain.money import BadFigure

EXIT_REFUSED = 1
EXIT_BAD_INPUT = 2

_SEE_HELP = "--help shows an example"


class CliError(Exception):
    """`field` names the option or the place in the input; `hint` says what to do next."""

    def __init__(
        self,
        code: str,
        message: str,
        field: str | None = None,
        hint: str | None = None,
        exit_code: int = EXIT_BAD_INPUT,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.hint = hint
        self.exit_code = exit_code


def bad_input(field: str, rule: str) -> CliError:
    return CliError("bad_input", f"{field}: {rule}", field, _SEE_HELP)


def run(app: typer.Typer, argv: Sequence[str]) -> int:
    """Runs one command line and returns the exit code."""
    try:
        answer = get_command(app).main(args=list(argv), prog_name="zhuanhu", standalone_mode=False)
    except CliError as error:
        return _fail(error, argv)
    except BadFigure as error:
        return _fail(bad_input(error.field, error.rule), argv)
    except Refused as error:
        return _fail(CliError(error.code, error.message, error.field, exit_code=EXIT_REFUSED), argv)
    except TyperException as error:
        return _fail(_usage(error), argv)
    except typer.Abort:
        return _fail(CliError("aborted", "stopped by hand", exit_code=EXIT_REFUSED), argv)
    return answer if isinstance(answer, int) else 0


def _fail(error: CliError, argv: Sequence[str]) -> int:
    if any(word == "--json" or word.startswith("--json=") for word in argv):
        shape = {
            "code": error.code,
            "message": error.message,
            "field": error.field,
            "hint": error.hint,
        }
        print(json.dumps(shape), file=sys.stderr)
    else:
        hint = f" ({error.hint})" if error.hint else ""
        print(f"error: {error.message}{hint}", file=sys.stderr)
    return error.exit_code


def _usage(error: TyperException) -> CliError:
    # Typer names the culprit in one of two ways, and a bare `zhuanhu` in none.
    parameter = getattr(error, "param", None)
    name = getattr(error, "option_name", None) if parameter is None else parameter.name
    field = name.lstrip("-").replace("-", "_") if name else None
    return CliError("usage", error.format_message() or "a command is missing", field, _SEE_HELP)
