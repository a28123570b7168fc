"""Faults by script (of a requestNo, or of the next calls of a service) and by a seeded plan.

Whoever can go wrong asks `Faults.take` which of the kinds that he can play strikes him now.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace

from services.sandbox_bank.kinds import Fault, Kind
from services.sandbox_bank.plan import Plan, injection_id

_PARTIAL = frozenset({Kind.PARTIAL})


class Faults:
    """Scripts are kept in memory only: a restarted bank has none. The plan, and what of it has
    struck, come from the database. Safe to use from several threads."""

    def __init__(self) -> None:
        self.plan: Plan | None = None
        self._scripts: list[Fault] = []
        self._struck: set[str] = set()
        self._lock = threading.Lock()

    @property
    def idle(self) -> bool:
        return self.plan is None and not self._scripts

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._scripts.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._scripts.clear()

    def follow(self, plan: Plan | None, struck: Iterable[str]) -> None:
        """`struck`: the ids of what is on record as injected."""
        with self._lock:
            self.plan = plan
            self._struck.update(struck)

    def take(self, service: str, no: str, among: frozenset[Kind]) -> Fault | None:
        """The oldest script that fits, used up by one; else what is planned."""
        return self._script(service, no, among) or self._planned(service, no, among)

    def of_line(self, no: str, *, may_be_part: bool) -> Fault | None:
        """Whatever is scripted for a batch's line refuses it; `may_be_part`: so may the plan."""
        scripted = self._script("ASYNC_TRADE", no, frozenset(Kind))
        if scripted is not None or not may_be_part:
            return scripted
        return self._planned("LINE", no, _PARTIAL)

    def _script(self, service: str, no: str, among: frozenset[Kind]) -> Fault | None:
        if not self._scripts:
            return None
        with self._lock:
            for fault in self._scripts:
                if fault.kind in among and fault.fits(service, no):
                    fault.times -= 1
                    if fault.times == 0:
                        self._scripts.remove(fault)
                    return replace(fault, subject=f"{service} {no}")
        return None

    def _planned(self, service: str, no: str, among: frozenset[Kind]) -> Fault | None:
        """Each kind strikes a subject once: a call that is made again has its chance."""
        plan = self.plan
        if plan is None or not no:
            return None
        subject = f"{service} {no}"
        for kind in plan.striking(subject, among):
            struck = injection_id(kind, subject)
            with self._lock:
                if struck in self._struck:
                    continue
                self._struck.add(struck)
            return plan.fault(kind, subject)
        return None
