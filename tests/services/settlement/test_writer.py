"""The writer: one outcome an id, what holds for every command, and batches of any size."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.commanding import Outcome, Receipt
from domain import commands as c
from domain.commands import AnyCommand, Command
from domain.platform import PlatformOpened
from domain.refusals import Code
from services.settlement.handlers import HANDLERS
from services.settlement.pen import Delivery
from tests.exemplars import TODAY, command
from tests.house import House
from tests.services.settlement.lucy import INVESTOR, everything, recharge, registration, withdrawal
from tests.services.settlement.whole import assert_whole

# -- one outcome an id --------------------------------------------------------------------


def test_every_command_of_the_published_language_has_a_handler() -> None:
    union = AnyCommand.__origin__  # type: ignore[attr-defined]
    assert set(HANDLERS) == set(union.__args__)


def test_the_same_command_again_gets_the_same_receipt_and_changes_nothing(lucy: House) -> None:
    again = withdrawal(1, 60_00)
    first = lucy.writer.submit([again])
    before = everything(lucy)
    assert lucy.writer.submit([again]) == [first[0]._replace(replayed=True)]
    assert everything(lucy) == before


def test_a_refusal_is_final_for_its_id(lucy: House) -> None:
    too_much = withdrawal(1, 100_01)
    [refused] = lucy.writer.submit([too_much])
    assert refused.code == Code.INSUFFICIENT_BALANCE
    lucy.recharge("lucy", INVESTOR, 50_00)
    assert lucy.writer.submit([too_much]) == [refused._replace(replayed=True)]


def test_an_id_with_another_payload_is_refused_and_the_first_outcome_stands(lucy: House) -> None:
    first = withdrawal(1, 60_00, id="same")
    [kept] = lucy.writer.submit([first])
    before = everything(lucy)
    [other] = lucy.writer.submit([withdrawal(1, 60_01, id="same")])
    assert (other.outcome, other.code, other.field) == (Outcome.REFUSED, "command_id_reused", "id")
    assert everything(lucy) == before
    assert lucy.writer.submit([first]) == [kept._replace(replayed=True)]


def test_twice_in_one_batch_is_once(lucy: House) -> None:
    once = withdrawal(1, 60_00)
    first, second = lucy.writer.submit([once, once])
    assert second == first._replace(replayed=True)
    assert lucy.balances()["lucy:investor"] == (40_00, 60_00)
    assert_whole(lucy)


def test_an_id_reused_inside_one_batch_is_refused(lucy: House) -> None:
    batch = [withdrawal(1, 60_00, id="same"), withdrawal(2, 10_00, id="same")]
    assert [r.code for r in lucy.writer.submit(batch)] == ["", "command_id_reused"]
    assert lucy.balances()["lucy:investor"] == (40_00, 60_00)
    assert_whole(lucy)


def test_each_command_of_a_batch_sees_those_before_it(lucy: House) -> None:
    batch = [withdrawal(1, 60_00), withdrawal(2, 60_00), withdrawal(3, 40_00)]
    assert [r.code for r in lucy.writer.submit(batch)] == ["", "insufficient_balance", ""]
    assert lucy.balances()["lucy:investor"] == (0, 100_00)


def test_another_writer_answers_from_the_stored_receipts(lucy: House) -> None:
    batch = [withdrawal(1, 60_00), withdrawal(2, 60_00)]
    receipts = lucy.writer.submit(batch)
    lucy.writer.close()
    lucy.writer = lucy.new_writer()
    assert lucy.writer.submit(batch) == [r._replace(replayed=True) for r in receipts]


# -- what holds for every command ---------------------------------------------------------


def test_nothing_goes_before_the_platform_is_open(house: House) -> None:
    assert house.refused(c.SeedReserve, seed_id="s", amount_fen=1) == ("platform_unknown")


def test_a_command_for_another_platform_is_refused(lucy: House) -> None:
    before = lucy.log.head()
    [receipt] = lucy.writer.submit([withdrawal(1, 1, platform="p2")])
    assert (receipt.code, receipt.field) == ("platform_unknown", "platform")
    assert lucy.log.head() == before


def test_a_platform_opens_once(lucy: House) -> None:
    assert lucy.refused(c.OpenPlatform, business_date=TODAY, law_table="none") == (
        "platform_already_open"
    )


def test_an_unknown_law_table_opens_nothing(house: House) -> None:
    assert house.refused(c.OpenPlatform, business_date=TODAY, law_table="mars") == (
        "law_table_unknown"
    )


@pytest.mark.parametrize(
    ("on", "reason", "code"),
    [
        (date(2018, 2, 1), "told ahead", "effective_date_in_future"),
        (date(2018, 1, 30), None, "effective_date_needs_reason"),
        (date(2018, 1, 30), "the bank was late", ""),
        (date(2018, 1, 31), None, ""),
        (None, None, ""),
    ],
)
def test_effective_dates(lucy: House, on: date | None, reason: str | None, code: str) -> None:
    [receipt] = lucy.writer.submit([withdrawal(1, 1, effective_on=on, reason=reason)])
    assert receipt.code == code


def test_events_name_their_command_and_the_business_date(lucy: House) -> None:
    first = withdrawal(1, 1, correlation_id="story", actor="desk-7")
    [receipt] = lucy.writer.submit([first])
    [requested] = lucy.recorded(after=receipt.first_position - 1)
    assert (requested.position, receipt.last_position) == (receipt.first_position,) * 2
    assert (requested.cause, requested.correlation, requested.actor) == (
        first.id,
        "story",
        "desk-7",
    )
    assert (requested.business_date, requested.recorded_at) == (
        TODAY,
        "2018-01-31T04:00:00.000+00:00",
    )


def test_a_poisonous_account_name_is_bad_input_and_never_reaches_the_writer(lucy: House) -> None:
    for account in ("ghost", "outside", "lucy:", ":investor", "lucy:king", "lucy:reserve"):
        with pytest.raises(ValueError, match="account"):
            command(
                c.RecordBankMovement,
                bank_record="x",
                purpose="bank_adjustment",
                account=account,
                amount_fen=1,
                bank_date=TODAY,
            )


def test_dashes_in_ids_never_make_two_cards_one(lucy: House) -> None:
    """a + b-c and a-b + c: once the same reference in the vault, which stopped the writer."""
    for member_id, binding_id in (("a", "b-c"), ("a-b", "c")):
        lucy.member(member_id, INVESTOR)
        lucy.bind(member_id, INVESTOR, binding_id)
    assert len(lucy.query("SELECT ref FROM {}.vault")) == 2 * 3


# -- large batches ------------------------------------------------------------------------


def test_ten_thousand_commands_at_once(lucy: House) -> None:
    batch: list[Command] = [recharge(number) for number in range(10_000)]
    receipts = lucy.writer.submit(batch)
    assert {r.outcome for r in receipts} == {Outcome.ACCEPTED}
    assert lucy.writer.submit(batch[:3]) == [r._replace(replayed=True) for r in receipts[:3]]


def test_one_transaction_of_ten_thousand_commands_and_two_thousand_events(lucy: House) -> None:
    """The library's own insert hung for ever here."""
    lucy.writer.submit([recharge(number) for number in range(2_000)])
    head = lucy.log.head()
    batch: list[Command] = [
        command(c.SettleEntry, entry_id=f"C-r{number}", bank_date=TODAY) for number in range(10_000)
    ]
    receipts = lucy.writer.run([Delivery(batch)])
    codes = [r.code for r in receipts]
    assert codes == [""] * 2_000 + ["entry_unknown"] * 8_000
    assert lucy.log.head() == head + 2_000
    assert lucy.available("lucy:investor") == 100_00 + 2_000_00
    assert_whole(lucy)


