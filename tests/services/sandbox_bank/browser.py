"""A member's browser at the bank's page: it knows HTML forms and nothing of the bank."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import urllib3

from tests.services.sandbox_bank.bank_process import PLATFORM_NO, TIMESTAMP, BankProcess, fresh

PASSWORD = "correct horse"
BACK = "https://platform.example/back?from=bank&n=1"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PERSON = {
    "userRole": "INVESTOR",
    "realName": "欧阳<b>锋</b>",
    "idCardType": "PRC_ID",
    "idCardNo": "110101199003077715",
    "mobile": "13900000000",
}


@dataclass
class Seen(HTMLParser):
    """A page as a browser takes it in: its one form, its inputs and buttons."""

    status: int
    text: str
    action: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    buttons: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            assert found["method"] == "post"
            self.action = found["action"] or ""
        elif tag == "input":
            self.inputs[found["name"] or ""] = found.get("value") or ""
        elif tag == "button":
            self.buttons.append(found.get("value"))


class Browser:
    def __init__(self, bank: BankProcess) -> None:
        self.bank = bank

    def go(self, service: str, **data: object) -> Seen:
        """The platform's form, posted by the member's browser."""
        data = {"timestamp": TIMESTAMP, "redirectUrl": BACK, **data}
        text = json.dumps(data, ensure_ascii=False)
        form = {
            "serviceName": service,
            "platformNo": PLATFORM_NO,
            "reqData": text,
            "keySerial": "1",
            "sign": self.bank.signature(text),
            "userDevice": "PC",
        }
        return self.post("/gateway", form)

    def press(self, page: Seen, decision: str, **typed: str) -> Seen:
        return self.post(page.action, {**page.inputs, **typed, "decision": decision})

    def confirm(self, page: Seen, password: str = PASSWORD) -> Seen:
        again = {"again": password} if "again" in page.inputs else {}
        return self.press(page, "confirm", password=password, **again)

    def post(self, path: str, form: dict[str, str]) -> Seen:
        answer = self.raw(path, form)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        text = answer.data.decode()
        assert "<script" not in text
        return Seen(answer.status, text)

    def raw(self, path: str, form: dict[str, str]) -> urllib3.BaseHTTPResponse:
        return self.bank.http.urlopen(
            "POST",
            f"http://127.0.0.1:{self.bank.port}{path}",
            body=urlencode(form),
            headers={"content-type": "application/x-www-form-urlencoded", "accept": BROWSER},
        )

    def opened(self, **more: object) -> tuple[str, Seen]:
        """A member whose account was opened at the page, and the page that he ended at."""
        no = fresh("U")
        asked = self.go(
            "PERSONAL_REGISTER_EXPAND", requestNo=fresh(), platformUserNo=no, **PERSON, **more
        )
        return no, self.confirm(asked)

    def word(self, page: Seen) -> dict[str, Any]:
        """What the bank's signed word says that the browser takes back to the platform."""
        assert (page.status, page.action) == (200, BACK), page.text
        assert page.inputs["responseType"] == "CALLBACK"
        assert (page.inputs["platformNo"], page.inputs["keySerial"]) == (PLATFORM_NO, "1")
        said = page.inputs["respData"]
        self.bank.verify(said.encode(), page.inputs["sign"])
        return dict(json.loads(said))
