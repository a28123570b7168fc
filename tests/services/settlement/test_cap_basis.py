"""What the reserve's cap and floor are per cent of, and the sum that the shard keeps for it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from adapters.shard_schema import MIGRATIONS, shard_schema
from domain import commands as c
from domain.accounts import Role
from domain.policy import CapBasis
from domain.refusals import Code
from domain.reserve import FloorChecked
from domain.schedule import Method
from infra.migrations import migrate
from services.proof.verify import verify
from tests.exemplars import TODAY
from tests.house import House

LENT = "SELECT outstanding_principal_fen, lent_principal_fen FROM {}.shard"


def town(house: House, **policy: Any) -> House:
    """Two loans of 1,000 yuan; 600 of the first are paid back, the second is paid off. The reserve
    has 150."""
    usual: dict[str, Any] = {"contribution_by_grade": {}, "fee_by_grade": {}, "cap": "10"}
    house.open(policy=usual | policy)
    house.member("bob", Role.BORROWER, 1_000_00)
    house.member("ann", Role.INVESTOR, 2_000_00)
    house.seed(150_00)
    terms = {"periods": 1, "method": Method.BULLET, "annual_rate": "0"}
    for loan_id in ("L1", "L2"):
        house.lend(loan_id, "bob", {"ann": 1_000_00}, **terms)
    house.roll_to(date(2018, 2, 1), payouts=False)
    house.repay("p1", "L1", 600_00)
    house.repay("p2", "L2", 1_000_00, in_full=True)
    house.settle_all()
    return house


@pytest.mark.parametrize(
    ("basis", "surplus_fen"),
    [(CapBasis.OPEN_PRINCIPAL, 110_00), (CapBasis.LENT_PRINCIPAL, 50_00)],
)
def test_the_surplus_is_what_exceeds_the_cap_of_its_basis(
    house: House, basis: CapBasis, surplus_fen: int
) -> None:
    town(house, cap_basis=basis)
    assert house.query(LENT) == [(400_00, 1_000_00)]
    code = house.refused(c.MoveReserveSurplus, surplus_id="z1", amount_fen=surplus_fen + 1)
    assert code == Code.SURPLUS_BELOW_CAP
    house.do(c.MoveReserveSurplus, surplus_id="z2", amount_fen=surplus_fen)


def test_the_floor_is_of_the_same(house: House) -> None:
    town(house, cap_basis=CapBasis.LENT_PRINCIPAL, floor="10")
    house.roll_to(date(2018, 3, 1))
    [checked] = house.of(FloorChecked)
    assert (checked.floor_fen, checked.lacking_fen) == (100_00, 0)


def test_the_proof_holds_the_sum_against_the_log(house: House) -> None:
    town(house, cap_basis=CapBasis.LENT_PRINCIPAL)
    assert wrong(house) <= {"mirror", "bank_word"}
    house.query("UPDATE {}.shard SET lent_principal_fen = 1 RETURNING 1")
    assert "principal" in wrong(house)


def wrong(house: House) -> set[str]:
    report = verify(house.url, house.platform)
    return {each.name for each in report.findings if not each.ok}


def test_a_shard_of_before_has_it_from_its_log(house: House) -> None:
    """As the migration finds it: without the column."""
    town(house)
    schema = shard_schema(house.platform)
    house.connection.execute(f"ALTER TABLE {schema}.shard DROP COLUMN lent_principal_fen".encode())
    house.query("DELETE FROM {}.migration WHERE number >= 5 RETURNING 1")
    assert migrate(house.connection, schema, MIGRATIONS[:5]) == [5]
    assert house.query(LENT) == [(400_00, 1_000_00)]
    assert house.today > TODAY
