"""A platform of the batch family that shares no code with the bank, and where it hears notices."""

from __future__ import annotations

import base64
import itertools
import json
import queue
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from tests.services.sandbox_bank.bank_process import PLATFORM_NO, BankProcess, fresh

ONLINE, PAGE, FILE = "/escrow/p2p/online", "/escrow/p2p/page", "/escrow/p2p/file"
Fields = dict[str, str]


class Hearing:
    """Where notices arrive; it answers `word`."""

    def __init__(self) -> None:
        self.told: queue.Queue[Fields] = queue.Queue()
        self.word = b"success"
        hearing = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                word = hearing.word  # As it is before the test can know of the notice.
                hearing.told.put(json.loads(dict(parse_qsl(body))["bgData"]))
                self.send_response(200)
                self.send_header("content-length", str(len(word)))
                self.end_headers()
                self.wfile.write(word)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def next(self, **wanted: str) -> Fields:
        while True:
            told = self.told.get(timeout=60)
            if wanted.items() <= told.items():
                return told

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Platform:
    """Signs and verifies as the protocol says, on its own."""

    def __init__(self, bank: BankProcess, hearing: Hearing) -> None:
        self.bank = bank
        self.hearing = hearing
        self._numbers = itertools.count(1)

    def header(self, tx_code: str) -> Fields:
        return {
            "version": "10",
            "instCode": PLATFORM_NO,
            "bankCode": "30050000",
            "channel": "000002",
            "txCode": tx_code,
            "txDate": "20180105",
            "txTime": "120000",
            "seqNo": f"{next(self._numbers):06d}",
        }

    def post(self, path: str, message: Fields) -> Fields:
        """`sign` is added where it is missing; the answer's is verified."""
        signed = {"sign": self.sign(message)} | message
        answer = self.bank.http.request(
            "POST", f"http://127.0.0.1:{self.bank.port}{path}", body=json.dumps(signed)
        )
        assert answer.status == 200
        told: Fields = json.loads(answer.data)
        self.verify(told)
        return told

    def call(self, tx_code: str, path: str = ONLINE, **fields: str) -> Fields:
        return self.post(path, self.header(tx_code) | fields)

    def sign(self, message: Fields) -> str:
        values = "".join(message[name] for name in sorted(message) if name != "sign")
        signature = self.bank.key.sign(values.encode(), padding.PKCS1v15(), SHA256())
        return base64.b64encode(signature).decode()

    def verify(self, told: Fields) -> None:
        pem = (self.bank.folder / "bank" / "bank_public.pem").read_bytes()
        key = serialization.load_pem_public_key(pem)
        assert isinstance(key, rsa.RSAPublicKey)
        values = "".join(told[name] for name in sorted(told) if name != "sign")
        signature = base64.b64decode(told["sign"])
        key.verify(signature, values.encode(), padding.PKCS1v15(), SHA256())

    # -- people and loans ---------------------------------------------------------------

    def member(self, identity: str, yuan: str = "") -> str:
        """An account's number, with that much on it."""
        user_no = fresh("U")
        answer = self.call(
            "accountOpenPage",
            PAGE,
            orderId=fresh(),
            userNo=user_no,
            acctUse="00000",
            identity=identity,
            idType="01",
            idNo="110101199001011237",
            name="张三",
            mobile="13800000000",
            notifyUrl=self.hearing.url,
        )
        assert answer["retCode"] == "00000000", answer
        number = self.call("accountIdQuery", userNo=user_no)["accountId"]
        if yuan:
            self.recharge(number, yuan)
        return number

    def recharge(self, account: str, yuan: str) -> None:
        answer = self.call(
            "directRechargePage",
            PAGE,
            orderId=fresh(),
            accountId=account,
            txAmount=yuan,
            notifyUrl=self.hearing.url,
        )
        assert answer["retCode"] == "00000000", answer

    def product(self, borrower: str) -> str:
        product = fresh("P")
        answer = self.call(
            "debtRegister",
            orderId=fresh(),
            accountId=borrower,
            productId=product,
            productDesc="loan",
            intType="1",
            duration="12",
            txAmount="1000.00",
            rate="12",
        )
        assert answer["retCode"] == "00000000", answer
        return product

    def bid(self, account: str, product: str, yuan: str) -> str:
        order = fresh("T")
        answer = self.call(
            "bidAutoApply", orderId=order, accountId=account, txAmount=yuan, productId=product
        )
        assert answer["retCode"] == "00000000", answer
        return order

    def batch(self, tx_code: str, lines: Sequence[Fields], **other: str) -> Fields:
        """The receipt of a batch and what was told at its end are two things."""
        cents = sum(int(line["txAmount"].replace(".", "")) for line in lines)
        fields = {
            "batchNo": f"{next(self._numbers):06d}",
            "txAmount": f"{cents // 100}.{cents % 100:02d}",
            "txCounts": str(len(lines)),
            "notifyURL": self.hearing.url,
            "retNotifyURL": self.hearing.url,
            "acqRes": fresh("R"),
            "subPacks": json.dumps(lines),
        }
        return self.call(tx_code, **fields | other) | fields | other

    def status(self, order: str) -> Fields:
        return self.call("transactionStatusQuery", reqType="2", reqOrderId=order)

    def holds(self, account: str) -> tuple[str, str]:
        told = self.call("balanceQuery", accountId=account)
        return told["availBal"], told["currBal"]
