"""The writer: one outcome an id, whole batches or nothing, and one writer at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError

from adapters import event_log
from adapters.commanding import Outcome, Receipt
from adapters.event_log import AppendUnknown, WriterFenced
from domain import commands as c
from domain.accounts import Role
from domain.cashbook import UNBOUNDED
from domain.commands import AnyCommand, Command
from domain.model import InvariantBroken, Refused
from domain.platform import PlatformOpened
from domain.refusals import Code
from services.settlement import on_members, on_withdrawals
from services.settlement.desk import Desk
from services.settlement.handlers import HANDLERS, Handler
from services.settlement.pen import INBOX, Delivery, Unread
from services.settlement.shelf import Balance
from tests.exemplars import NAME, PHONE, TODAY, command, id_no_of
from tests.house import House
from tests.services.settlement import failing
from tests.services.settlement.whole import assert_whole

INVESTOR = Role.INVESTOR


@pytest.fixture
def lucy(house: House) -> House:
    """An open platform where lucy has 100.00 yuan and a bound card."""
    house.open()
    house.member("lucy", INVESTOR, 100_00)
    house.bind("lucy", INVESTOR, "b1")
    return house


def recharge(number: int, fen: int = 1_00, **fields: Any) -> c.RequestRecharge:
    return command(
        c.RequestRecharge,
        recharge_id=f"r{number}",
        member_id="lucy",
        role=INVESTOR,
        amount_fen=fen,
        **fields,
    )


def withdrawal(number: int, fen: int, **fields: Any) -> c.RequestWithdrawal:
    return command(
        c.RequestWithdrawal,
        withdrawal_id=f"w{number}",
        member_id="lucy",
        role=INVESTOR,
        binding_id="b1",
        amount_fen=fen,
        **fields,
    )


def registration(number: int) -> c.RegisterMember:
    return command(
        c.RegisterMember,
        member_id=f"m{number}",
        kind="person",
        roles=(INVESTOR,),
        name=NAME,
        id_no=id_no_of(f"m{number}"),
        phone=PHONE,
    )


def everything(house: House) -> tuple[Any, ...]:
    """All that a command could have changed."""
    return (
        house.query(
            "SELECT head_position, head_hash, receipts, outstanding_principal_fen FROM {}.shard"
        ),
        house.query("SELECT * FROM {}.receipt ORDER BY number"),
        house.query("SELECT ref FROM {}.vault ORDER BY ref"),
        house.balances(),
        house.log.head(),
    )


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


# -- one writer ---------------------------------------------------------------------------


def test_the_last_to_open_the_shard_writes_and_the_one_before_is_fenced(lucy: House) -> None:
    old, lucy.writer = lucy.writer, lucy.new_writer()
    before = everything(lucy)
    with pytest.raises(WriterFenced):
        old.submit([withdrawal(1, 1)])
    assert everything(lucy) == before
    [receipt] = lucy.writer.submit([withdrawal(1, 1)])
    assert receipt.outcome is Outcome.ACCEPTED
    with pytest.raises(WriterFenced):
        old.submit([withdrawal(2, 1)])
    old.close()
    assert_whole(lucy)


def test_a_writer_is_fenced_also_where_the_next_one_has_decided_the_same(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its decision and its append. Once that came out as a receipt that is there twice."""
    old, same = lucy.writer, withdrawal(1, 60_00)

    def overtaken() -> None:
        lucy.writer = lucy.new_writer()
        lucy.writer.submit([same])

    failing.before(monkeypatch, failing.BEFORE_BEGIN, overtaken)
    with pytest.raises(WriterFenced):
        old.submit([same])
    old.close()
    [receipt] = lucy.writer.submit([same])
    assert receipt.replayed
    assert_whole(lucy)


