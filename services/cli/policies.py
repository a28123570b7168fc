"""`zhuanhu policy`: protection policies as files, and those that a platform has published.

policy list   policy show NAME|FILE   policy publish NAME|FILE
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

import typer

from adapters.commanding import Outcome, Receipt
from adapters.outcomes import outcome_of
from adapters.policies import PolicyFile, PolicyFileUnusable, parse, shipped
from domain.commands import PublishPolicy
from domain.platform import Platform as Books
from domain.policies import Policies
from domain.policy import PolicyTerms
from domain.streams import PLATFORM, POLICY
from services.cli.failure import EXIT_REFUSED, CliError, bad_input
from services.cli.looking import Look, day, looking, show
from services.cli.opening import find
from services.cli.options import AsJson, AsOf, Data, Platform
from services.cli.publish import publishing, show_receipts
from services.cli.reading import read_text
from services.cli.showing import plain, show_json, show_table
from services.proof.as_of import state_as_of

OF_THE_RESERVE = ("order", "bucket", "cap", "cap_basis", "floor", "run_down", "fund")
"""What belongs to it as a whole, and follows the version that started last."""

app = typer.Typer()
policy_app = typer.Typer(
    help="Protection policies (保障政策): docs/policies.md.", no_args_is_help=True
)
app.add_typer(policy_app, name="policy")

Name = Annotated[
    str, typer.Argument(metavar="NAME|FILE", help="One of `policy list`, a JSON file, or -.")
]


@policy_app.command("list")
def list_command(
    published: Annotated[
        bool, typer.Option("--published", help="What the platform has published instead.")
    ] = False,
    as_of: AsOf = None,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """The policies that come with zhuanhu, one a platform's published promise.

    Example: zhuanhu policy list --json
    """
    if as_of is not None and not published:
        raise bad_input("as_of", "goes with --published")
    if published:
        with looking(data, platform) as look:
            position = look.head() if as_of is None else look.moment(as_of)["position"]
            state: Policies = state_as_of(look.url, look.platform, POLICY, position)
        rows = [_row(terms) for terms in state.versions]
    else:
        rows = [
            {"name": name, "title": file.title} | _row(terms)
            for name, file in shipped().items()
            for terms in file.versions
        ]
    if as_json:
        show_json({"policies": rows})
    else:
        show_table("policies", [row | {"providers": ", ".join(row["providers"])} for row in rows])


def _row(terms: PolicyTerms) -> dict[str, Any]:
    return {
        "version": terms.version,
        "valid_from": terms.valid_from.isoformat(),
        "valid_until": terms.valid_until.isoformat() if terms.valid_until else None,
        "fund": terms.fund,
        "scope": terms.scope.value,
        "providers": [each.value for each in terms.providers],
    }


@policy_app.command("show")
def show_command(name: Name, as_json: AsJson = False) -> None:
    """A policy file: what it promises, and every parameter of every version.

    Example: zhuanhu policy show renrendai --json
    """
    file = _read(name)
    answer = {
        "title": file.title,
        "promise": file.promise,
        "law_table": file.law_table,
        "versions": [_all_of(terms) for terms in file.versions],
    }
    if as_json:
        show_json(answer)
        return
    show(name, {key: answer[key] for key in ("title", "promise", "law_table")}, as_json)
    for terms in file.versions:
        show(terms.version, _all_of(terms), as_json)


def _all_of(terms: PolicyTerms) -> dict[str, object]:
    """With the parameters that have their default, which are left out where it is written."""
    written = terms.model_dump(mode="json")
    return {
        field: written.get(field, plain(getattr(terms, field)))
        for field in type(terms).model_fields
    }


@policy_app.command("publish")
def publish_command(
    name: Name,
    version: Annotated[
        str | None, typer.Option("--version", metavar="V", help="This one only.")
    ] = None,
    valid_from: Annotated[
        str | None,
        typer.Option("--valid-from", metavar="DATE", help="Its first day, instead of the file's."),
    ] = None,
    actor: Annotated[str, typer.Option("--actor", metavar="ID", help="Who does it.")] = "cli",
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Publish the versions of a policy file, a receipt for each; published again, they keep their
    outcome. One that was refused may be put right and published under the same name, or be asked
    for again. What is over on the business date is left out unless it is named. Exit 1 where one is
    refused: it overlaps, leaves a gap, reaches into the past, or the platform's law table does not
    allow it.

    Example: zhuanhu policy publish yirendai --version yirendai-2 --valid-from 2018-07-01 --json
    """
    chosen = _chosen(_read(name), version, valid_from)
    place = find(data, platform)
    with looking(data, platform) as look:
        head = look.head()
        books: Books = state_as_of(look.url, look.platform, PLATFORM, head)
        published: Policies = state_as_of(look.url, look.platform, POLICY, head)
        commands = [
            PublishPolicy(
                id=_command_id(look, terms, known=terms in published.versions),
                platform=place.platform,
                actor=actor,
                terms=terms,
            )
            for terms in chosen
            if version is not None or not _over(terms, books.business_date)
        ]
    with publishing(place) as writer:
        receipts = writer.submit(commands)
    show_receipts(receipts, as_json)
    if not as_json:
        made = [c.terms for c, r in zip(commands, receipts, strict=True) if _is_new(r)]
        for line in _for_the_reserve([*published.versions, *made], made):
            print(line)
    if any(receipt.outcome is Outcome.REFUSED for receipt in receipts):
        raise typer.Exit(EXIT_REFUSED)


