"""Commands about those who may act by hand. That two of them signed, admission has seen to."""

from __future__ import annotations

from adapters.signing import verified
from domain import commands as c
from domain import operators
from domain.streams import OPERATORS
from services.settlement.desk import Desk


def appoint_operators(desk: Desk, command: c.AppointOperators) -> None:
    """Signed by those whom it appoints: nobody is there to admit it."""
    appointed = operators.appoint(
        desk.operators,
        command.operators,
        command.text_to_sign(),
        command.maker,
        command.checker,
        desk.today,
        verified,
    )
    desk.record(OPERATORS, *appointed)


def register_operator(desk: Desk, command: c.RegisterOperator) -> None:
    new = operators.NewOperator(
        operator_id=command.operator_id, role=command.role, public_key=command.public_key
    )
    desk.record(OPERATORS, *operators.register(desk.operators, new, desk.today))


def retire_operator(desk: Desk, command: c.RetireOperator) -> None:
    desk.record(OPERATORS, *operators.retire(desk.operators, command.operator_id))
