"""Every service of the published list is spoken, and the docs say by which word; or why not."""

from __future__ import annotations

import ast
import re

import pytest

from services.sandbox_bank import desk, downloads
from tests.architecture.test_rooms import ROOT, modules

PUBLISHED = re.findall(
    r"[A-Z_]+",
    """
PERSONAL_REGISTER_EXPAND ENTERPRISE_REGISTER PERSONAL_BIND_BANKCARD ENTERPRISE_BIND_BANKCARD
UNBIND_BANKCARD RESET_PASSWORD CHECK_PASSWORD MODIFY_MOBILE_EXPAND USER_AUTHORIZATION
CANCEL_USER_AUTHORIZATION
RECHARGE DIRECT_RECHARGE WITHDRAW CONFIRM_WITHDRAW CANCEL_WITHDRAW AUTO_WITHDRAW INTERCEPT_WITHDRAW
ESTABLISH_PROJECT MODIFY_PROJECT USER_PRE_TRANSACTION USER_AUTO_PRE_TRANSACTION
CANCEL_PRE_TRANSACTION SYNC_TRANSACTION ASYNC_TRANSACTION DEBENTURE_SALE CANCEL_DEBENTURE_SALE
FREEZE UNFREEZE
QUERY_USER_INFORMATION QUERY_TRANSACTION QUERY_PROJECT_INFORMATION DOWNLOAD_CHECKFILE
CONFIRM_CHECKFILE
""",
)
PAGE = (ROOT / "docs" / "custody-family-a.md").read_text(encoding="utf-8")
ROWS = {
    service: told
    for services, told in re.findall(
        r"^\| ([A-Z_, ]+) \| (.+) \|$", PAGE.split("## The published list")[1], re.MULTILINE
    )
    for service in services.split(", ")
}
SPOKEN = {
    node.value
    for path in modules("adapters/custody/service_family")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.Constant)
}
SERVED = {*desk.INSTRUCTIONS, *desk.QUESTIONS, *downloads.SERVICES}


def test_the_page_lists_each_service_once_and_no_other() -> None:
    assert sorted(ROWS) == sorted(PUBLISHED)


@pytest.mark.parametrize("service", PUBLISHED)
def test_it_is_spoken_and_served_or_the_page_says_that_it_is_not(service: str) -> None:
    spoken = not ROWS[service].startswith("not spoken: ")
    assert (service in SPOKEN, service in SERVED) == (spoken, spoken)
