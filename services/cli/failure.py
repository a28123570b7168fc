"""How a command says that it cannot do what it was asked: CliError, and the two exit codes."""

from __future__ import annotations

EXIT_REFUSED = 1
EXIT_BAD_INPUT = 2

SEE_HELP = "--help shows an example"


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

    def as_json(self) -> dict[str, str | None]:
        return {
            "code": self.code,
            "message": self.message,
            "field": self.field,
            "hint": self.hint,
        }


def bad_input(field: str, rule: str) -> CliError:
    return CliError("bad_input", f"{field}: {rule}", field, SEE_HELP)
