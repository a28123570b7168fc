"""`zhuanhu releases`: what the bank refused to give back (解冻), and when it is asked again."""

from __future__ import annotations

from datetime import date, timedelta

import typer

from adapters.read_models.releases import Unreleased
from domain.release import ASKS_MAX, asks
from services.cli.looking import Answer, looking, show
from services.cli.options import AsJson, Data, Platform
from services.cli.showing import plain

app = typer.Typer()


@app.command("releases")
def releases_command(data: Data = None, platform: Platform = None, as_json: AsJson = False) -> None:
    """Releases that the bank has finally refused and not done since: whose money is still frozen,
    the bank's code, how often it was asked, and by which day end it is asked again.

    Example: zhuanhu releases --json
    """
    with looking(data, platform) as look:
        seen = look.views.unreleased()
        days = look.views.business_days().value
        told = [_told(each, days[-1].business_date) for each in seen.value]
        answer: Answer = {"releases": told, "view": look.view(seen)}
    if not as_json:
        answer["releases"] = [{name: each[name] for name in _FOR_PEOPLE} for each in told]
    show("releases", answer, as_json)


_FOR_PEOPLE = ("entry_id", "account", "amount_fen", "bank_code", "asked", "next_ask_on")
"""As many as a terminal has room for."""


def _told(each: Unreleased, today: date) -> Answer:
    """`next_ask_on`: None while the bank has not answered, and where it was asked too often."""
    refused, last = each.refused, each.again or each.refused
    asked = asks(last.entry_id)
    waits = each.again is None and asked < ASKS_MAX
    return {
        "entry_id": last.entry_id,
        "purpose": refused.purpose,
        "account": refused.payer,
        "amount_fen": refused.amount_fen,
        "subject": refused.subject,
        "reference": refused.reference,
        "freeze_id": refused.freeze_id,
        "refused_on": plain(refused.closed_on),
        "bank_code": refused.bank_code,
        "asked": asked,
        "status": last.status,
        "next_ask_on": plain(today + timedelta(days=1)) if waits else None,
    }
