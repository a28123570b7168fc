"""`zhuanhu disclosure`: the figures that a platform publishes monthly, and what is behind them."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from domain.ageing import month_end
from domain.disclosure import FIGURES, Book, Figure
from domain.money import yuan
from domain.policies import Policies
from domain.streams import POLICY
from services.cli.disclosure_page import page
from services.cli.failure import CliError, bad_input
from services.cli.known import known_on
from services.cli.looking import Answer, day, looking, show
from services.cli.options import AsJson, Data, Platform
from services.cli.showing import plain
from services.proof.as_of import state_as_of

app = typer.Typer()
MONTH = r"[0-9]{4}-[0-9]{2}"
_BY_NAME = {figure.name: figure for figure in FIGURES}


@app.command("disclosure")
def disclosure_command(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="such as 2018-04")],
    name: Annotated[
        str | None, typer.Option("--figure", metavar="NAME", help="One figure only.")
    ] = None,
    loans: Annotated[bool, typer.Option("--loans", help="The loans behind that figure.")] = False,
    html: Annotated[bool, typer.Option("--html", help="A page to publish.")] = False,
    data: Data = None,
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """Every monthly figure of the disclosure (信息披露), as known at the close of the month's last
    day, with its definition. Asked again at any time, it says the same.

    Example: zhuanhu disclosure 2018-04 --figure overdue_fen --loans --json
    """
    if not re.fullmatch(MONTH, month, re.ASCII):
        raise bad_input("month", "must be a month like 2018-04")
    if name is not None and name not in _BY_NAME:
        raise bad_input("figure", f"must be one of {', '.join(_BY_NAME)}")
    if loans and name is None:
        raise bad_input("loans", "needs --figure: whose loans?")
    on = month_end(day(f"{month}-01", "month"))
    with looking(data, platform) as look:
        with known_on(look, on, "month") as known:
            if known.position is None:
                told = f"month: {on} is not closed"
                raise CliError("not_on_record", told, "month", "name a month that is over")
            found, position = known.loans(), known.position
        policies: Policies = state_as_of(look.url, look.platform, POLICY, position)
        answer = {
            "platform": look.platform,
            "month": month,
            "as_of": on.isoformat(),
            "position": position,
        }
    book = Book(found, policies.in_force(on))
    if name is None:
        answer["figures"] = [_told(figure, book) for figure in FIGURES]
    else:
        answer |= _told(_BY_NAME[name], book)
    if loans and name is not None:
        behind = _BY_NAME[name].behind(book)
        answer["loans"] = [plain(loan) if as_json else _brief(plain(loan)) for loan in behind]
    if html and not as_json:
        print(page(answer), end="")
        return
    if not as_json:
        answer = for_people(answer)
    show(f"disclosure of {month}", answer, as_json)


def _told(figure: Figure, book: Book) -> Answer:
    return {
        "name": figure.name,
        "chinese": figure.chinese,
        "value": figure.counted(book),
        "unit": figure.unit,
        "definition_version": figure.version,
        "definition": figure.definition,
    }


def for_people(answer: Answer) -> Answer:
    """Amounts are in yuan, those of all figures or of the one that was asked for."""
    if "figures" in answer:
        return answer | {"figures": [for_people(figure) for figure in answer["figures"]]}
    if answer["unit"] != "fen":
        return answer
    return answer | {"value": yuan(answer["value"]), "unit": "yuan"}


def _brief(loan: Answer) -> Answer:
    """For people: how many lenders, not who."""
    counted = {name: len(loan[name]) for name in ("lenders", "current_lenders")}
    return loan | counted