def test_a_writer_that_stands_still_in_its_transaction_keeps_nobody_out(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is frozen: it has locked the shard, and its connection stays."""
    monkeypatch.setattr(event_log, "STANDS_STILL", "SET LOCAL transaction_timeout = '200ms'")
    successors = []

    def frozen(connection: Any) -> None:
        connection.execute("SELECT").fetchall()  # What waits to be sent is sent, and done.
        successors.append(lucy.new_writer())

    failing.after(monkeypatch, failing.BEFORE_COMMIT, frozen)
    before = everything(lucy)
    lost = withdrawal(1, 60_00)
    with pytest.raises(WriterFenced):
        lucy.writer.submit([lost])
    assert everything(lucy) == before
    lucy.writer.close()
    [lucy.writer] = successors
    [receipt] = lucy.writer.submit([lost])
    assert receipt.outcome is Outcome.ACCEPTED
    assert_whole(lucy)


def test_a_writer_that_is_fenced_while_it_recovers_appends_nothing(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its commit's answer is lost, and meanwhile another has taken over."""
    successors = []

    def replaced(cursor: Any) -> None:
        successors.append(lucy.new_writer())
        raise AppendUnknown("lost")

    failing.after(monkeypatch, failing.AFTER_COMMIT, replaced)
    lost = withdrawal(1, 60_00)
    with pytest.raises(WriterFenced):
        lucy.writer.submit([lost])
    lucy.writer.close()
    [lucy.writer] = successors
    [receipt] = lucy.writer.submit([lost])
    assert (receipt.outcome, receipt.replayed) == (Outcome.ACCEPTED, True)
    assert_whole(lucy)


# -- an append that fails -----------------------------------------------------------------


def test_a_session_killed_inside_the_transaction_ends_with_one_outcome(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.after(monkeypatch, failing.BEFORE_COMMIT, failing.end_session(lucy.url))
    [receipt] = lucy.writer.submit([withdrawal(1, 60_00)])
    assert (receipt.outcome, receipt.replayed) == (Outcome.ACCEPTED, False)
    assert lucy.balances()["lucy:investor"] == (40_00, 60_00)
    assert_whole(lucy)


def test_a_lost_answer_to_a_commit_ends_with_the_stored_outcome(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.after(monkeypatch, failing.AFTER_COMMIT, failing.lose_answer)
    accepted, refused = lucy.writer.submit([withdrawal(1, 60_00), withdrawal(2, 60_00)])
    assert (accepted.outcome, accepted.replayed) == (Outcome.ACCEPTED, True)
    assert (refused.code, refused.replayed) == ("insufficient_balance", True)
    assert lucy.balances()["lucy:investor"] == (40_00, 60_00)
    assert_whole(lucy)


def test_the_reading_session_may_be_killed_between_batches(lucy: House) -> None:
    with psycopg.connect(lucy.url, autocommit=True) as other:
        pid = lucy.writer._connection.info.backend_pid
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    [receipt] = lucy.writer.submit([withdrawal(1, 60_00)])
    assert receipt.outcome is Outcome.ACCEPTED
    assert_whole(lucy)


# -- one delivery is decided while the one before it is being stored ------------------------


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.settlement.writer.BATCH_MAX", 1)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("step", [failing.BEFORE_COMMIT, failing.AFTER_COMMIT])
@pytest.mark.parametrize("times", [1, 2])
def test_what_was_decided_upon_a_delivery_that_failed_is_decided_again(
    lucy: House, monkeypatch: pytest.MonkeyPatch, step: str, times: int
) -> None:
    failing.after(monkeypatch, step, failing.lose_answer, times)
    receipts = lucy.writer.submit(
        [withdrawal(1, 60_00), withdrawal(2, 60_00), withdrawal(3, 40_00)]
    )
    assert [r.code for r in receipts] == ["", "insufficient_balance", ""]
    assert lucy.balances()["lucy:investor"] == (0, 100_00)
    assert_whole(lucy)


@pytest.mark.usefixtures("small_batches")
def test_a_command_again_while_the_first_is_being_stored(lucy: House) -> None:
    first, second = withdrawal(1, 60_00), withdrawal(2, 30_00)
    receipts = lucy.writer.submit([first, first, second, first])
    assert [r.replayed for r in receipts] == [False, True, False, True]
    assert {r.outcome for r in receipts} == {Outcome.ACCEPTED}
    assert_whole(lucy)


def test_a_bug_after_a_delivery_leaves_that_one_stored_and_the_writer_right(
    lucy: House,
) -> None:
    """What is on its way when another delivery fails does land."""

    def deliveries() -> Iterator[Delivery]:
        yield Delivery([withdrawal(1, 60_00)])
        raise failing.Broken

    with pytest.raises(failing.Broken):
        lucy.writer.run(deliveries())
    assert lucy.balances()["lucy:investor"] == (40_00, 60_00)
    receipts = lucy.writer.submit([withdrawal(2, 60_00), withdrawal(3, 40_00)])
    assert [r.code for r in receipts] == ["insufficient_balance", ""]
    assert_whole(lucy)


@pytest.mark.usefixtures("small_batches")
def test_the_reading_session_may_be_killed_while_a_delivery_is_being_stored(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = lucy.writer

    def end_reader(_: Any) -> None:
        failing.end_session(lucy.url)(writer._connection)

    failing.after(monkeypatch, failing.BEFORE_COMMIT, end_reader)
    receipts = writer.submit([withdrawal(1, 60_00), withdrawal(2, 60_00), withdrawal(3, 40_00)])
    assert [r.code for r in receipts] == ["", "insufficient_balance", ""]
    assert_whole(lucy)


@pytest.mark.parametrize("times", [3, 4])
def test_a_writer_that_gave_up_forgets_what_it_never_stored(
    lucy: House, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Once its shelf kept the phantom: the next batch built versions and balances upon it."""
    failing.after(monkeypatch, failing.BEFORE_COMMIT, failing.lose_answer, times)
    with pytest.raises(AppendUnknown):
        lucy.writer.submit([withdrawal(1, 60_00)])
    [receipt] = lucy.writer.submit([withdrawal(2, 30_00)])
    assert receipt.outcome is Outcome.ACCEPTED
    lucy.writer.submit([withdrawal(1, 60_00)])
    assert lucy.balances()["lucy:investor"] == (10_00, 90_00)
    assert_whole(lucy)


class Stop(BaseException):
    """As a signal, between two lines."""


@pytest.mark.parametrize("how", [failing.Broken, Stop])
@pytest.mark.parametrize("step", [failing.BEFORE_COMMIT, failing.AFTER_COMMIT])
def test_whatever_stops_a_batch_leaves_a_writer_that_is_right(
    lucy: House, monkeypatch: pytest.MonkeyPatch, step: str, how: type[BaseException]
) -> None:
    def stop(_: Any) -> None:
        raise how

    before = everything(lucy)
    failing.after(monkeypatch, step, stop)
    with pytest.raises(how):
        lucy.writer.submit([withdrawal(1, 60_00)])
    if step == failing.BEFORE_COMMIT:
        assert everything(lucy) == before
    lucy.writer.submit([withdrawal(2, 30_00)])
    lucy.writer.submit([withdrawal(1, 60_00)])
    assert lucy.balances()["lucy:investor"] == (10_00, 90_00)
    assert_whole(lucy)


def test_a_message_is_parked_once_even_if_the_answer_was_lost(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.after(monkeypatch, failing.AFTER_COMMIT, failing.lose_answer)
    [receipt] = lucy.writer.run(
        [Delivery([withdrawal(1, 1)], [8], [Unread(INBOX, 7, b"{", "not JSON")])]
    )
    assert receipt.outcome is Outcome.ACCEPTED
    assert lucy.query("SELECT place, reason FROM {}.parked") == [(7, "not JSON")]
    assert lucy.query("SELECT position, outcome FROM {}.inbox_answer") == [(8, "accepted")]
    assert_whole(lucy)


# -- the last line of defence ---------------------------------------------------------------


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk that forgot to look whether the money is there."""

    def careless_move(self: Desk, legs: Any, *, refusable: bool) -> None:
        for account, available_fen, frozen_fen in legs:
            if account in UNBOUNDED:
                continue
            before = self.balance(account)
            self._balances[account] = Balance(
                before.available_fen + available_fen, before.frozen_fen + frozen_fen
            )

    monkeypatch.setattr(Desk, "_move", careless_move)


@pytest.mark.parametrize("table", ["stored_events", "receipt"])
def test_what_is_on_record_is_never_changed_or_deleted(lucy: House, table: str) -> None:
    before = everything(lucy)
    for change in (f"DELETE FROM shard_p1.{table}", f"TRUNCATE shard_p1.{table}"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            lucy.connection.execute(change.encode())
    assert everything(lucy) == before


@pytest.mark.usefixtures("careless")
def test_even_a_broken_desk_cannot_overdraw(lucy: House) -> None:
    before = everything(lucy)
    with pytest.raises(IntegrityError, match="available_fen"):
        lucy.writer.submit([withdrawal(1, 100_01)])
    assert everything(lucy) == before


def test_a_bug_in_a_decider_stops_the_batch_and_stores_nothing(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def buggy(desk: Desk, command: c.RequestRecharge) -> None:
        on_members.request_recharge(desk, command)
        raise InvariantBroken("a bug")

    kind: type[Command] = c.RequestRecharge
    monkeypatch.setitem(HANDLERS, kind, Handler(buggy, HANDLERS[kind].touches))
    before = everything(lucy)
    with pytest.raises(InvariantBroken):
        lucy.writer.submit([withdrawal(1, 60_00), recharge(1)])
    assert everything(lucy) == before
    [receipt] = lucy.writer.submit([withdrawal(1, 60_00)])
    assert (receipt.outcome, receipt.replayed) == (Outcome.ACCEPTED, False)
    assert_whole(lucy)


def test_a_refusal_late_in_a_decider_sweeps_the_desk_clean(
    lucy: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(desk: Desk, command: c.RequestWithdrawal) -> None:
        on_withdrawals.request_withdrawal(desk, command)
        desk.put_away("late", {"name": NAME})
        raise Refused(Code.LOAN_UNKNOWN)

    first, refused, last = withdrawal(1, 60_00), withdrawal(2, 30_00), withdrawal(3, 40_00)
    kind: type[Command] = c.RequestWithdrawal
    real = HANDLERS[kind]
    decide = {first.id: real.decide, refused.id: late, last.id: real.decide}
    chosen = Handler(lambda desk, command: decide[command.id](desk, command), real.touches)
    monkeypatch.setitem(HANDLERS, kind, chosen)
    codes = [receipt.code for receipt in lucy.writer.submit([first, refused, last])]
    assert codes == ["", "loan_unknown", ""]
    assert lucy.balances()["lucy:investor"] == (0, 100_00)
    assert lucy.query("SELECT ref FROM {}.vault WHERE ref = 'late'") == []
    assert_whole(lucy)


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
