"""What the scripted bank says in most tests."""

from __future__ import annotations

from tests.adapters.custody.service_family import scenes

YES = {"code": "0", "status": "SUCCESS"}
USER = {"bankcardNo": scenes.CARD, "availableAmount": "12.30", "freezeAmount": "0.05"}


def no(code: str) -> dict[str, str]:
    return {"code": "1", "status": "INIT", "errorCode": code, "errorMessage": "不行"}
