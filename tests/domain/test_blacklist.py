"""The blacklist: what is shared says why, and what others share is taken only as they signed it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from adapters.blacklist import genuine, signed
from adapters.signing import Signer, verified
from adapters.vault import Seal
from domain import blacklist as b
from domain import member
from domain.model import Refused
from domain.refusals import Code
from tests.exemplars import TODAY

SHARED = Seal(bytes(32), list_key=b"k" * 32)
OTHERS = Signer.made_up("platform-2", "tests")
LONG_OVERDUE = b.Ground.LONG_OVERDUE


def a_person(number: int = 1) -> b.ListedPerson:
    return b.ListedPerson(f"e{number}", f"{number:064x}", LONG_OVERDUE, TODAY)


def a_list(people: Sequence[b.ListedPerson], as_of: date = TODAY) -> b.BlacklistImported:
    [part] = signed("p2", as_of, people, SHARED, OTHERS)
    return _event(part)


def _event(part: b.SignedList, **changes: Any) -> b.BlacklistImported:
    said = {name: getattr(part, name) for name in b.SignedList.model_fields} | changes
    return b.BlacklistImported(**said)


def taken(*lists: b.BlacklistImported, known: b.Blacklists = b.INITIAL) -> b.Blacklists:
    for given in lists:
        for event in b.take_in(known, given, SHARED.list_key_id, verified):
            known = b.evolve(known, event)
    return known


def refused(given: b.BlacklistImported, key_id: str | None = SHARED.list_key_id) -> str:
    with pytest.raises(Refused) as caught:
        b.take_in(b.INITIAL, given, key_id, verified)
    return caught.value.code


def test_a_hit_names_list_and_entry() -> None:
    known = taken(a_list([a_person(1), a_person(2)]))
    assert known.hit(a_person(2).digest) == ("p2", "e2")
    assert known.hit(a_person(3).digest) is None


def test_parts_of_a_day_add_up_and_a_later_day_takes_their_place() -> None:
    known = taken(a_list([a_person(1)]), a_list([a_person(2)]))
    assert known.hit(a_person(1).digest)
    known = taken(a_list([a_person(2)], TODAY + timedelta(days=1)), known=known)
    assert known.hit(a_person(1).digest) is None
    assert known.hit(a_person(2).digest)
    with pytest.raises(Refused) as caught:
        taken(a_list([a_person(1)]), known=known)
    assert caught.value.code == Code.BLACKLIST_OUTDATED


def test_a_list_without_anybody_says_so() -> None:
    known = taken(a_list([a_person(1)]), a_list([], TODAY + timedelta(days=1)))
    assert known.hit(a_person(1).digest) is None


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "p3"},
        {"as_of": TODAY + timedelta(days=1)},
        {"entries": (a_person(2),)},
        {"entries": ()},
        {"entries": (a_person()._replace(entry_id="e2"),)},
        {"entries": (a_person()._replace(ground=b.Ground.UNREACHABLE),)},
        {"public_key": Signer.made_up("somebody", "tests").public_key},
        {"signature": "A" * 86 + "=="},
    ],
)
def test_whatever_was_changed_is_forged(change: dict[str, Any]) -> None:
    [part] = signed("p2", TODAY, [a_person()], SHARED, OTHERS)
    assert genuine(part)
    assert refused(_event(part, **change)) == Code.BLACKLIST_FORGED
    assert not genuine(part.model_copy(update=change))


def test_a_list_under_another_key_says_nothing_to_us() -> None:
    assert refused(a_list([a_person()]), Seal(bytes(32), b"x" * 32).list_key_id) == (
        Code.BLACKLIST_KEY_OTHER
    )
    assert refused(a_list([a_person()]), None) == Code.BLACKLIST_KEY_MISSING


def test_the_same_person_is_the_same_on_every_platform_that_has_the_key() -> None:
    other_platform = Seal(b"m" * 32, list_key=b"k" * 32)
    assert SHARED.list_digest("11010119900307771X") == other_platform.list_digest(
        "11010119900307771X"
    )
    assert SHARED.digest("11010119900307771X") != other_platform.digest("11010119900307771X")
    assert Seal(bytes(32)).list_digest("11010119900307771X") is None


def test_large_lists_come_in_parts() -> None:
    people = [a_person(number) for number in range(b.ENTRIES_MAX + 1)]
    parts = list(signed("p2", TODAY, people, SHARED, OTHERS))
    assert [len(part.entries) for part in parts] == [b.ENTRIES_MAX, 1]
    assert taken(*map(_event, parts)).hit(people[-1].digest) == ("p2", people[-1].entry_id)


def test_there_and_back_as_json() -> None:
    [part] = signed("p2", TODAY, [a_person()], SHARED, OTHERS)
    assert b.SignedList.model_validate_json(part.model_dump_json()) == part


def test_what_is_shared_needs_ground_and_evidence() -> None:
    assert b.enter("bob", None, None) == ()
    for ground, evidence in ((LONG_OVERDUE, None), (None, "0" * 64)):
        with pytest.raises(Refused) as caught:
            b.enter("bob", ground, evidence)
        assert caught.value.code == Code.EVIDENCE_MISSING


def test_an_entry_is_appealed_and_removed() -> None:
    listed = member.MemberBlacklisted(member_id="bob", evidence="x", approved_by="ben")
    papers = {"member_id": "bob", "evidence_hash": "0" * 64}
    appeal, rejected = b.BlacklistAppealed(**papers), b.AppealRejected(**papers)
    removed = b.BlacklistRemoved(**papers)

    def bob(*events: Any) -> dict[str, bool]:
        state = member.INITIAL
        for event in events:
            state = member.evolve(state, event)
        return {"listed": state.blacklisted, "appealed": state.appealed}

    assert b.appeal(appeal, **bob(listed)) == (appeal,)
    assert bob(listed, appeal, rejected) == {"listed": True, "appealed": False}
    assert bob(listed, appeal, removed) == {"listed": False, "appealed": False}
    for events, code in (((), Code.NOT_BLACKLISTED), ((listed, appeal), Code.APPEAL_OPEN)):
        with pytest.raises(Refused) as caught:
            b.appeal(appeal, **bob(*events))
        assert caught.value.code == code
    with pytest.raises(Refused) as caught:
        b.remove(removed, listed=False)
    assert caught.value.code == Code.NOT_BLACKLISTED
    with pytest.raises(Refused) as caught:
        b.reject_appeal(rejected, appealed=False)
    assert caught.value.code == Code.APPEAL_MISSING
