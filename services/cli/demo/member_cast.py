"""The people of a demo: obviously made up, each with what the bank asks for."""

from __future__ import annotations

from dataclasses import dataclass

PLAIN, NEVER_BINDS, COMES_BACK, FAILS = "8800", "0001", "0003", "0004"
"""How the stand-in bank treats a card goes by its last four digits."""


@dataclass(frozen=True, slots=True)
class Person:
    member_id: str
    name: str
    id_no: str
    phone: str
    card_no: str


def investor(number: int) -> Person:
    ending = {2: NEVER_BINDS, 3: COMES_BACK, 4: FAILS}.get(number, PLAIN)
    return _person(f"I{number:05d}", "投资人", number, ending)


def borrower(number: int, member_id: str) -> Person:
    return _person(member_id, "借款人", 500_000 + number, PLAIN)


def _person(member_id: str, name: str, number: int, ending: str) -> Person:
    return Person(
        member_id=member_id,
        name=f"{name}{number}",
        id_no=f"990101{number:012d}",
        phone=f"199{number:08d}",
        card_no=f"990000{number:06d}{ending}",
    )