def test_one_transaction_of_ten_thousand_events(lucy: House) -> None:
    """More than the server takes in at once, up to the last statement."""
    receipts = lucy.writer.run([Delivery([recharge(number) for number in range(10_000)])])
    assert {r.outcome for r in receipts} == {Outcome.ACCEPTED}
    assert_whole(lucy)


# -- and besides --------------------------------------------------------------------------


def test_the_shelf_may_be_small(lucy: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.settlement.shelf.STREAMS_MAX", 4)
    monkeypatch.setattr("services.settlement.shelf.ACCOUNTS_MAX", 0)
    for number in range(10):
        lucy.writer.submit([recharge(number), registration(number)])
        lucy.settle(f"C-r{number}")
    assert lucy.available("lucy:investor") == 110_00
    assert len({**lucy.writer._shelf.states.old, **lucy.writer._shelf.states}) <= 4 + 4 * 2
    assert_whole(lucy)


def test_receipts_say_where_the_events_lie(lucy: House) -> None:
    head = lucy.log.head()
    answers = lucy.writer.submit([recharge(1), withdrawal(1, 100_01), recharge(2)])
    places = [(r.first_position, r.last_position) for r in answers]
    assert places == [(head + 1, head + 1), (0, 0), (head + 2, head + 2)]
    assert isinstance(answers[0], Receipt)


def test_the_platform_opening_is_the_first_event(lucy: House) -> None:
    assert isinstance(lucy.events()[0], PlatformOpened)


def test_a_platform_may_have_a_dash_in_its_name(database: str) -> None:
    """The event store once took the dash in its schema's name for a minus."""
    house = House(database, "my-shop")
    house.open()
    house.member("lucy", INVESTOR, 1)
    assert house.available("lucy:investor") == 1
    house.close()
