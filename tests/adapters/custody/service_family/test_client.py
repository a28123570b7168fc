"""The client against a scripted bank over real HTTP: what each kind of answer is worth."""

from __future__ import annotations

import base64
import socket
import threading
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler

import orjson
import pytest

from adapters.custody.service_family.channel import Link
from adapters.custody.service_family.client import ServiceFamilyBank
from domain.bank_requests import BankRequest, ExecuteBatch
from domain.ports import BankAnswer, BankOutcome
from domain.purposes import Purpose
from infra.clock import ManualClock
from tests.adapters.custody.service_family import scenes
from tests.adapters.custody.service_family.conftest import Form, Keys, ScriptedBank
from tests.adapters.custody.service_family.said import YES, no


def test_the_form_is_signed_over_exactly_the_text_it_carries(
    scripted: ScriptedBank, custodian: ServiceFamilyBank, keys: Keys
) -> None:
    scripted.will_say(**YES)
    custodian.send(scenes.FREEZE)
    path, form = scripted.got[0]
    assert path == "/service"
    assert form["serviceName"] == "USER_AUTO_PRE_TRANSACTION"
    assert form["platformNo"] == scenes.PLATFORM_NO
    assert form["keySerial"] == "1"
    assert "userDevice" not in form
    # The bank's own side of the keys: it holds our public one.
    at_bank = Keys(keys.bank, keys.ours).our_signer()
    signed = form["sign"], form["keySerial"]
    assert at_bank.is_from_bank(form["reqData"].encode(), *signed)
    assert scripted.asked()["timestamp"] == "20180105120000"


def test_a_page_names_the_device(scripted: ScriptedBank, custodian: ServiceFamilyBank) -> None:
    scripted.will_say(code="0", status="INIT")
    assert custodian.send(scenes.RECHARGE).outcome is BankOutcome.PENDING
    assert scripted.got[0][0] == "/gateway"
    assert scripted.got[0][1]["userDevice"] == "PC"


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (YES, BankAnswer(BankOutcome.SUCCEEDED)),
        (
            {**YES, "transactionDate": "20180104", "requestNo": "r-freeze"},
            BankAnswer(BankOutcome.SUCCEEDED, bank_date=date(2018, 1, 4)),
        ),
        ({"code": "0", "status": "INIT"}, BankAnswer(BankOutcome.PENDING)),
        (no("100014"), BankAnswer(BankOutcome.REFUSED, "100014", "不行")),
        (no("100008"), BankAnswer(BankOutcome.REFUSED, "100008", "不行")),
        (no("100002"), BankAnswer(BankOutcome.REFUSED, "100002", "不行")),
        (no("100005"), BankAnswer(BankOutcome.CLOSED, "100005", "不行")),
        *(
            (no(code), BankAnswer(BankOutcome.UNKNOWN, code, "不行"))
            for code in ("100001", "100003", "100004", "100006", "100013")
        ),
    ],
)
def test_what_an_answer_says(
    scripted: ScriptedBank,
    custodian: ServiceFamilyBank,
    said: dict[str, str],
    answer: BankAnswer,
) -> None:
    scripted.will_say(**said)
    assert custodian.send(scenes.FREEZE) == answer


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"code": "0"}, "contradiction"),
        ({"code": "0", "status": "FAIL"}, "contradiction"),
        ({"code": "1", "status": "SUCCESS", "errorCode": "100008"}, "contradiction"),
        ({"code": "1", "status": "INIT"}, "contradiction"),
        ({"code": "2", "status": "SUCCESS"}, "contradiction"),
        ({"code": False, "status": "SUCCESS"}, "contradiction"),
        ({**YES, "requestNo": "r-other"}, "contradiction"),
        ({**YES, "transactionDate": "2018-1-5"}, "unreadable"),
        ({**YES, "transactionDate": "20180231"}, "unreadable"),
        ({}, "contradiction"),
    ],
)
def test_an_answer_that_is_neither_yes_nor_no_is_unknown(
    scripted: ScriptedBank, custodian: ServiceFamilyBank, said: dict[str, str], code: str
) -> None:
    scripted.will_say(**said)
    answer = custodian.send(scenes.FREEZE)
    assert (answer.outcome, answer.code) == (BankOutcome.UNKNOWN, code)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"<html>", b'"SUCCESS"', b"\xff"])
def test_a_body_that_is_no_object_is_unknown(
    scripted: ScriptedBank, custodian: ServiceFamilyBank, body: bytes
) -> None:
    scripted.will_send(body)
    answer = custodian.send(scenes.FREEZE)
    assert (answer.outcome, answer.code) == (BankOutcome.UNKNOWN, "unreadable")


@pytest.mark.parametrize("signature", ["", "x", "%%%", base64.b64encode(b"0" * 256).decode()])
@pytest.mark.parametrize("said", [YES, no("100014")])
def test_nothing_unsigned_is_believed(
    scripted: ScriptedBank, custodian: ServiceFamilyBank, said: dict[str, str], signature: str
) -> None:
    scripted.will_send(orjson.dumps(said), signature=signature)
    assert custodian.send(scenes.FREEZE) == BankAnswer(BankOutcome.UNKNOWN, "bad_signature")


