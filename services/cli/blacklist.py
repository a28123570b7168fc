"""`zhuanhu blacklist`: the platform's own entries, signed lists to and from other platforms."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from adapters.blacklist import ListKeyMissing, genuine, listed, signed
from adapters.shard_schema import shard_schema
from adapters.signing import Signer
from adapters.vault import Vault
from domain.blacklist import SignedList
from domain.commands import ImportBlacklist
from domain.complaint import complaint
from infra.keys import KeyUnusable, load_signing_key
from services.cli.failure import EXIT_REFUSED, CliError, bad_input
from services.cli.looking import looking, show
from services.cli.opening import seal_of
from services.cli.options import AsJson, Data, Platform
from services.cli.reading import read_text
from services.cli.showing import plain, show_json
from services.cli.unsigned_commands import write_unsigned

app = typer.Typer()
blacklist_app = typer.Typer(
    help="Whom the platform lends nothing more (docs/collections.md).", no_args_is_help=True
)
app.add_typer(blacklist_app, name="blacklist")


@blacklist_app.command("list")
def list_command(data: Data = None, platform: Platform = None, as_json: AsJson = False) -> None:
    """The platform's own entries, the removed ones too, and which lists of others were imported.

    Example: zhuanhu blacklist list --json
    """
    with looking(data, platform) as look:
        seen = look.views.blacklist()
        answer = plain(seen.value) | {"view": look.view(seen)}
    show("blacklist", answer, as_json)


@blacklist_app.command("export")
def export_command(
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="The Ed25519 key that signs the list.")
    ],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """A signed list of those who stand there with a ground, one JSON line for every thousand. It
    holds keyed digests, never an id number; ZHUANHU_BLACKLIST_KEY is the key.

    Example: zhuanhu blacklist export --key platform-list.pem > list.jsonl
    """
    try:
        signer = Signer("blacklist", load_signing_key(key))
    except KeyUnusable as error:
        raise bad_input("key", str(error)) from None
    with looking(data, platform) as look:
        days = look.views.business_days().value
        entries = look.views.blacklist().value.entries
        seal = seal_of(look.place, look.url)
        with closing(Vault(look.url, shard_schema(look.platform), seal)) as vault:
            try:
                as_of = days[-1].business_date
                people = listed(entries, vault, seal)
                parts = list(signed(look.platform, as_of, people, seal, signer))
            except IndexError:
                raise CliError("not_found", "the platform has no business date yet") from None
            except ListKeyMissing:
                raise _no_key() from None
    for part in parts:
        show_json(part)


@blacklist_app.command("import")
def import_command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="From export, or - for input.")],
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Write the commands that import another platform's signed list; two people sign them, and so
    vouch for its public key: compare it with the one that the platform itself told them.

    Example: zhuanhu blacklist import list.jsonl --json > import.jsonl
    """
    parts = [_part(number, line) for number, line in enumerate(read_text(file).splitlines(), 1)]
    for part in parts:
        fields = part.model_dump(mode="json")
        write_unsigned(ImportBlacklist, data, platform, None, as_json, **fields)


def _part(number: int, line: str) -> SignedList:
    try:
        part = SignedList.model_validate_json(line)
    except ValidationError as error:
        told = complaint(error)
        raise bad_input("file", f"line {number}: {told.field or 'line'}: {told.rule}") from None
    if not genuine(part):
        raise CliError(
            "blacklist_forged",
            f"line {number} is not signed by the key that it names",
            "file",
            "ask the platform for it again",
            exit_code=EXIT_REFUSED,
        )
    return part


def _no_key() -> CliError:
    return CliError(
        "blacklist_key_missing",
        "the key that the platforms share for their lists is not set",
        hint="set ZHUANHU_BLACKLIST_KEY, 32 bytes in base64",
    )
