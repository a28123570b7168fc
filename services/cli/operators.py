"""`zhuanhu operator`: who may act by hand. `zhuanhu sign`: one of the two signatures of a command.

Keys and signatures need no installation: each of the two works on a machine of his own. What is to
be signed is written as a command, one line of JSON, which goes through `sign` twice and then
through `publish`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from adapters.signing import Signer, text_of
from domain.commands import AppointOperators, RegisterOperator, RetireOperator
from domain.complaint import complaint
from domain.operators import OperatorRole, Operators, Part
from domain.streams import OPERATORS
from infra.keys import KeyUnusable, load_signing_key, make_signing_key
from services.cli.command_files import Unsigned, read_unsigned
from services.cli.failure import bad_input
from services.cli.looking import looking
from services.cli.options import AsJson, AsOf, Data, Platform
from services.cli.showing import plain, show_json, show_record, show_table
from services.cli.unsigned_commands import write_unsigned
from services.proof.as_of import state_as_of

app = typer.Typer()
operator_app = typer.Typer(
    help="Who may act by hand: two of them sign (docs/two-people.md).", no_args_is_help=True
)
app.add_typer(operator_app, name="operator")

Operator = Annotated[str, typer.Argument(metavar="ID", help="The operator's id; no name.")]
CommandId = Annotated[
    str | None, typer.Option("--id", metavar="ID", help="The command's own id; made up if left.")
]


@operator_app.command("keygen")
def keygen_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key will lie.")],
    as_json: AsJson = False,
) -> None:
    """Make a key of your own. The private half stays in FILE, for you alone; the public half, which
    is shown, is what others register.

    Example: zhuanhu operator keygen ann.pem
    """
    try:
        key = make_signing_key(file)
    except OSError as error:
        raise bad_input("file", f"{file}: {error.strerror}") from None
    told = {"file": str(file), "public_key": text_of(key.public_key())}
    if as_json:
        show_json(told)
    else:
        show_record("a new key", told)


@operator_app.command("appoint")
def appoint_command(
    operators: Annotated[
        list[str], typer.Argument(metavar="ID=PUBLIC_KEY...", help="At least two, better three.")
    ],
    platform: Platform = None,
    data: Data = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Write the command that appoints a platform's first operators; two of them sign it.

    Example: zhuanhu operator appoint ann=KEY ben=KEY cui=KEY --platform demo > first.jsonl
    """
    named = [each.partition("=") for each in operators]
    new = [{"operator_id": name, "public_key": key} for name, _, key in named]
    write_unsigned(AppointOperators, data, platform, command_id, as_json, operators=new)


@operator_app.command("register")
def register_command(
    operator_id: Operator,
    public_key: Annotated[str, typer.Option("--public-key", metavar="KEY", help="From keygen.")],
    role: Annotated[
        OperatorRole, typer.Option("--role", help="A publisher may make, and never check.")
    ] = OperatorRole.OPERATOR,
    platform: Platform = None,
    data: Data = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Write the command that registers one more; two who are registered sign it.

    Example: zhuanhu operator register dan --public-key KEY --platform demo > dan.jsonl
    """
    fields = {"operator_id": operator_id, "role": role, "public_key": public_key}
    write_unsigned(RegisterOperator, data, platform, command_id, as_json, **fields)


@operator_app.command("retire")
def retire_command(
    operator_id: Operator,
    platform: Platform = None,
    data: Data = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Write the command that retires an operator, for whom no signature will count any more; two
    sign it.

    Example: zhuanhu operator retire dan --platform demo > gone.jsonl
    """
    write_unsigned(RetireOperator, data, platform, command_id, as_json, operator_id=operator_id)


@operator_app.command("list")
def list_command(
    as_of: AsOf = None, data: Data = None, platform: Platform = None, as_json: AsJson = False
) -> None:
    """All that were ever registered, with their public keys.

    Example: zhuanhu operator list --json
    """
    with looking(data, platform) as look:
        position = look.head() if as_of is None else look.moment(as_of)["position"]
        state: Operators = state_as_of(look.url, look.platform, OPERATORS, position)
    found = [{"operator_id": name} | plain(each) for name, each in state.by_id.items()]
    if as_json:
        show_json({"operators": found})
    else:
        show_table("operators", found)


@app.command("sign")
def sign_command(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="JSON lines, or - for standard input.")
    ],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="Your private key.")],
    operator: Annotated[str, typer.Option("--operator", metavar="ID", help="Your id.")],
    part: Annotated[Part, typer.Option("--as", help="Whether you make it, or check it.")],
    as_json: AsJson = False,
) -> None:
    """Sign every command of a file; read it first. Gives the same lines with your signature, for
    the other one to sign, and then for publish. A file with one line that cannot be signed gives
    none.

    Example: zhuanhu sign seed.jsonl --key ann.pem --operator ann --as maker > made.jsonl
    """
    try:
        signer = Signer(operator, load_signing_key(key))
    except KeyUnusable as error:
        raise bad_input("key", str(error)) from None
    unsigned = read_unsigned(file)
    try:
        signed = [_signed(each, signer, part) for each in unsigned]
    except ValidationError as error:
        raise bad_input("operator", complaint(error).rule) from None
    for (_, _, command), line in zip(unsigned, signed, strict=True):
        show_json(line)
        if not as_json:
            print(f"signed as {part}: {command.text_to_sign()}", file=sys.stderr)


def _signed(unsigned: Unsigned, signer: Signer, part: Part) -> dict[str, Any]:
    number, said, command = unsigned
    if said.get(part) is not None:
        raise bad_input(part, f"line {number} has one already")
    others = (said[other] for other in Part if said.get(other) is not None)
    if any(other["operator_id"] == signer.operator_id for other in others):
        raise bad_input(part, f"line {number}: {signer.operator_id} is the other one of the two")
    return said | {part.value: signer.sign(command, part).model_dump()}