def test_a_signature_of_another_body_or_key_is_not_believed(
    scripted: ScriptedBank, custodian: ServiceFamilyBank, keys: Keys
) -> None:
    body = orjson.dumps(YES)
    for signature in (scripted.signer.sign(body + b" "), keys.our_signer().sign(body)):
        scripted.will_send(body, signature=signature)
        assert custodian.send(scenes.FREEZE).code == "bad_signature"


@pytest.mark.parametrize("status", [302, 400, 404, 500, 502, 504])
def test_a_status_that_is_not_200_is_unknown_whatever_stands_in_it(
    scripted: ScriptedBank, custodian: ServiceFamilyBank, status: int
) -> None:
    scripted.will_send(orjson.dumps(YES), status=status)
    assert custodian.send(scenes.FREEZE) == BankAnswer(BankOutcome.UNKNOWN, f"http_{status}")
    assert len(scripted.got) == 1


def test_nobody_there_is_unknown(keys: Keys) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # Taken, but not listened on.
        link = Link(f"http://127.0.0.1:{bound.getsockname()[1]}", scenes.PLATFORM_NO)
        bank = ServiceFamilyBank(link, keys.our_signer(), ManualClock(scenes.NOON))
        assert bank.send(scenes.FREEZE) == BankAnswer(BankOutcome.UNKNOWN, "connection")
        bank.close()


def test_a_redirection_is_not_followed(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    def elsewhere(http: BaseHTTPRequestHandler, _: Form) -> None:
        http.send_response(307)
        http.send_header("Location", f"{scripted.url}/elsewhere")
        http.send_header("Content-Length", "0")
        http.end_headers()

    scripted.will(elsewhere)
    scripted.will_say(**YES)
    assert custodian.send(scenes.FREEZE) == BankAnswer(BankOutcome.UNKNOWN, "http_307")
    assert len(scripted.got) == 1


def test_silence_is_a_timeout_and_nothing_is_sent_twice(
    scripted: ScriptedBank, hasty_custodian: ServiceFamilyBank
) -> None:
    heard = threading.Event()

    def stay_silent(http: BaseHTTPRequestHandler, _: Form) -> None:
        heard.set()
        scripted.released.wait(30)
        http.close_connection = True

    scripted.will(stay_silent)
    assert hasty_custodian.send(scenes.FREEZE) == BankAnswer(BankOutcome.UNKNOWN, "timeout")
    assert heard.wait(30)
    scripted.released.set()
    assert len(scripted.got) == 1


def test_a_cut_connection_is_unknown_and_nothing_is_sent_twice(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    def cut(http: BaseHTTPRequestHandler, _: Form) -> None:
        http.close_connection = True

    def cut_in_the_body(http: BaseHTTPRequestHandler, _: Form) -> None:
        http.send_response(200)
        http.send_header("Content-Length", "100")
        http.end_headers()
        http.wfile.write(b"{")
        http.close_connection = True

    for reply in (cut, cut_in_the_body):
        scripted.will(reply)
        assert custodian.send(scenes.FREEZE) == BankAnswer(BankOutcome.UNKNOWN, "connection")
    assert len(scripted.got) == 2


REFUSAL = orjson.dumps({"code": "1", "status": "INIT", "errorCode": "100008", "errorMessage": "no"})


@pytest.mark.parametrize(
    ("date", "outcome"),
    [
        ("Fri, 05 Jan 2018 04:09:00 GMT", BankOutcome.REFUSED),
        ("Fri, 05 Jan 2018 04:09:01 GMT", BankOutcome.UNKNOWN),
        ("Fri, 05 Jan 2018 03:50:59 GMT", BankOutcome.UNKNOWN),
        ("Fri, 05 Jan 2018 12:30:00 +0800", BankOutcome.UNKNOWN),
        ("Fri, 05 Jan 2018 12:30:00", BankOutcome.REFUSED),  # Of no zone.
        ("yesterday", BankOutcome.REFUSED),
        ("", BankOutcome.REFUSED),
    ],
)
def test_a_refusal_is_none_while_the_clocks_are_too_far_apart(
    scripted: ScriptedBank, custodian: ServiceFamilyBank, date: str, outcome: BankOutcome
) -> None:
    scripted.will_send(REFUSAL, date=date)
    answer = custodian.send(scenes.FREEZE)
    assert answer.outcome is outcome
    assert answer.code == ("clock_skew" if outcome is BankOutcome.UNKNOWN else "100008")


def test_other_answers_do_not_depend_on_the_clocks(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    late = "Fri, 05 Jan 2018 05:00:00 GMT"
    scripted.will_send(REFUSAL.replace(b"100008", b"100014"), date=late)
    assert custodian.send(scenes.FREEZE).outcome is BankOutcome.REFUSED
    scripted.will_send(orjson.dumps(YES), date=late)
    assert custodian.send(scenes.FREEZE).outcome is BankOutcome.SUCCEEDED


def test_what_is_not_carried_is_refused_without_a_call(
    scripted: ScriptedBank, custodian: ServiceFamilyBank
) -> None:
    batch: BankRequest = ExecuteBatch("b1", (scenes.DISBURSE,))
    assert custodian.query(batch).outcome is BankOutcome.UNKNOWN
    refused = replace(scenes.FREEZE, purpose=Purpose.FEE)
    assert custodian.send(refused).code == "not_carried"
    assert not scripted.got
