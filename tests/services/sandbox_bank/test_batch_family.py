"""The bank's second front: messages, batches in two phases, files. A platform that shares no code
with it talks to it."""

from __future__ import annotations

import base64
import json
import signal
from collections.abc import Sequence
from typing import Any

import pytest

from tests.services.sandbox_bank.bank_process import fresh
from tests.services.sandbox_bank.batch_platform import FILE, ONLINE, PAGE, Fields, Hearing, Platform


def lend(platform: Platform, yuans: Sequence[str]) -> tuple[str, list[str], list[Fields]]:
    """Borrower, investors, and the lines of a batchLendPay."""
    borrower = platform.member("2")
    product = platform.product(borrower)
    investors = [platform.member("1", yuan) for yuan in yuans]
    lines = [
        {
            "accountId": investor,
            "orderId": fresh("M"),
            "txAmount": yuan,
            "forAccountId": borrower,
            "productId": product,
            "authCode": platform.bid(investor, product, yuan),
        }
        for investor, yuan in zip(investors, yuans, strict=True)
    ]
    return borrower, investors, lines


def test_a_header_is_taken_once(platform: Platform) -> None:
    message = platform.header("accountIdQuery") | {"userNo": "nobody"}
    assert platform.post(ONLINE, message)["retCode"] == "00000000"
    again = platform.post(ONLINE, message)
    assert again["retCode"] == "JX900014"
    assert again["seqNo"] == message["seqNo"]
    assert platform.post(ONLINE, message | {"txTime": "120001"})["retCode"] == "00000000"


def test_what_is_wrong_with_a_message_as_such_is_turned_away(platform: Platform) -> None:
    good = platform.header("balanceQuery") | {"accountId": "SYS_GENERATE_001"}
    for change, code in (
        ({"sign": "AAAA"}, "JX900002"),
        ({"instCode": "other"}, "JX900003"),
        ({"seqNo": "12345"}, "JX900001"),
        ({"txCode": "creditEnd"}, "JX900663"),
        ({"txCode": "withdraw"}, "JX900663"),  # A page, not at this path.
    ):
        assert platform.post(ONLINE, good | change)["retCode"] == code
    assert platform.post(ONLINE, good)["availBal"] == "0.00"


def test_an_order_number_is_taken_once(platform: Platform) -> None:
    borrower = platform.member("2")
    product, investor = platform.product(borrower), platform.member("1", "10.00")
    order = platform.bid(investor, product, "4.00")
    again = platform.call(
        "bidAutoApply", orderId=order, accountId=investor, txAmount="4.00", productId=product
    )
    assert again["retCode"] == "JX900015"
    assert platform.holds(investor) == ("6.00", "10.00")


def test_a_batch_is_received_told_legal_and_told_done(platform: Platform, hearing: Hearing) -> None:
    borrower, investors, lines = lend(platform, ["6.00", "4.00"])
    lines[-1] |= {"debtFee": "1.00", "bailFee": "0.50"}
    batch = platform.batch("batchLendPay", lines)
    assert (batch["retCode"], batch["received"]) == ("00000000", "success")
    legal = hearing.next(batchNo=batch["batchNo"])
    platform.verify(legal)
    assert (legal["retCode"], legal["txCounts"], legal["acqRes"]) == (
        "00000000",
        "2",
        batch["acqRes"],
    )
    result = hearing.next(batchNo=batch["batchNo"])
    assert {n: result[n] for n in ("sucCounts", "sucAmount", "failCounts", "relDate")} == {
        "sucCounts": "2",
        "sucAmount": "10.00",
        "failCounts": "0",
        "relDate": "20180105",
    }
    assert platform.holds(borrower) == ("8.50", "8.50")
    assert [platform.holds(each) for each in investors] == [("0.00", "0.00")] * 2
    assert platform.holds("SYS_GENERATE_004") == ("1.00", "1.00")
    assert platform.holds("SYS_GENERATE_001") == ("0.50", "0.50")


