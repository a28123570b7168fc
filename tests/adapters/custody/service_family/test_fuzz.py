"""Whatever comes from the bank's side, signed or not, is read, or refused in our own words."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.custody.service_family import answers
from adapters.custody.service_family.envelope import read_object
from adapters.custody.service_family.notices import read_notice
from adapters.custody.wire import NoAnswer
from domain.ports import BankAnswer, CustodianUntrusted
from tests.adapters.custody.service_family.conftest import Keys
from tests.adapters.custody.service_family.scenes import PLATFORM_NO, RECHARGE
from tests.adapters.custody.service_family.test_notices import BACKROLL, DONE, posted
from tests.fuzzing import fuzzed

pytestmark = pytest.mark.fuzz
FUZZ = fuzzed(500)
NAMES = sorted({*DONE, *BACKROLL, "batchNo", "errorCode", "errorMessage", "records", "bankcardNo"})
WORDS = st.sampled_from(
    ["0", "1", "SUCCESS", "FAIL", "INIT", "r1", "0.05", "9" * 18, "20180105", "100013", "\0", "人"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | WORDS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=6,
)
CHANGES = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), VALUES, max_size=3)
SAID = st.builds(
    lambda usual, change: usual | change, st.sampled_from([{}, DONE, BACKROLL]), CHANGES
)


@FUZZ
@given(said=SAID, service=st.sampled_from(["RECHARGE", "BACKROLL_RECHARGE", ""]))
def test_what_the_bank_signs_is_a_notice_that_can_be_kept_or_none(
    keys: Keys, said: dict[str, Any], service: str
) -> None:
    try:
        notice = read_notice(keys.our_signer(), PLATFORM_NO, posted(keys, said, service))
    except CustodianUntrusted:
        return
    assert_kept(notice.request_no, notice.answer.code, notice.answer.message)
    if notice.returned is not None:
        assert_kept(notice.returned.withdrawal_request_no, notice.returned.account)
        assert 0 < notice.returned.amount_fen < 2**63


def assert_kept(*texts: str) -> None:
    """PostgreSQL takes them."""
    for text in texts:
        assert "\0" not in text
        text.encode()


@FUZZ
@given(said=SAID, records=st.lists(CHANGES, max_size=2))
def test_what_the_bank_answers_is_a_verdict_or_none(
    said: dict[str, Any], records: list[dict[str, Any]]
) -> None:
    found_there = [DONE | {"requestNo": RECHARGE.request_no} | each for each in records]
    try:
        fields = read_object(orjson.dumps(said | {"records": found_there}))
    except NoAnswer:
        return
    for read in (
        lambda: answers.verdict(fields, "r1"),
        lambda: answers.queried(fields, RECHARGE),
        lambda: answers.user(fields),
    ):
        try:
            found = read()
        except NoAnswer:
            continue
        if isinstance(found, BankAnswer):
            assert_kept(found.code, found.message)


@FUZZ
@given(content=st.binary())
def test_content_that_is_no_object_is_refused(content: bytes) -> None:
    with suppress(NoAnswer):
        assert isinstance(read_object(content), dict)


@FUZZ
@given(at=st.integers(0, 255), flip=st.integers(1, 255), sign=st.booleans())
def test_one_changed_byte_makes_a_forgery(keys: Keys, at: int, flip: int, sign: bool) -> None:
    form = posted(keys, DONE)
    if sign:
        raw = bytearray(base64.b64decode(form["sign"]))
        raw[at % len(raw)] ^= flip
        form["sign"] = base64.b64encode(raw).decode()
    else:
        content = bytearray(form["respData"].encode())
        content[at % len(content)] ^= flip
        form["respData"] = content.decode(errors="replace")
    with pytest.raises(CustodianUntrusted):
        read_notice(keys.our_signer(), PLATFORM_NO, form)


@FUZZ
@given(
    form=st.dictionaries(
        st.sampled_from(["respData", "sign", "platformNo", "serviceName"]) | st.text(max_size=5),
        st.text(),
    )
)
def test_whatever_is_posted_is_a_forgery(keys: Keys, form: dict[str, str]) -> None:
    with pytest.raises(CustodianUntrusted):
        read_notice(keys.our_signer(), PLATFORM_NO, form)
