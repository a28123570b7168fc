from __future__ import annotations

from collections.abc import Mapping

import pytest

from adapters.custody.batch_family.notices import read_notice
from domain.ports import BankNotice, BankOutcome, CustodianUntrusted
from tests.adapters.custody.batch_family.conftest import Keys
from tests.adapters.custody.batch_family.scenes import ANN, DAY, INST_CODE

ORDER = {
    "txCode": "directRechargePage",
    "instCode": INST_CODE,
    "orderId": "r-recharge",
    "retCode": "00000000",
    "state": "S",
    "relDate": "20180105",
}
RESULT = {
    "txCode": "batchRepay",
    "instCode": INST_CODE,
    "batchNo": "123456",
    "acqRes": "R-1",
    "retCode": "00000000",
    "sucCounts": "2",
    "failCounts": "0",
    "relDate": "20180105",
}
LEGAL = {
    "txCode": "batchRepay",
    "instCode": INST_CODE,
    "batchNo": "123456",
    "acqRes": "R-1",
    "retCode": "00000000",
    "txAmount": "7.00",
    "txCounts": "2",
}


def read(keys: Keys, fields: Mapping[str, str]) -> BankNotice:
    return read_notice(keys.our_signer(), INST_CODE, {"bgData": keys.sealed(fields).decode()})


def test_the_end_of_an_order(keys: Keys) -> None:
    notice = read(keys, ORDER)
    assert (notice.request_no, notice.answer.outcome) == ("r-recharge", BankOutcome.SUCCEEDED)
    assert notice.answer.bank_date == DAY
    refused = read(keys, ORDER | {"retCode": "CA100008", "retMsg": "no", "state": "F"})
    assert (refused.answer.outcome, refused.answer.code) == (BankOutcome.REFUSED, "CA100008")


def test_a_withdrawal_whose_money_is_back(keys: Keys) -> None:
    back = {"txCode": "withdrawReturn", "orderId": "BACK1", "orgOrderId": "w1", "userNo": ANN}
    notice = read(keys, ORDER | back | {"txAmount": "7.00"})
    assert notice.returned is not None
    told = notice.returned
    assert (told.bank_request_no, told.withdrawal_request_no) == ("BACK1", "w1")
    assert (told.account, told.amount_fen) == (ANN, 700)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        (RESULT, BankOutcome.SUCCEEDED),
        (RESULT | {"sucCounts": "0", "failCounts": "2"}, BankOutcome.REFUSED),
        # In part, or a part of its request: the query decides.
        (RESULT | {"sucCounts": "1", "failCounts": "1"}, BankOutcome.UNKNOWN),
        (RESULT | {"acqRes": "R-1~r1"}, BankOutcome.UNKNOWN),
        (RESULT | {"acqRes": "R-1~r1", "sucCounts": "0", "failCounts": "2"}, BankOutcome.UNKNOWN),
        (RESULT | {"sucCounts": "0", "failCounts": "0"}, BankOutcome.UNKNOWN),
        (RESULT | {"retCode": "CE999999"}, BankOutcome.UNKNOWN),
        (
            RESULT | {"sucCounts": "0", "failCounts": "2", "failCode": "CE999028"},
            BankOutcome.UNKNOWN,
        ),
        (LEGAL, BankOutcome.PENDING),
        (LEGAL | {"retCode": "JX900001"}, BankOutcome.UNKNOWN),
    ],
)
def test_what_a_batchs_notice_decides(
    keys: Keys, fields: Mapping[str, str], outcome: BankOutcome
) -> None:
    notice = read(keys, fields)
    assert (notice.request_no, notice.answer.outcome) == ("R-1", outcome)


@pytest.mark.parametrize(
    "fields",
    [
        ORDER | {"instCode": "00170002"},
        {name: value for name, value in ORDER.items() if name != "orderId"},
        {name: value for name, value in ORDER.items() if name != "retCode"},
        ORDER | {"state": "Z"},
        ORDER | {"relDate": "2018-01-05"},
        {name: value for name, value in RESULT.items() if name != "acqRes"},
        {name: value for name, value in RESULT.items() if name != "failCounts"},
        ORDER | {"txCode": "withdrawReturn", "orgOrderId": "w1", "userNo": ANN, "txAmount": "0.00"},
        ORDER | {"txCode": "withdrawReturn", "orgOrderId": "w1", "txAmount": "7.00"},
    ],
)
def test_signed_content_that_is_no_notice_is_not_believed(
    keys: Keys, fields: Mapping[str, str]
) -> None:
    with pytest.raises(CustodianUntrusted):
        read(keys, fields)


def test_nothing_unsigned_is_believed(keys: Keys) -> None:
    text = keys.sealed(ORDER).decode()
    for form in ({}, {"bgData": ""}, {"bgData": text.replace("r-recharge", "r-other")}):
        with pytest.raises(CustodianUntrusted):
            read_notice(keys.our_signer(), INST_CODE, form)
