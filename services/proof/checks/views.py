"""Rule 8: the views are, to the byte, what the events give when folded from zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.proof.checks.check import Check

CompareViews = Callable[[], Mapping[str, bool]]
"""Rebuilds every view beside the live one; by its name, whether the two are equal."""


class Views(Check):
    NAME = "views"
    RULE = 8
    TITLE = "Replaying the events from zero gives byte-equal views"

    def __init__(self) -> None:
        super().__init__()
        self.looked_at["views"] = 0  # Until somebody compares them.

    def compare(self, compare_views: CompareViews) -> None:
        for name, equal in compare_views().items():
            self.looked_at["views"] += 1
            if not equal:
                self.violated(f"view {name} is not what the events give")
