from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from adapters.custody.batch_family.message import Stamps, opened, packs, sealed, signed_text
from adapters.custody.wire import NoAnswer
from infra.clock import ManualClock
from tests.adapters.custody.batch_family.conftest import Keys
from tests.adapters.custody.batch_family.scenes import NOON


def key(stamp: dict[str, str]) -> str:
    return stamp["txDate"] + stamp["txTime"] + stamp["seqNo"]


def test_a_stamp_is_the_banks_local_time_and_the_microsecond() -> None:
    clock = ManualClock(NOON + timedelta(microseconds=42))
    assert Stamps(clock).next() == {"txDate": "20180105", "txTime": "120000", "seqNo": "000042"}


def test_no_stamp_comes_twice_while_the_clock_stands_and_over_the_second() -> None:
    stamps = Stamps(ManualClock(NOON + timedelta(microseconds=999_990)))
    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(lambda _: key(stamps.next()), range(500)))
    assert len(set(got)) == 500
    assert all(len(each) == 20 and each.isdigit() for each in got)
    assert max(got)[:14] == "20180105120001"


def test_another_start_with_a_later_clock_meets_none_of_the_first() -> None:
    clock = ManualClock(NOON)
    first = Stamps(clock)
    before = {key(first.next()) for _ in range(100)}
    clock.advance(timedelta(milliseconds=1))
    second = Stamps(clock)
    assert before.isdisjoint(key(second.next()) for _ in range(100))


def test_where_the_clock_was_set_back_skipping_leaves_the_used_ones_behind() -> None:
    used, again = Stamps(ManualClock(NOON)), Stamps(ManualClock(NOON))
    before = {key(used.next()) for _ in range(9_000)}
    assert key(again.next()) in before
    again.skip()
    assert key(again.next()) not in before


def test_the_signature_is_over_the_values_in_the_order_of_their_names() -> None:
    assert signed_text({"b": "2", "sign": "x", "a": "1", "B": "0"}) == b"012"


def test_what_the_bank_signed_is_opened_and_anything_else_is_not(keys: Keys) -> None:
    body = keys.sealed({"retCode": "00000000", "name": "某人"})
    assert opened(keys.our_signer(), body)["name"] == "某人"
    for spoilt in (
        body.replace(b"00000000", b"00000001"),
        b"",
        b"[]",
        b'{"retCode": 1}',
        b'{"retCode": "00000000"}',
        sealed(keys.our_signer(), {"retCode": "00000000"}),  # Our own signature is not the bank's.
    ):
        with pytest.raises(NoAnswer):
            opened(keys.our_signer(), spoilt)


@pytest.mark.parametrize("text", ["", "x", "{}", "[1]", "null"])
def test_sub_packs_must_be_a_list_of_objects(text: str) -> None:
    with pytest.raises(NoAnswer, match="subPacks"):
        packs({"subPacks": text})