def test_a_batch_may_succeed_in_part(platform: Platform, hearing: Hearing) -> None:
    borrower, investors, lines = lend(platform, ["6.00", "4.00"])
    platform.bank.control(
        "fault", service="ASYNC_TRADE", requestNo=lines[0]["orderId"], kind="refuse"
    )
    batch = platform.batch("batchLendPay", lines)
    hearing.next(batchNo=batch["batchNo"], sucCounts="1", failCounts="1")
    place = {"batchTxDate": "20180105", "batchNo": batch["batchNo"]}
    told = platform.call("batchQuery", **place)
    assert (told["batchState"], told["relCounts"], told["relAmount"]) == ("S", "1", "4.00")
    details = platform.call("batchDetailsQuery", **place, type="0", pageNum="1", pageSize="10")
    packs = json.loads(details["subPacks"])
    assert [(p["orderId"], p["txState"]) for p in packs] == [
        (lines[0]["orderId"], "F"),
        (lines[1]["orderId"], "S"),
    ]
    assert platform.holds(borrower) == ("4.00", "4.00")
    assert platform.holds(investors[0]) == ("0.00", "6.00")
    # The rest follows under another order number, though the product is being repaid by now.
    platform.batch("batchLendPay", [lines[0] | {"orderId": fresh("M")}])
    hearing.next(sucCounts="1", failCounts="0")
    assert platform.holds(borrower) == ("10.00", "10.00")


def test_a_line_that_cannot_bear_its_fee_moves_nothing(
    platform: Platform, hearing: Hearing
) -> None:
    borrower, (investor,), lines = lend(platform, ["6.00"])
    batch = platform.batch("batchLendPay", [lines[0] | {"debtFee": "6.01"}])
    result = hearing.next(batchNo=batch["batchNo"], failCounts="1")
    assert result["failCode"] == "CA100014"
    assert platform.holds(borrower) == ("0.00", "0.00")
    assert platform.holds(investor) == ("0.00", "6.00")


@pytest.mark.parametrize("wrong", ["order number", "sum"])
def test_an_illegal_batch_is_taken_and_then_refused_as_a_whole(
    platform: Platform, hearing: Hearing, wrong: str
) -> None:
    _, (investor, other), lines = lend(platform, ["6.00", "4.00"])
    if wrong == "sum":
        batch = platform.batch("batchLendPay", lines, txAmount="9.99")
    else:
        lines[1]["orderId"] = lines[1]["authCode"]  # The bank knows it: it is the bid's.
        batch = platform.batch("batchLendPay", lines)
    assert batch["received"] == "success"
    legal = hearing.next(batchNo=batch["batchNo"])
    assert legal["retCode"] != "00000000"
    place = {"batchTxDate": "20180105", "batchNo": batch["batchNo"]}
    assert platform.call("batchQuery", **place)["batchState"] == "F"
    assert platform.status(lines[0]["orderId"])["state"] == "F"
    assert platform.holds(investor) == ("0.00", "6.00")
    assert platform.holds(other) == ("0.00", "4.00")


def test_a_batch_number_is_taken_once_a_day(platform: Platform, hearing: Hearing) -> None:
    _, _, lines = lend(platform, ["6.00", "4.00"])
    first = platform.batch("batchLendPay", lines[:1])
    again = platform.batch("batchLendPay", lines[1:], batchNo=first["batchNo"])
    assert again["retCode"] == "JX900016"
    assert platform.status(lines[1]["orderId"])["state"] == "N"
    hearing.next(batchNo=first["batchNo"], sucCounts="1")


def test_a_bank_that_was_killed_finishes_the_batches_that_it_had_taken(
    platform: Platform, hearing: Hearing
) -> None:
    borrower, _, lines = lend(platform, [f"{n}.00" for n in range(1, 61)])
    batch = platform.batch("batchLendPay", lines)
    platform.bank.stop(signal.SIGKILL)
    platform.bank.start()
    hearing.next(batchNo=batch["batchNo"], sucCounts="60", failCounts="0")
    assert platform.holds(borrower) == ("1830.00", "1830.00")


def test_a_notice_comes_again_until_it_is_answered_success(
    platform: Platform, hearing: Hearing
) -> None:
    hearing.word = b"SUCCESS"  # The other family's word.
    platform.member("1")
    first = hearing.next(txCode="accountOpenPage")
    hearing.word = b"success"
    assert hearing.next(orderId=first["orderId"]) == first


