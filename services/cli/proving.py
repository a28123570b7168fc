"""Proofs on the command line: `verify` every money rule, prove the `mirror` of book and bank,
`rebuild` a view and compare."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated, NamedTuple

import typer

from adapters.kafka.log import KafkaLog
from adapters.kafka.topics import Topic, topic_id
from infra.kafka import administration, client_options
from services.cli.failure import EXIT_REFUSED, CliError
from services.cli.kafka import kafka_settings
from services.cli.looking import day, show, told_in_words
from services.cli.opening import Place, book_clock, database, find, is_in_use
from services.cli.options import AsJson, Data, Platform
from services.cli.showing import plain, show_json, show_table
from services.cli.stack_work import perform
from services.custody.lease import prepare_journal
from services.projections.projector import Projector
from services.proof.mirror import prove_mirror
from services.proof.report import Report
from services.proof.verify import verify

app = typer.Typer()

VIOLATIONS_SAID = 10  # To people; machines get as many as the report holds.


@app.command("verify")
def verify_command(data: Data = None, platform: Platform = None, as_json: AsJson = False) -> None:
    """Read the whole log and prove every money rule. Exit 1 where one was broken.

    Works while it runs and while it does not. The bank's total is compared while it runs.

    Example: zhuanhu verify --json
    """
    place = find(data, platform)
    bank = _ask_bank(place)
    total_fen = bank.total_fen
    with database(place) as url, Projector(url, place.platform) as projector:
        look = partial(
            verify,
            url,
            place.platform,
            compare_views=projector.compare,
            progress=_progress if sys.stderr.isatty() and not as_json else _silence,
        )
        report = look(bank_total_fen=total_fen)
        if not report.ok and bank.asked and bank.position != report.head_position:
            total_fen = None  # The book went on after the bank was asked: no comparison.
            report = look(bank_total_fen=None)
    if as_json:
        show_json(report.as_json() | {"bank_total_fen": total_fen})
    else:
        _show(report, total_fen)
    if not report.ok:
        raise typer.Exit(EXIT_REFUSED)


class _Bank(NamedTuple):
    """What the bank held in all when the book's log ended at `position`."""

    total_fen: int | None = None
    position: int = 0

    @property
    def asked(self) -> bool:
        return self.total_fen is not None


def _ask_bank(place: Place) -> _Bank:
    """Where a stack runs; nobody else may ask."""
    return _Bank(**perform(place, "bank-total", {})) if is_in_use(place) else _Bank()


def _progress(position: int, head: int) -> None:
    end = "\n" if position == head else ""
    print(f"\r{position} of {head} events", end=end, file=sys.stderr, flush=True)


def _silence(_position: int, _head: int) -> None:
    pass


def _show(report: Report, total_fen: int | None) -> None:
    show_table(
        f"{report.platform}: {report.events} events up to position {report.head_position},"
        f" {report.events_per_second} a second",
        [
            {
                "rule": finding.rule or "",
                "title": finding.title,
                "looked at": ", ".join(f"{n} {what}" for what, n in finding.looked_at.items()),
                "verdict": "holds" if finding.ok else f"BROKEN {finding.violation_count} times",
            }
            for finding in report.findings
        ],
    )
    if total_fen is None:
        print("bank total: not asked (no stand-in bank runs here): start zhuanhu up, then again")
    for finding in report.findings:
        for violation in finding.violations[:VIOLATIONS_SAID]:
            place = "" if violation.position is None else f" at position {violation.position}"
            print(f"{finding.name}{place}: {violation.what}")
    if report.ok:
        print(f"all rules hold; keep the head's hash: {report.head_hash}")
    else:
        print("a rule was broken: stop zhuanhu, keep a copy of the data folder, and look there")


@app.command("mirror")
def mirror_command(
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First business day.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last business day.")
    ] = None,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Prove that each movement has exactly one instruction at the bank. Exit 1 where not.

    Of the movements requested on those business days; without them, of all. Money that the bank
    moved by itself has its record in the place of an instruction. Also: how long settling took,
    what is unknown, what was sent again or asked more than once, what the bank took back.

    Example: zhuanhu mirror --from 2024-03-01 --to 2024-03-31 --json
    """
    begin = None if first is None else day(first, "from")
    end = None if last is None else day(last, "to")
    if begin is not None and end is not None and end < begin:
        raise CliError("bad_input", "to: must not be before --from", "to", "swap the two dates")
    place = find(data, platform)
    with database(place) as url, told_in_words("name a business day of the books"):
        prepare_journal(url, place.platform)
        now = book_clock(place, url).now()
        report = prove_mirror(url, place.platform, now, begin, end)
    show(f"mirror of {place.platform}", plain(report.as_json()), as_json)
    if not report.one_to_one:
        raise typer.Exit(EXIT_REFUSED)


@app.command("rebuild")
def rebuild_command(
    name: Annotated[str, typer.Argument(metavar="VIEW", help="zhuanhu rebuild ? lists them.")],
    data: Data = None,
    platform: Platform = None,
    kafka: Annotated[
        bool, typer.Option("--kafka", help="Take the events from their topic, not from the log.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build a view anew from the first event and switch it in. Exit 1 if it came out differently.

    Also while zhuanhu runs: whoever reads sees the view as it was, then the new one. `equal` is
    empty where another version had shaped the view. One rebuild a platform at a time.

    Example: zhuanhu rebuild balances --json
    """
    place = find(data, platform)
    log = _topic_of_events(place) if kafka else None
    with database(place) as url, Projector(url, place.platform, log=log) as projector:
        rebuilt = projector.rebuild(name)
    answer = {"view": name, **rebuilt._asdict(), "equal": rebuilt.equal}
    show(f"view {name}", answer, as_json)
    if rebuilt.equal is False:
        raise typer.Exit(EXIT_REFUSED)


def _topic_of_events(place: Place) -> KafkaLog:
    options = client_options(kafka_settings(place.data))
    with administration(options) as client:
        topic_id(client, place.platform, Topic.EVENTS)  # Said at once where there is none.
    return KafkaLog(options, place.platform)
