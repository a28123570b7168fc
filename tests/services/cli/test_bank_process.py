"""The stand-in bank's controls, when it has gone."""

from __future__ import annotations

import socket

import pytest

from services.cli.bank_process import BankControl
from services.cli.failure import CliError


def test_a_bank_that_has_gone_is_named() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # Nobody listens there.
        bank = BankControl(f"http://127.0.0.1:{closed.getsockname()[1]}", pid=0)
        with pytest.raises(CliError, match="does not answer any more") as caught:
            bank.total_fen()
    assert (caught.value.code, caught.value.exit_code) == ("bank_silent", 1)
    assert caught.value.hint
