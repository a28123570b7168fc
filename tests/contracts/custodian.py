"""What every implementation of `domain.ports.Custodian` must do, whatever protocol it speaks.

A test module derives `TestX(CustodianContract)` and gives it a `bench` (tests/contracts/bench.py):
the custodian, and handles to the world around it. Each test makes members of its own on the `stage`
(tests/contracts/stage.py), so that one bank serves them all.
"""

from __future__ import annotations

from tests.contracts.accounts import AccountsContract
from tests.contracts.assignments import AssignmentsContract
from tests.contracts.authorisations import AuthorisationsContract
from tests.contracts.delivery import DeliveryContract
from tests.contracts.guarantees import GuaranteesContract
from tests.contracts.lending import LendingContract
from tests.contracts.statements import StatementsContract
from tests.contracts.withdrawals import WithdrawalsContract


class CustodianContract(
    AccountsContract,
    AuthorisationsContract,
    LendingContract,
    GuaranteesContract,
    AssignmentsContract,
    WithdrawalsContract,
    DeliveryContract,
    StatementsContract,
):
    """All of it; each part is a module beside this one."""
