"""Commands that come by way of the inbox: each decided once, and answered."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from adapters.commanding import CommandParked, Outcome, Receipt
from adapters.inbox import Inbox, NoReceipt
from adapters.outcomes import outcome_of
from adapters.vault import Seal
from domain import commands as c
from domain.accounts import Role
from domain.commands import Command
from services.settlement.intake import Intake
from tests.exemplars import ID_NO, NAME, PHONE, command
from tests.house import SEAL, House
from tests.services.settlement import failing
from tests.services.settlement.whole import assert_whole


@pytest.fixture
def open_house(house: House) -> House:
    house.open()
    house.member("lucy", Role.INVESTOR)
    return house


@pytest.fixture
def intake(open_house: House) -> Iterator[Intake]:
    intake = Intake(open_house.url, open_house.platform, open_house.writer)
    yield intake
    intake.close()


def recharge(number: int, **fields: Any) -> c.RequestRecharge:
    usual = {"recharge_id": f"r{number}", "member_id": "lucy", "role": Role.INVESTOR}
    return command(c.RequestRecharge, amount_fen=1, **(usual | fields))


def put(house: House, *messages: str) -> None:
    for message in messages:
        house.query("INSERT INTO {}.inbox (message) VALUES (%s) RETURNING 1", message.encode())


def left(house: House) -> int:
    [[count]] = house.query("SELECT count(*) FROM {}.inbox")
    return int(count)


def answers(house: House) -> list[tuple[Any, ...]]:
    return house.query(
        "SELECT command_id, outcome, code, replayed FROM {}.inbox_answer ORDER BY position"
    )


def test_messages_are_decided_in_order_and_taken_away(open_house: House, intake: Intake) -> None:
    batch = [recharge(1), recharge(1), recharge(2, member_id="ghost"), recharge(3)]
    put(open_house, *(sent.model_dump_json() for sent in [*batch, batch[0]]))
    assert (intake.step(), left(open_house), intake.step()) == (5, 0, 0)
    assert answers(open_house) == [
        (batch[0].id, "accepted", "", False),
        (batch[1].id, "refused", "id_taken", False),
        (batch[2].id, "refused", "member_unknown", False),
        (batch[3].id, "accepted", "", False),
        (batch[0].id, "accepted", "", True),
    ]
    assert_whole(open_house)


def test_a_step_takes_several_batches_and_leaves_the_rest_to_the_next(
    open_house: House, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.settlement.intake.BATCH_MAX", 2)
    put(open_house, *[recharge(number).model_dump_json() for number in range(5)])
    assert [intake.step(4), intake.step(4), intake.step(4)] == [4, 1, 0]
    assert [row[1] for row in answers(open_house)] == ["accepted"] * 5
    assert_whole(open_house)


def test_what_cannot_be_read_is_parked_and_holds_up_nobody(
    open_house: House, intake: Intake
) -> None:
    """The reason names field and rule, and nothing of the person."""
    bad = command(
        c.RegisterMember,
        member_id="max",
        kind="person",
        roles=(Role.INVESTOR,),
        name=NAME,
        id_no=ID_NO,
        phone=PHONE,
    ).model_dump(mode="json")
    bad["phone"] = "at home"
    message = json.dumps(bad)
    good = recharge(1)
    put(open_house, "{", message, good.model_dump_json(), '{"type": "steal"}')
    assert intake.step() == 4
    reasons = [row[0] for row in open_house.query("SELECT reason FROM {}.parked ORDER BY id")]
    assert len(reasons) == 3
    assert "Invalid JSON" in reasons[0]
    assert reasons[1].startswith("register_member.phone: String should match pattern")
    assert reasons[2] == "type: must name a command: see zhuanhu commands"
    assert not [s for s in (NAME, ID_NO, PHONE, "at home", "steal") if s in "".join(reasons)]
    assert answers(open_house) == [(good.id, "accepted", "", False)]
    assert left(open_house) == 0


@pytest.mark.parametrize("step", [failing.BEFORE_COMMIT, failing.AFTER_COMMIT])
def test_a_crash_loses_no_message_and_decides_none_twice(
    open_house: House, intake: Intake, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    put(open_house, recharge(1).model_dump_json(), "{")
    failing.after(monkeypatch, step, failing.break_down)
    with pytest.raises(failing.Broken):
        intake.step()
    intake.step()
    assert [(row[1], row[3]) for row in answers(open_house)] == [("accepted", False)]
    assert open_house.at_bank() == ["C-r1"]
    assert left(open_house) == 0
    assert_whole(open_house)


def test_a_sender_in_another_process_gets_its_receipts(open_house: House, intake: Intake) -> None:
    inbox = Inbox(open_house.url, open_house.platform, SEAL)
    batch: list[Command] = [recharge(1), recharge(2, member_id="ghost")]
    received: list[Sequence[Receipt]] = []
    sender = threading.Thread(target=lambda: received.append(inbox.submit(batch)))
    sender.start()
    taken = 0
    while taken < len(batch):
        taken += intake.step()
    sender.join()
    [[first, second]] = received
    assert (first.outcome, second.code) == (Outcome.ACCEPTED, "member_unknown")
    for each, receipt in ((batch[0].id, first), ("never", None)):
        assert outcome_of(open_house.url, open_house.platform, each) == receipt
    assert answers(open_house) == []
    inbox.close()


def test_without_a_writer_there_is_no_receipt_and_the_command_stays(open_house: House) -> None:
    inbox = Inbox(open_house.url, open_house.platform, SEAL, timeout_s=0)
    with pytest.raises(NoReceipt):
        inbox.submit([recharge(1)])
    inbox.close()
    assert left(open_house) == 1


def test_answers_that_nobody_picked_up_are_cleared_away_by_who_comes_a_week_later(
    open_house: House, intake: Intake
) -> None:
    """Whoever asked has died. What came of his commands stands in their receipts."""
    old, fresh = recharge(1), recharge(2)
    put(open_house, old.model_dump_json(), fresh.model_dump_json())
    intake.step()
    open_house.query(
        "UPDATE {0}.inbox_answer SET answered_at = now() - interval '8 days'"
        " WHERE position = (SELECT min(position) FROM {0}.inbox_answer) RETURNING 1"
    )
    with closing(Inbox(open_house.url, open_house.platform, SEAL)):
        assert [row[0] for row in answers(open_house)] == [fresh.id]


def test_whoever_is_patient_waits_for_the_next_writer(open_house: House, intake: Intake) -> None:
    asked = threading.Event()

    def patient() -> bool:
        asked.set()
        return True

    with (
        closing(
            Inbox(open_house.url, open_house.platform, SEAL, timeout_s=0, patient=patient)
        ) as inbox,
        ThreadPoolExecutor(1) as pool,
    ):
        answer = pool.submit(inbox.submit, [recharge(1)])
        assert asked.wait(60)
        while not intake.step():
            assert not answer.done()
        [receipt] = answer.result()
    assert receipt.outcome is Outcome.ACCEPTED
    assert answers(open_house) == []


def test_what_waits_is_encrypted(open_house: House, intake: Intake) -> None:
    """Rule 7: not even while it waits does a person's data lie there in clear."""
    registration = command(
        c.RegisterMember,
        member_id="lily",
        roles=(Role.INVESTOR,),
        kind="person",
        name=NAME,
        phone=PHONE,
        id_no=ID_NO,
    )
    inbox = Inbox(open_house.url, open_house.platform, SEAL, timeout_s=0)
    with pytest.raises(NoReceipt):
        inbox.submit([registration])
    inbox.close()
    [[waiting]] = open_house.query("SELECT message FROM {}.inbox")
    assert not [each for each in (NAME, ID_NO, PHONE) if each.encode() in bytes(waiting)]
    intake.step()
    assert answers(open_house) == [(registration.id, "accepted", "", False)]


