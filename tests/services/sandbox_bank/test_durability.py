"""What survives a crash, and starts that are refused."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

from tests.services.sandbox_bank.bank_process import BankProcess, Receiver, fresh
from tests.services.sandbox_bank.members import balance, freeze, member, project, recharge
from tests.services.sandbox_bank.trades import Loan, trade

Start = Callable[..., BankProcess]


def test_a_killed_bank_goes_on_where_it_was(start_bank: Start) -> None:
    bank = start_bank()
    no = member(bank, "INVESTOR", "100.00")
    loan = project(bank, member(bank, "BORROWERS"))
    held = freeze(bank, no, loan, "40.00")["requestNo"]
    bank.stop(signal.SIGKILL)
    again = start_bank()
    assert again.control("clock")["now"].startswith("2018-01-05T12:00:00")
    assert balance(again, no) == ("60.00", "40.00")
    assert again.record("PRETRANSACTION", held)["status"] == "FREEZED"
    asked = {"requestNo": held, "platformUserNo": no, "bizType": "TENDER", "amount": "40.00"}
    repeat = again.service("USER_AUTO_PRE_TRANSACTION", projectNo=loan, **asked)
    assert repeat["errorCode"] == "100013"
    assert freeze(again, no, loan, "60.00")["status"] == "SUCCESS"


def test_callbacks_are_sent_until_they_are_answered(
    own_bank: BankProcess, receiver: Receiver
) -> None:
    for answer in ("", "no"):
        receiver.answers.put(answer)
    request_no = recharge(own_bank, "SYS_GENERATE_001", "5.00")
    first, second = receiver.wait_for(request_no), receiver.wait_for(request_no)
    assert first == second
    assert first["status"] == "SUCCESS"


def test_callbacks_outlive_a_crash(start_bank: Start, receiver: Receiver) -> None:
    bank = start_bank()
    receiver.answers.put("busy")
    request_no = recharge(bank, "SYS_GENERATE_001", "5.00")
    receiver.wait_for(request_no)
    bank.stop(signal.SIGKILL)
    start_bank()
    assert receiver.wait_for(request_no)["amount"] == "5.00"


def test_a_callback_is_signed_over_its_text(own_bank: BankProcess, receiver: Receiver) -> None:
    recharge(own_bank, "SYS_GENERATE_001", "5.00")
    form = receiver.forms.get(timeout=60)
    assert (form["serviceName"], form["responseType"]) == ("RECHARGE", "NOTIFY")
    assert (form["platformNo"], form["keySerial"]) == ("5000001", "1")
    own_bank.verify(form["respData"].encode(), form["sign"])


def test_a_batch_outlives_a_crash(start_bank: Start, receiver: Receiver) -> None:
    bank = start_bank()
    loan = Loan(bank)
    trades = [trade(loan, "1.00") for _ in range(300)]
    bank.service("ASYNC_TRANSACTION", batchNo=fresh("B"), bizDetails=trades)
    bank.stop(signal.SIGKILL)
    again = start_bank()
    receiver.wait_for_all([trade["requestNo"] for trade in trades])
    assert balance(again, loan.investor) == ("300.00", "0.00")


def refused_start(bank: BankProcess, **changes: str) -> str:
    arguments = bank.arguments()
    for option, value in changes.items():
        arguments[arguments.index(f"--{option}") + 1] = value
    done = subprocess.run(
        [sys.executable, "-m", "services.sandbox_bank", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    return done.stderr


def test_starts_that_are_refused_say_why(own_bank: BankProcess) -> None:
    assert "Address already in use" in refused_start(own_bank)
    assert "port" in refused_start(own_bank, port="70000")
    assert "another stand-in bank" in refused_start(own_bank, port="0")
    assert "missing.pem" in refused_start(
        own_bank, port="0", **{"platform-key": str(own_bank.folder / "missing.pem")}
    )
    away = "postgresql://nobody@127.0.0.1:1/none"
    assert "database" in refused_start(own_bank, port="0", **{"database-url": away})