def _command_id(look: Look, terms: PolicyTerms, *, known: bool) -> str:
    """Of what was published just so the one that did it, else one without an outcome: what was
    refused stays refused under its id."""
    name = f"policy.{terms.version}.{terms.valid_from:%Y%m%d}"
    for attempt in itertools.count(1):
        command_id = name if attempt == 1 else f"{name}.{attempt}"
        told = outcome_of(look.url, look.platform, command_id)
        if told is None or (known and told.outcome is Outcome.ACCEPTED):
            break
    return command_id


def _is_new(receipt: Receipt) -> bool:
    return receipt.outcome is Outcome.ACCEPTED and not receipt.replayed


def _for_the_reserve(versions: list[PolicyTerms], made: list[PolicyTerms]) -> Iterator[str]:
    """What a new version changes for all claims, by what it leaves out as well: it is easily
    overlooked of one that promises nothing."""
    for before, after in itertools.pairwise(versions):
        pairs = [(name, getattr(before, name), getattr(after, name)) for name in OF_THE_RESERVE]
        changes = ", ".join(f"{name} {old} -> {new}" for name, old, new in pairs if old != new)
        if after in made and changes:
            yield (
                f"from {after.valid_from} the reserve goes by {after.version}, for the claims of"
                f" older loans too: {changes}"
            )


def _over(terms: PolicyTerms, today: date) -> bool:
    return terms.valid_until is not None and terms.valid_until < today


def _chosen(file: PolicyFile, version: str | None, valid_from: str | None) -> list[PolicyTerms]:
    if version is None:
        if valid_from is not None:
            raise bad_input("valid_from", "needs --version")
        return list(file.versions)
    terms = file.named(version)
    if terms is None:
        names = ", ".join(each.version for each in file.versions)
        raise CliError("not_found", f"no version {version!r}: {names}", "version")
    return [terms if valid_from is None else _moved(terms, day(valid_from, "valid_from"))]


def _moved(terms: PolicyTerms, valid_from: date) -> PolicyTerms:
    if terms.valid_until is not None and terms.valid_until < valid_from:
        raise bad_input("valid_from", f"must not be after {terms.valid_until}, its last day")
    return terms.model_copy(update={"valid_from": valid_from})


def _read(name: str) -> PolicyFile:
    known = shipped()
    if name in known:
        return known[name]
    if name != "-" and "/" not in name and not name.endswith(".json"):
        raise CliError(
            "not_found", f"no policy {name!r}", "name", "zhuanhu policy list, or name a .json file"
        )
    try:
        return parse(read_text(name))
    except PolicyFileUnusable as unusable:
        raise CliError("bad_input", str(unusable), unusable.field) from None
