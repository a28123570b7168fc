"""From which day of lateness on a way of collecting may begin, by the policies of the loans."""

from __future__ import annotations

import pytest

from domain.collection_steps import Action, Steps, check
from domain.model import Refused
from domain.refusals import Code
from tests.exemplars import a_policy

HELD_BACK: Steps = a_policy(
    collections=(
        {"action": Action.CALL, "from_days": 3},
        {"action": Action.VISIT, "from_days": 30},
    )
).collections


@pytest.mark.parametrize(
    ("action", "late", "days_left"),
    [
        (Action.VISIT, [(HELD_BACK, 29)], 1),
        (Action.VISIT, [(HELD_BACK, 30)], None),
        (Action.CALL, [(HELD_BACK, 2)], 1),
        (Action.SMS, [(HELD_BACK, 1)], None),  # Not named: at once.
        (Action.VISIT, [(HELD_BACK, 1), ((), 1)], None),  # One loan that allows it is enough.
        (Action.VISIT, [(HELD_BACK, 1), (HELD_BACK, 28)], 2),
        (Action.VISIT, [], None),
    ],
)
def test_an_action_waits_for_its_day(
    action: Action, late: list[tuple[Steps, int]], days_left: int | None
) -> None:
    if days_left is None:
        check(action, late, "means")
        return
    with pytest.raises(Refused) as caught:
        check(action, late, "means")
    told = (caught.value.code, caught.value.field, caught.value.message)
    assert told == (Code.COLLECTION_TOO_EARLY, "means", f"{action} may begin in {days_left} days")
