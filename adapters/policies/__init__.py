"""Policies as files: what platforms published, one file each, and those of one's own.

A file is JSON: `{"title", "promise", "law_table", "versions": [terms, ...]}`, versions in the order
in which they start. The terms are those of the command `publish_policy`.
"""

from __future__ import annotations

from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from domain.complaint import complaint
from domain.law import LAW_TABLES
from domain.model import Message, Refused
from domain.policies import ONE_DAY, check_contributions
from domain.policy import PolicyTerms

_SUFFIX = ".json"


class PolicyFileUnusable(ValueError):
    """The file is no policy: the field and the rule."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}" if field else rule)
        self.field = field or None


class PolicyFile(Message):
    title: Annotated[str, Field(min_length=1, max_length=100)]
    promise: Annotated[str, Field(min_length=1, max_length=1000)]  # For people.
    law_table: str  # The one it was made for.
    versions: Annotated[tuple[PolicyTerms, ...], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.law_table not in LAW_TABLES:
            raise ValueError("law_table: no law table of that name exists")
        for before, after in pairwise(self.versions):
            _follows(before, after)
        for terms in self.versions:
            _pays_out_of_fees(terms)
        names = [each.version for terms in self.versions for each in terms.variants]
        for twice in (name for name in names if names.count(name) > 1):
            raise ValueError(f"versions: {twice} stands twice")
        return self

    def named(self, version: str) -> PolicyTerms | None:
        return next((terms for terms in self.versions if terms.version == version), None)


def _follows(before: PolicyTerms, after: PolicyTerms) -> None:
    """What would be refused once a part of the file is published is refused before."""
    if after.valid_from <= before.valid_from:
        raise ValueError(f"versions: {after.version} must start after {before.version}")
    next_day = before.valid_until and before.valid_until + ONE_DAY
    if next_day and after.valid_from != next_day:
        raise ValueError(
            f"versions: {after.version} must start on {next_day}, after {before.version}"
        )


def _pays_out_of_fees(terms: PolicyTerms) -> None:
    try:
        check_contributions(terms)
    except Refused as why:
        raise ValueError(f"versions: {why.message}") from None


def parse(text: str) -> PolicyFile:
    """Raises PolicyFileUnusable."""
    try:
        return PolicyFile.model_validate_json(text)
    except ValidationError as error:
        raise PolicyFileUnusable(*complaint(error)) from None


def shipped() -> dict[str, PolicyFile]:
    """By name, in order."""
    found = sorted(each.name for each in files(__name__).iterdir() if each.name.endswith(_SUFFIX))
    texts = {name: (files(__name__) / name).read_text(encoding="utf-8") for name in found}
    return {name.removesuffix(_SUFFIX): parse(text) for name, text in texts.items()}
