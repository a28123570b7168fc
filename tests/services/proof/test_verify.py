"""The proof of the whole log: an honest one holds, and the report says what was looked at.

Each rule is broken in the database itself under `checks/`: exactly the checks that watch it must
say so.
"""

from __future__ import annotations

import json

from services.proof.report import VIOLATIONS_SHOWN
from services.proof.verify import verify
from tests.services.proof.auditor import BOOK_TOTAL_FEN, audit, broken
from tests.services.proof.forger import Forger
from tests.services.proof.town import PLATFORM

# -- an honest log ----------------------------------------------------------------------


def test_an_honest_log_holds(town_url: str) -> None:
    reached: list[tuple[int, int]] = []
    report = audit(
        town_url,
        compare_views=lambda: {"balances": True},
        progress=lambda position, head: reached.append((position, head)),
    )
    assert [finding for finding in report.findings if not finding.ok] == []
    assert report.ok
    assert report.events == report.head_position == reached[-1][0] == reached[-1][1]


def test_every_rule_is_watched_and_looked_at_something(town_url: str) -> None:
    report = audit(town_url, compare_views=lambda: {"balances": True})
    assert {finding.rule for finding in report.findings} == {None, *range(1, 10)}
    unseen = {each.name for each in report.findings if not sum(each.looked_at.values())}
    assert unseen == {"guarantees"}  # They have a town of their own: test_guarantees.
    looked_at = {finding.name: finding.looked_at for finding in report.findings}
    assert looked_at["mirror"]["movements"] == looked_at["mirror"]["instructions"] == 44
    assert looked_at["balances"]["book_total_fen"] == BOOK_TOTAL_FEN
    assert looked_at["corrections"] == {"corrections": 1}


def test_what_is_over_is_forgotten(town_url: str) -> None:
    """So that memory does not grow with the log."""
    looked_at = {finding.name: finding.looked_at for finding in audit(town_url).findings}
    assert looked_at["entries"]["open"] == 1  # T-t8, which the bank has not answered.
    # The platform, its policy, its reserve, four members and their identities, three loans (L2 is
    # settled), the tenders t1 and t2 of the running loan and t8, what the bank took too much, and
    # who may act by hand.
    assert looked_at["streams"]["open"] == 19


def test_the_report_is_json(town_url: str) -> None:
    report = audit(town_url)
    told = json.loads(json.dumps(report.as_json()))
    assert told["ok"] is True
    assert told["head_hash"] == report.head_hash
    assert {check["name"] for check in told["checks"]} == {f.name for f in report.findings}


def test_violations_are_counted_beyond_those_shown(town_url: str) -> None:
    forger = Forger(town_url)
    for _ in range(3):
        forger.run(
            "INSERT INTO {shard}.account_balance SELECT 'ghost' || random(), 1, 0"
            " FROM generate_series(1, 50)"
        )
    forger.commit()
    [finding] = [finding for finding in audit(town_url).findings if not finding.ok]
    assert finding.violation_count == 150
    assert len(finding.violations) == VIOLATIONS_SHOWN


def test_an_empty_shard_holds(town_url: str) -> None:
    forger = Forger(town_url)
    forger.run("TRUNCATE {shard}.stored_events, {shard}.receipt, {shard}.account_balance")
    forger.run("TRUNCATE {custody}.instruction")
    forger.run(
        "UPDATE {shard}.shard SET head_position = 0, receipts = 0, outstanding_principal_fen = 0,"
        " head_hash = decode(repeat('00', 32), 'hex')"
    )
    forger.commit()
    report = verify(town_url, PLATFORM)
    assert report.ok
    assert report.events == 0


# -- the forger's own tools do no harm --------------------------------------------------


def test_a_log_written_anew_without_a_change_holds(town_url: str) -> None:
    Forger(town_url).save()
    assert broken(town_url) == set()


# -- rule 8 -----------------------------------------------------------------------------


def test_rule_8_a_view_that_differs(town_url: str) -> None:
    found = broken(town_url, compare_views=lambda: {"balances": True, "loans": False})
    assert found == {"views"}