def test_what_was_closed_with_another_key_is_parked_and_its_sender_hears_of_it(
    open_house: House, intake: Intake
) -> None:
    other_key = Seal(bytes(range(32)))
    sent = recharge(1)
    with (
        closing(Inbox(open_house.url, open_house.platform, other_key)) as inbox,
        ThreadPoolExecutor(1) as pool,
    ):
        answer = pool.submit(inbox.submit, [sent])
        while not intake.step():
            assert not answer.done()
        with pytest.raises(CommandParked, match=f"{sent.id} was parked: .* with another key"):
            answer.result()
    assert left(open_house) == 0
    assert open_house.query("SELECT source, reason, state FROM {}.parked") == [
        ("inbox", "the message is closed with another key", "parked")
    ]


def test_who_sent_others_beside_a_parked_one_has_their_receipts(
    open_house: House, intake: Intake
) -> None:
    good, bad = recharge(1), recharge(2)
    with (
        closing(Inbox(open_house.url, open_house.platform, SEAL)) as inbox,
        ThreadPoolExecutor(1) as pool,
    ):
        answer = pool.submit(inbox.submit, [good, bad])
        while left(open_house) < 2:
            assert not answer.done()
        [[last]] = open_house.query("SELECT max(position) FROM {}.inbox")
        broken = "UPDATE {}.inbox SET message = '{{' WHERE position = %s RETURNING position"
        open_house.query(broken, last)
        intake.step()
        with pytest.raises(CommandParked, match=f"{bad.id} was parked: Invalid JSON") as parked:
            answer.result()
    [receipt] = parked.value.receipts
    assert (receipt.command_id, receipt.outcome) == (good.id, Outcome.ACCEPTED)
    assert answers(open_house) == []
