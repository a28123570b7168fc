from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.custody.service_family.queries import encode_query
from domain.accounts import INCOME_ACCOUNT, RESERVE_ACCOUNT
from domain.bank_requests import Execute, ExecuteBatch, Leg
from domain.purposes import Purpose
from tests.adapters.custody.service_family import scenes
from tests.adapters.custody.service_family.test_requests import call


def test_a_disbursement_is_one_tender_trade_with_its_fee_and_contribution() -> None:
    sent = call(scenes.DISBURSE)
    assert (sent.path, sent.service) == ("/service", "SYNC_TRANSACTION")
    assert sent.fields == {
        "requestNo": "r-disburse",
        "tradeType": "TENDER",
        "projectNo": "p1",
        "details": [
            {
                "bizType": "TENDER",
                "sourcePlatformUserNo": "m1_INVESTOR",
                "targetPlatformUserNo": "m2_BORROWERS",
                "amount": "1000.00",
                "customDefine": "mv1",
                "freezeRequestNo": "r-freeze",
            },
            {
                "bizType": "COMMISSION",
                "sourcePlatformUserNo": "m2_BORROWERS",
                "targetPlatformUserNo": "SYS_GENERATE_004",
                "amount": "10.00",
                "customDefine": "mv2",
            },
            {
                "bizType": "COMMISSION",
                "sourcePlatformUserNo": "m2_BORROWERS",
                "targetPlatformUserNo": "SYS_GENERATE_001",
                "amount": "20.00",
                "customDefine": "mv3",
            },
        ],
    }


@pytest.mark.parametrize(
    ("purpose", "payer", "payee", "trade_type", "biz_type"),
    [
        (Purpose.REPAYMENT, scenes.BORROWER, scenes.INVESTOR, "REPAYMENT", "REPAYMENT"),
        (
            Purpose.SUBROGATED_RECOVERY,
            scenes.BORROWER,
            RESERVE_ACCOUNT,
            "REPAYMENT",
            "COMPENSATORY_REPAYMENT",
        ),
        (
            Purpose.GUARANTEE_RECOVERY,
            scenes.BORROWER,
            "m3:guarantor",
            "REPAYMENT",
            "COMPENSATORY_REPAYMENT",
        ),
        (
            Purpose.REIMBURSEMENT,
            "m3:guarantor",
            RESERVE_ACCOUNT,
            "REPAYMENT",
            "COMPENSATORY_REPAYMENT",
        ),
        (Purpose.RESERVE_PAYOUT, RESERVE_ACCOUNT, scenes.INVESTOR, "COMPENSATORY", "COMPENSATORY"),
        (
            Purpose.RESERVE_SURPLUS,
            RESERVE_ACCOUNT,
            INCOME_ACCOUNT,
            "FUNDS_TRANSFER",
            "FUNDS_TRANSFER",
        ),
        (
            Purpose.REVERSAL,
            INCOME_ACCOUNT,
            scenes.BORROWER,
            "PLATFORM_INDEPENDENT_PROFIT",
            "PROFIT",
        ),
        (
            Purpose.SHORTFALL_COVER,
            INCOME_ACCOUNT,
            scenes.INVESTOR,
            "PLATFORM_INDEPENDENT_PROFIT",
            "PROFIT",
        ),
    ],
)
def test_each_purpose_has_its_trade_and_business_type(
    purpose: Purpose, payer: str, payee: str, trade_type: str, biz_type: str
) -> None:
    leg = Leg("mv", purpose, payer, payee, 300, interest_fen=100)
    fields = call(Execute("r", purpose, None, (leg,))).fields
    assert fields["tradeType"] == trade_type
    assert "projectNo" not in fields
    assert fields["details"][0]["bizType"] == biz_type
    assert fields["details"][0]["amount"] == "3.00"
    assert fields["details"][0]["income"] == "1.00"


def test_a_batch_hands_in_its_trades_under_their_own_numbers() -> None:
    batch = ExecuteBatch("b1", (scenes.DISBURSE, replace(scenes.DISBURSE, request_no="r2")))
    sent = call(batch)
    assert sent.service == "ASYNC_TRANSACTION"
    assert sent.fields["batchNo"] == "b1"
    assert [trade["requestNo"] for trade in sent.fields["bizDetails"]] == ["r-disburse", "r2"]


def advance(request_no: str = "GA-1") -> Execute:
    advanced = Leg(
        "mv1",
        Purpose.GUARANTEE_ADVANCE,
        "m3:guarantor",
        scenes.BORROWER,
        300,
        interest_fen=100,
        freeze_request_no="GH-1.1",
    )
    passed_on = Leg(
        "mv2", Purpose.ADVANCE_PASSED_ON, scenes.BORROWER, scenes.INVESTOR, 300, interest_fen=100
    )
    return Execute(request_no, Purpose.GUARANTEE_ADVANCE, "p1", (advanced, passed_on))


def test_an_indirect_advance_is_a_batch_whose_legs_name_one_freeze() -> None:
    sent = call(advance())
    same = {"bizType": "COMPENSATORY", "amount": "3.00", "income": "1.00"}
    assert sent.service == "ASYNC_TRANSACTION"
    assert sent.fields == {
        "batchNo": "GA-1.b",
        "bizDetails": [
            {
                "requestNo": "GA-1",
                "tradeType": "INDIRECT_COMPENSATORY",
                "projectNo": "p1",
                "details": [
                    {
                        **same,
                        "sourcePlatformUserNo": "m3_GUARANTEECORP",
                        "targetPlatformUserNo": "m2_BORROWERS",
                        "customDefine": "mv1",
                        "freezeRequestNo": "GH-1.1",
                    },
                    {
                        **same,
                        "sourcePlatformUserNo": "m2_BORROWERS",
                        "targetPlatformUserNo": "m1_INVESTOR",
                        "customDefine": "mv2",
                        "freezeRequestNo": "GH-1.1",
                    },
                ],
            }
        ],
    }
    asked = encode_query(advance()).fields
    assert asked == {"requestNo": "GA-1", "transactionType": "TRANSACTION"}


def test_an_advance_leaves_room_for_its_batchs_number() -> None:
    assert call(advance("x" * 48)).fields["batchNo"] == "x" * 48 + ".b"
    with pytest.raises(ValueError, match="batch_no: at most 50"):
        call(advance("x" * 49))


def test_a_guarantors_hold_is_frozen_as_an_advance() -> None:
    hold = replace(scenes.FREEZE, account="m3:guarantor", purpose=Purpose.GUARANTEE_HOLD)
    assert call(hold).fields["bizType"] == "COMPENSATORY"


def test_a_repayments_hold_is_frozen_as_repayment() -> None:
    hold = replace(scenes.FREEZE, account=scenes.BORROWER, purpose=Purpose.REPAYMENT_HOLD)
    assert call(hold).fields["bizType"] == "REPAYMENT"
