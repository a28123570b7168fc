"""What a request becomes at a bank of this family: a call of one of its services.

The pages that a member completes at the bank go through /gateway, everything else through
/service. What a request has no word for at the bank is `NotCarried`: it is never sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapters.custody.service_family.words import RechargeWay, WithdrawType

GATEWAY = "/gateway"


SERVICE = "/service"


DOWNLOAD = "/download"


REQUEST_NO_MAX = 50


class NotCarried(ValueError):
    """The protocol has no instruction for this request. It was not sent."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a bank of this family agrees with each platform; the protocol leaves it open."""

    id_card_type: str = "PRC_ID"
    project_type: str = "STANDARDPOWDER"
    check_type: str = "LIMIT"  # How the bank makes sure of a new phone.
    recharge_way: RechargeWay = RechargeWay.SWIFT  # At the bank's page; else it is PROXY.
    pay_company: str = "BANK"
    pay_type: str = "B2C"
    withdraw_type: WithdrawType = WithdrawType.NORMAL
    withdraw_form: str = "IMMEDIATE"  # CONFIRMED: the bank holds the money until we confirm.
    redirect_url: str = ""
    page_minutes: int = 30  # How long a member has to complete a page at the bank.


@dataclass(frozen=True, slots=True)
class Call:
    path: str
    service: str
    fields: dict[str, Any]
