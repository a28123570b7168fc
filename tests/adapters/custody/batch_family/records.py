"""Records of ALEVE and EVE by the published byte offsets, put together without the adapter."""

from __future__ import annotations

from collections.abc import Mapping

CARD = "6212461230000000001"
OTHER = "6212461230000000002"
PERSON = "张三丰"

ALEVE = {
    "BANK": (0, 4, "3005"),
    "CARDNBR": (4, 23, CARD),
    "AMOUNT": (23, 40, "00000000000012345"),
    "CUR_NUM": (40, 43, "156"),
    "CRFLAG": (43, 44, "D"),
    "VALDATE": (44, 52, "20180106"),
    "INPDATE": (52, 60, "20180105"),
    "RELDATE": (60, 68, "20180104"),
    "INPTIME": (68, 76, "23595999"),
    "TRANNO": (76, 82, "000001"),
    "ORI_TRANNO": (82, 88, "000009"),
    "TRANSTYPE": (88, 92, "7780"),
    "DESLINE": (92, 134, PERSON + "的募集入账"),
    "CURR_BAL": (134, 151, "00000000000022345"),
    "FORCARDNBR": (151, 170, OTHER),
    "REVIND": (170, 171, "1"),
    "ACCCHG": (171, 172, "1"),
    "SEQNO": (172, 178, "000123"),
    "ORI_NUM": (178, 184, "000122"),
    "RESV": (184, 371, " 保留 "),
}
EVE = {
    "FORCODE": (0, 11, "30050000"),
    "SEQNO": (11, 17, "000123"),
    "CENDT": (17, 27, "0105235959"),
    "CARDNBR": (27, 46, CARD),
    "AMOUNT": (46, 58, "000000012345"),
    "CRFLAG": (58, 59, "C"),
    "MSGTYPE": (59, 63, "0420"),
    "PROCCODE": (63, 69, "280000"),
    "ORDERNO": (69, 109, "W-1"),
    "TRANNO": (109, 115, "000001"),
    "RESERVED": (115, 134, ""),
    "REVIND": (134, 135, "1"),
    "TRANSTYPE": (135, 139, "2616"),
}


def record(layout: Mapping[str, tuple[int, int, str]], **columns: str | bytes) -> bytes:
    """One line, with these columns changed; bytes are put in as they are."""
    line = bytearray(b" " * max(end for _, end, _ in layout.values()))
    for name, (start, end, usual) in layout.items():
        value = columns.pop(name, usual)
        raw = value if isinstance(value, bytes) else value.encode("gbk")
        if len(raw) > end - start:
            raise ValueError(f"{name} is too long")
        line[start : start + len(raw)] = raw
    if columns:
        raise KeyError(f"no column {set(columns)}")
    return bytes(line) + b"\n"


def aleve(**columns: str | bytes) -> bytes:
    return record(ALEVE, **columns)


def eve(**columns: str | bytes) -> bytes:
    return record(EVE, **columns)
