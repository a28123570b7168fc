"""Every view there is. A new one adds its line here."""

from __future__ import annotations

from adapters.read_models.assignments import Assignments
from adapters.read_models.balances import Balances
from adapters.read_models.blacklist import Blacklist
from adapters.read_models.cases import Cases
from adapters.read_models.days import Days
from adapters.read_models.guarantees import Guarantees
from adapters.read_models.loans import Loans
from adapters.read_models.members import Members
from adapters.read_models.movements import Movements
from adapters.read_models.positions import Positions
from adapters.read_models.reserve import Reserve
from adapters.read_models.shortfalls import Shortfalls
from adapters.read_models.statements import Statements
from adapters.read_models.view import View

VIEWS: tuple[type[View], ...] = (
    Balances,
    Movements,
    Shortfalls,
    Statements,
    Loans,
    Positions,
    Assignments,
    Reserve,
    Guarantees,
    Members,
    Days,
    Cases,
    Blacklist,
)