def test_money_is_withdrawn_to_the_bound_card_alone(platform: Platform) -> None:
    investor = platform.member("1", "10.00")
    card = {"accountId": investor, "cardNo": "6222000000001234"}
    refused = platform.call(
        "withdraw", PAGE, orderId=fresh(), txAmount="1.00", notifyUrl="http://x/", **card
    )
    assert refused["retCode"] == "CA100008"
    more = {"cardBankCode": "ICBC", "mobile": "13800000000", "notifyUrl": "http://127.0.0.1:9/"}
    platform.call("bindCardPage", PAGE, orderId=fresh(), **card, **more)
    assert platform.call("cardBindDetailsQuery", accountId=investor)["cardNo"] == card["cardNo"]
    taken = platform.call(
        "withdraw",
        PAGE,
        orderId=fresh(),
        txAmount="1.00",
        notifyUrl="http://127.0.0.1:9/",
        **card,
    )
    assert (taken["retCode"], taken["state"]) == ("00000000", "A")
    assert platform.holds(investor) == ("9.00", "10.00")


@pytest.mark.parametrize("options", [["--calls-per-s", "3"]])
def test_more_calls_than_agreed_are_too_fast(platform: Platform) -> None:
    codes = [platform.call("accountIdQuery", userNo="x")["retCode"] for _ in range(12)]
    assert codes[:3] == ["00000000"] * 3
    assert "JX900032" in codes


def test_the_days_files_have_the_published_widths_and_add_up(
    platform: Platform, hearing: Hearing
) -> None:
    borrower, _, lines = lend(platform, ["6.00", "4.00"])
    lines[-1]["debtFee"] = "1.00"
    batch = platform.batch("batchLendPay", lines)
    hearing.next(batchNo=batch["batchNo"], sucCounts="2")
    asked = {"fileDate": "20180105"}
    assert platform.call("fileDownload", FILE, fileType="ALEVE", **asked)["state"] == "N"
    platform.bank.control("clock", now="2018-01-06T00:30:00+08:00")
    files: dict[str, list[bytes]] = {}
    for kind in ("ALEVE", "EVE", "BALANCE"):
        told: dict[str, Any] = platform.call("fileDownload", FILE, fileType=kind, **asked)
        assert told["fileName"].endswith(f"-{kind}0001-20180105")
        files[kind] = base64.b64decode(told["content"]).split(b"\n")[:-1]
    assert {len(each) for each in files["ALEVE"]} == {371}
    assert {len(each) for each in files["EVE"]} == {139}
    held = {
        cells[0]: cells[2:] for cells in (row.decode("gbk").split(",") for row in files["BALANCE"])
    }
    assert held[borrower] == ["9.00", "0.00"]
    (*_, last) = (each for each in files["ALEVE"] if each[4:23].decode().strip() == borrower)
    assert int(last[134:151]) == 900
    # Both sides of an entry: what one account lost another gained; the rest came from outside.
    signed = [int(row[23:40]) * (1 if row[43:44] == b"D" else -1) for row in files["ALEVE"]]
    assert sum(signed) == 1_000
    orders = [each[69:109].decode().strip() for each in files["EVE"]]
    assert [orders.count(line["orderId"]) for line in lines] == [1, 1]
    assert orders.count(batch["acqRes"]) == 1  # The fee's.


def test_fields_that_break_their_rule_are_named(platform: Platform) -> None:
    for tx_code, fields, named in (
        ("batchRepay", {"batchNo": "12345"}, "batchNo"),
        ("batchRepay", {"subPacks": "[{}]"}, "subPacks"),
        ("batchRepay", {"subPacks": '[{"orderId": 7}]'}, "subPacks"),
        ("batchDetailsQuery", {"type": "0", "pageNum": "x", "pageSize": "1"}, "pageNum"),
        ("bidAutoApply", {"orderId": "o", "accountId": "9" * 20}, "accountId"),
    ):
        whole = {
            **dict.fromkeys(("txAmount", "txCounts", "acqRes"), "1"),
            "batchNo": "123456",
            "notifyURL": "http://x/",
            "retNotifyURL": "http://x/",
        }
        told = platform.call(tx_code, **whole | fields)
        assert told["retCode"] == "JX900001", told
        assert named in told["retMsg"]
