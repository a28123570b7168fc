"""Whatever comes from the bank's side, signed or not, is read, or refused in our own words."""

from __future__ import annotations

from contextlib import suppress

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.custody.batch_family import answers
from adapters.custody.batch_family.message import opened, packs
from adapters.custody.batch_family.notices import read_notice
from adapters.custody.wire import NoAnswer
from domain.ports import BankAnswer, CustodianUntrusted
from tests.adapters.custody.batch_family.conftest import Keys
from tests.adapters.custody.batch_family.scenes import INST_CODE, RECHARGE
from tests.adapters.custody.batch_family.test_notices import LEGAL, ORDER, RESULT
from tests.fuzzing import fuzzed

pytestmark = pytest.mark.fuzz
FUZZ = fuzzed(500)
BACK = ORDER | {"txCode": "withdrawReturn", "orgOrderId": "w1", "userNo": "u1", "txAmount": "7.00"}
NAMES = sorted({*BACK, *RESULT, *LEGAL, "failCode", "failMsg", "retMsg", "availBal", "currBal"})
TEXTS = st.text() | st.sampled_from(
    ["", "0", "1", "S", "F", "N", "7.00", "9" * 18, "20180105", "00000000", "CE999028", "\0", "人"]
)
SAID = st.builds(
    lambda usual, change: usual | change,
    st.sampled_from([{}, ORDER, BACK, RESULT, LEGAL]),
    st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), TEXTS, max_size=3),
).map(lambda said: {"instCode": INST_CODE, "retCode": "00000000"} | said)


def assert_kept(*texts: str) -> None:
    """PostgreSQL takes them."""
    for text in texts:
        assert "\0" not in text
        text.encode()


@FUZZ
@given(said=SAID)
def test_what_the_bank_signs_is_a_notice_that_can_be_kept_or_none(
    keys: Keys, said: dict[str, str]
) -> None:
    try:
        notice = read_notice(keys.our_signer(), INST_CODE, {"bgData": keys.sealed(said).decode()})
    except CustodianUntrusted:
        return
    assert_kept(notice.request_no, notice.answer.code, notice.answer.message)
    if notice.returned is not None:
        assert_kept(notice.returned.withdrawal_request_no, notice.returned.account)
        assert 0 < notice.returned.amount_fen < 2**63


@FUZZ
@given(
    said=SAID,
    sub_packs=st.just("")
    | st.text()
    | st.sampled_from(["[]", "[1]", "[{}]", "{}", '[{"orderId":[]}]']),
)
def test_what_the_bank_answers_is_a_verdict_or_none(
    keys: Keys, said: dict[str, str], sub_packs: str
) -> None:
    try:
        fields = opened(keys.our_signer(), keys.sealed(said | {"subPacks": sub_packs}))
    except NoAnswer:
        return
    for read in (
        lambda: answers.verdict(fields, "r-recharge"),
        lambda: answers.queried(fields, RECHARGE),
        lambda: answers.failure(fields),
        lambda: answers.balance(fields),
        lambda: packs(fields),
    ):
        with suppress(NoAnswer):
            found = read()
            if isinstance(found, BankAnswer):
                assert_kept(found.code, found.message)
            elif isinstance(found, list):
                assert_kept(*(value for each in found for value in each.values()))


@FUZZ
@given(content=st.binary() | st.text().map(str.encode))
def test_what_the_bank_did_not_sign_is_no_message(keys: Keys, content: bytes) -> None:
    with pytest.raises(NoAnswer):
        opened(keys.our_signer(), content)


@FUZZ
@given(name=st.sampled_from(sorted(BACK)), value=st.text())
def test_another_value_makes_a_forgery(keys: Keys, name: str, value: str) -> None:
    """Another name need not, nor a border moved between two values: the protocol signs neither."""
    assume(value != BACK[name])
    sealed = orjson.loads(keys.sealed(BACK))
    with pytest.raises(NoAnswer):
        opened(keys.our_signer(), orjson.dumps(sealed | {name: value}))
