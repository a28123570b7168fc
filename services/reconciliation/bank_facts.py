"""Money that the bank moved by itself, and that reaches the book by its files alone. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date

from pydantic import ValidationError

from domain.accounts import OUTSIDE
from domain.bank_statement import StatementLine
from domain.commands import RecordBankMovement
from services.reconciliation.matching import BANK_BEGAN


def to_record(
    platform: str, day: date, lines: Iterable[StatementLine], accounts: Collection[str]
) -> Iterator[RecordBankMovement]:
    """The command for each of `lines`; a returned withdrawal's is the one its notice makes. A line
    of an account that is none of `accounts`, or that no command can carry, stays a break."""
    for line in lines:
        credit = line.payer == OUTSIDE
        account = line.payee if credit else line.payer
        if line.kind not in BANK_BEGAN or account not in accounts:
            continue
        try:
            yield RecordBankMovement.model_validate(
                {
                    "type": "record_bank_movement",
                    "id": f"bank:{line.reference}",
                    "platform": platform,
                    "actor": "custody",
                    "bank_record": line.reference,
                    "purpose": BANK_BEGAN[line.kind],
                    "account": account,
                    "amount_fen": line.amount_fen,
                    "credit": credit,
                    "bank_date": day,
                    "origin": line.origin or None,
                }
            )
        except ValidationError:
            continue
