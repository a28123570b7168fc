"""The stand-in bank as whoever calls it sees it: of an installation, wherever it runs just now."""

from __future__ import annotations

from adapters.custody.wire import Signer
from infra.keys import load_private_key
from infra.settings import BankFamily
from services.cli.custodians import LOCAL, Bank
from services.cli.installation import Keys
from services.cli.opening import Place

HASTY_MS = 250  # Less than the bank keeps a caller waiting whom it does not answer.
PATIENT_MS = 60_000


def bank_at(place: Place, url: str, notice_port: int, timeout_ms: int) -> Bank:
    installation, keys = place.installation, Keys(place.data / "keys")
    return Bank(
        family=BankFamily(installation.bank_family or ""),
        url=url,
        platform_no=installation.platform_no,
        signer=Signer(load_private_key(keys.platform_private), keys.bank_publics()),
        notify_url=f"http://{LOCAL}:{notice_port}/",
        settings=installation.settings().model_copy(update={"bank_timeout_ms": timeout_ms}),
        control=None,
    )
