"""Keys change on both sides while the bank, a real process, is at work; and both digests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from adapters.custody.service_family.channel import Link
from adapters.custody.service_family.client import ServiceFamilyBank
from adapters.custody.wire import Signer
from domain.accounts import RESERVE_ACCOUNT
from domain.bank_requests import Recharge
from domain.ports import BankOutcome, CustodianUntrusted
from infra.clock import ManualClock
from infra.keys import ensure_rsa_key, load_private_key, load_public_key
from infra.settings import SignDigest
from tests.services.sandbox_bank.bank_process import NOON, PLATFORM_NO, BankProcess, Receiver

CALLS = 120
StartBank = Callable[..., BankProcess]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with closing(Receiver()) as receiver:
        yield receiver


@pytest.fixture
def start_bank(database: str, tmp_path: Path, receiver: Receiver) -> Iterator[StartBank]:
    started: list[BankProcess] = []

    def start(options: Sequence[str] = (), digest: str = "sha256") -> BankProcess:
        bank = BankProcess(tmp_path, database, receiver.url, options, digest)
        started.append(bank)
        bank.start()
        bank.control("clock", now=NOON)
        return bank

    yield start
    for bank in started:
        bank.stop()


def bank_key(bank: BankProcess, serial: str) -> RSAPublicKey:
    told = bank.control("key", keySerial=serial)
    return load_public_key(bank.folder / "bank" / str(told["publicKey"]))


@contextmanager
def client(
    bank: BankProcess,
    keys: dict[str, RSAPublicKey],
    own: RSAPrivateKey | None = None,
    serial: str = "1",
    digest: SignDigest = SignDigest.SHA256,
) -> Iterator[ServiceFamilyBank]:
    ours = own or load_private_key(bank.folder / "platform_private.pem")
    link = Link(f"http://127.0.0.1:{bank.port}", PLATFORM_NO, serial, read_timeout_ms=60_000)
    signer, clock = Signer(ours, keys, digest), ManualClock(datetime.fromisoformat(NOON))
    with closing(ServiceFamilyBank(link, signer, clock)) as custodian:
        yield custodian


def recharge(number: int) -> Recharge:
    return Recharge(f"r-{number}", RESERVE_ACCOUNT, 1)


def told(
    receiver: Receiver, count: int, before: Mapping[str, dict[str, str]] | None = None
) -> dict[str, dict[str, str]]:
    """A callback for each of so many requests, with those that came `before`."""
    forms = dict(before or {})
    while len(forms) < count:
        form = receiver.forms.get(timeout=60)
        forms[form["respData"]] = form
    return forms


def test_the_bank_changes_its_key_in_the_middle_of_traffic(
    start_bank: StartBank, receiver: Receiver
) -> None:
    bank = start_bank()
    keys = {serial: bank_key(bank, serial) for serial in ("1", "2")}
    half_done, rotated = threading.Event(), threading.Event()

    def send(number: int) -> BankOutcome:
        if number == CALLS // 2:
            half_done.set()
        if number == CALLS - 1:
            assert rotated.wait(60)
        return custodian.send(recharge(number)).outcome

    with client(bank, keys) as custodian, ThreadPoolExecutor(4) as threads:
        outcomes = threads.map(send, range(CALLS))
        assert half_done.wait(60)
        first = told(receiver, 1)  # By the first key, before it changes.
        bank.control("rotate", keySerial="2")
        rotated.set()
        assert set(outcomes) == {BankOutcome.PENDING}
        after = custodian.query(recharge(0))
        assert after.outcome is BankOutcome.SUCCEEDED
        forms = list(told(receiver, CALLS, first).values())
        assert {form["keySerial"] for form in forms} == {"1", "2"}
        notices = [custodian.read_notice(form) for form in forms]
        assert {each.answer.outcome for each in notices} == {BankOutcome.SUCCEEDED}
    before = next(form for form in forms if form["keySerial"] == "1")
    with client(bank, {"2": keys["2"]}) as later:
        assert later.query(recharge(0)).outcome is BankOutcome.SUCCEEDED
        with pytest.raises(CustodianUntrusted, match="serial"):
            later.read_notice(before)
    with client(bank, {"1": keys["1"]}) as behind:
        unheard = behind.send(recharge(CALLS))
        assert (unheard.outcome, unheard.code) == (BankOutcome.UNKNOWN, "bad_signature")


def test_a_serial_is_believed_for_its_own_key_alone(
    start_bank: StartBank, receiver: Receiver
) -> None:
    bank = start_bank()
    keys = {serial: bank_key(bank, serial) for serial in ("1", "2")}
    with client(bank, keys) as custodian:
        custodian.send(recharge(0))
        (form,) = told(receiver, 1).values()
        assert custodian.read_notice(form).request_no == "r-0"
        with pytest.raises(CustodianUntrusted):
            custodian.read_notice(form | {"keySerial": "2"})
    with client(bank, {"1": keys["2"]}) as swapped:
        assert swapped.query(recharge(0)).code == "bad_signature"


def test_our_key_changes_while_the_bank_knows_both(start_bank: StartBank, tmp_path: Path) -> None:
    folder = tmp_path / "platform"
    first, second, third = (
        ensure_rsa_key(tmp_path / f"own{number}.pem", folder / f"{number}.pem")
        for number in (1, 2, 3)
    )
    (folder / "3.pem").unlink()
    bank = start_bank(["--platform-key", str(folder)])
    keys = {"1": bank_key(bank, "1")}
    for number, own, serial, outcome in (
        (0, first, "1", BankOutcome.PENDING),
        (1, second, "2", BankOutcome.PENDING),
        (2, first, "1", BankOutcome.PENDING),
        (3, second, "1", BankOutcome.UNKNOWN),  # 100003: no verdict on what was asked.
        (4, third, "3", BankOutcome.UNKNOWN),
    ):
        with client(bank, keys, own, serial) as custodian:
            assert custodian.send(recharge(number)).outcome is outcome


@pytest.mark.parametrize("digest", list(SignDigest))
def test_both_digests_are_spoken_and_neither_is_taken_for_the_other(
    start_bank: StartBank, receiver: Receiver, digest: SignDigest
) -> None:
    bank = start_bank(digest=digest.value)
    keys = {"1": bank_key(bank, "1")}
    (other,) = set(SignDigest) - {digest}
    with client(bank, keys, digest=digest) as custodian, client(bank, keys, digest=other) as wrong:
        assert custodian.send(recharge(0)).outcome is BankOutcome.PENDING
        (form,) = told(receiver, 1).values()
        assert custodian.read_notice(form).answer.outcome is BankOutcome.SUCCEEDED
        assert wrong.send(recharge(1)).code == "bad_signature"
        with pytest.raises(CustodianUntrusted):
            wrong.read_notice(form)
        assert custodian.query(recharge(1)).outcome is BankOutcome.NOT_FOUND
