"""A message of the family: one flat JSON object of texts. `sign` is over the values of the others,
put together in the order of their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from services.sandbox_bank.batch_family.codes import RetCode, Turned
from services.sandbox_bank.seal import Seal

HEADER = (
    *("version", "instCode", "bankCode", "txCode"),
    *("txDate", "txTime", "seqNo", "channel"),
)
_LENGTHS = {"txDate": 8, "txTime": 6, "seqNo": 6}


@dataclass(frozen=True, slots=True)
class Message:
    """A verified message."""

    data: dict[str, str]

    @property
    def tx_code(self) -> str:
        return self.data["txCode"]

    @property
    def about(self) -> str:
        """What faults are scripted by and planned for: a batch's is in acqRes."""
        names = ("orderId", "acqRes", "reqOrderId", "batchTxDate", "userNo", "accountId")
        first = next((name for name in names if self.data.get(name)), "fileDate")
        more = {"batchTxDate": "batchNo", "fileDate": "fileType"}.get(first, "")
        return self.data.get(first, "") + self.data.get(more, "")

    @property
    def key(self) -> str:
        return "".join(self.data[name] for name in ("instCode", "txDate", "txTime", "seqNo"))

    def echo(self) -> dict[str, str]:
        """What every answer repeats."""
        return {name: self.data[name] for name in (*HEADER, "acqRes") if name in self.data}


def read(body: bytes, inst_code: str, seal: Seal) -> Message:
    """Raises Turned: what is wrong with the message as such."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = None
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise Turned(RetCode.BAD_MESSAGE, "the message is not a JSON object of texts")
    for name in (*HEADER, "sign"):
        if not data.get(name):
            raise Turned(RetCode.BAD_MESSAGE, f"{name} is missing")
    for name, length in _LENGTHS.items():
        if len(data[name]) != length or not (data[name].isascii() and data[name].isdigit()):
            raise Turned(RetCode.BAD_MESSAGE, f"{name} must be {length} digits")
    if data["instCode"] != inst_code:
        raise Turned(RetCode.UNKNOWN_INSTITUTION, "instCode is unknown")
    if not seal.genuine(signed_text(data), data["sign"]):
        raise Turned(RetCode.BAD_SIGNATURE, "验签失败")
    return Message(data)


def signed_text(data: Mapping[str, str]) -> bytes:
    return "".join(data[name] for name in sorted(data) if name != "sign").encode()


def sealed_text(seal: Seal, data: Mapping[str, str]) -> str:
    return orjson.dumps({**data, "sign": seal.sign(signed_text(data))}).decode()
