"""信息披露: the monthly figures that a platform must publish, each with its definition.

    Book      every loan paid out by the month end, as it was known at that day's close
    FIGURES   name, unit, definition, how it is counted, and which loans stand behind it

Sources define some figures differently: each carries the version of its definition, and a figure
that is counted otherwise one day gets the next version, not a new meaning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from domain.ageing import per_cent
from domain.policy import PolicyTerms

TOP = 10


class LoanAt(NamedTuple):
    """A loan as it was known at the close of a day. `overdue_fen`: principal and interest that were
    due before that day and that its lenders have not received; `overdue_days` since the oldest of
    it was due, 0 where nothing is overdue. `advanced_fen`: by third parties, in `advances` times,
    ever. Lenders are those who lent, `current_lenders` those whose principal is not all back."""

    loan_id: str
    borrower_id: str
    lent_fen: int
    principal_fen: int
    interest_fen: int
    related_party: bool
    overdue_fen: int
    overdue_days: int
    advanced_fen: int
    advances: int
    lenders: Sequence[str]
    current_lenders: Sequence[str]


class Book:
    def __init__(self, loans: Iterable[LoanAt], terms: PolicyTerms | None) -> None:
        """`terms`: the policy in force on that day."""
        self.loans = tuple(loans)
        self.terms = terms

    @cached_property
    def outstanding(self) -> list[LoanAt]:
        return [loan for loan in self.loans if loan.principal_fen or loan.interest_fen]

    @cached_property
    def overdue(self) -> list[LoanAt]:
        return [loan for loan in self.loans if loan.overdue_fen]

    @cached_property
    def principal_fen(self) -> int:
        return sum(loan.principal_fen for loan in self.loans)

    def late(self, from_days: int, to_days: int | None = None) -> list[LoanAt]:
        return [
            loan
            for loan in self.overdue
            if from_days <= loan.overdue_days and (to_days is None or loan.overdue_days <= to_days)
        ]

    def largest(self, count: int) -> list[LoanAt]:
        """The outstanding loans of the `count` borrowers who owe most, ties by their id."""
        owed: defaultdict[str, int] = defaultdict(int)
        for loan in self.outstanding:
            owed[loan.borrower_id] += loan.principal_fen
        ranked = sorted(owed, key=lambda borrower: (-owed[borrower], borrower))[:count]
        return [loan for loan in self.outstanding if loan.borrower_id in ranked]


Value = int | str | Mapping[str, object]


class Figure(NamedTuple):
    """`unit`: fen, loans, persons, times, per cent, or terms. `behind`: the loans it counts."""

    name: str
    unit: str
    chinese: str
    definition: str
    behind: Callable[[Book], Sequence[LoanAt]]
    counted: Callable[[Book], Value]
    version: int = 1


# -- how they are counted -------------------------------------------------------------


def _all(book: Book) -> Sequence[LoanAt]:
    return book.loans


def _outstanding(book: Book) -> Sequence[LoanAt]:
    return book.outstanding


def _overdue(book: Book) -> Sequence[LoanAt]:
    return book.overdue


def _over_90(book: Book) -> Sequence[LoanAt]:
    return book.late(91)


def _related(book: Book) -> Sequence[LoanAt]:
    return [loan for loan in book.outstanding if loan.related_party]


def _advanced(book: Book) -> Sequence[LoanAt]:
    return [loan for loan in book.loans if loan.advances]


def _principal(loans: Iterable[LoanAt]) -> int:
    return sum(loan.principal_fen for loan in loans)


def _overdue_fen(loans: Iterable[LoanAt]) -> int:
    return sum(loan.overdue_fen for loan in loans)


def _of_principal(fen: int, book: Book) -> str:
    return per_cent(fen, book.principal_fen)


def _fees(book: Book) -> Value:
    terms = book.terms
    if terms is None:
        return {}
    by_product = {name: _by_grade(terms.of(name)) for name in terms.products}
    return {
        "policy_version": terms.version,
        **_by_grade(terms),
        "penalty_pct_a_day": terms.penalty_bands,
        "overdue_fee_pct_a_day": terms.overdue_fee_bands,
        **({"by_product": by_product} if by_product else {}),
    }


def _by_grade(terms: PolicyTerms) -> dict[str, dict[str, str]]:
    return {
        "service_fee_pct_by_grade": dict(terms.fee_by_grade),
        "of_it_to_the_reserve_pct_by_grade": dict(terms.contribution_by_grade),
    }


def _band(name: str, chinese: str, words: str, from_days: int, to_days: int | None) -> Figure:
    def behind(book: Book) -> Sequence[LoanAt]:
        return book.late(from_days, to_days)

    return Figure(
        f"overdue_rate_{name}_pct",
        "per cent",
        chinese,
        f"overdue_fen of the loans {words} overdue, by their oldest part, in outstanding principal",
        behind,
        lambda book: _of_principal(_overdue_fen(behind(book)), book),
    )


FIGURES: tuple[Figure, ...] = (
    Figure(
        "lent_fen",
        "fen",
        "累计借贷金额",
        "principal of all loans paid out since the beginning",
        _all,
        lambda book: sum(loan.lent_fen for loan in book.loans),
    ),
    Figure(
        "lent_loans",
        "loans",
        "累计借贷笔数",
        "loans paid out since the beginning",
        _all,
        lambda book: len(book.loans),
    ),
    Figure(
        "outstanding_fen",
        "fen",
        "借贷余额",
        "principal that borrowers have not paid back, to lenders or to whoever paid these for them",
        _outstanding,
        lambda book: book.principal_fen,
    ),
    Figure(
        "outstanding_loans",
        "loans",
        "借贷余额笔数",
        "loans of which principal or interest is not paid back",
        _outstanding,
        lambda book: len(book.outstanding),
    ),
    Figure(
        "outstanding_interest_fen",
        "fen",
        "利息余额",
        "interest by the schedule that is not paid, due or still to come",
        _outstanding,
        lambda book: sum(loan.interest_fen for loan in book.outstanding),
    ),
    Figure(
        "lenders",
        "persons",
        "累计出借人数量",
        "distinct persons who ever lent into a loan that was paid out",
        _all,
        lambda book: len({each for loan in book.loans for each in loan.lenders}),
    ),
    Figure(
        "current_lenders",
        "persons",
        "当前出借人数量",
        "distinct persons who have principal of their own to come back",
        lambda book: [loan for loan in book.loans if loan.current_lenders],
        lambda book: len({each for loan in book.loans for each in loan.current_lenders}),
    ),
    Figure(
        "borrowers",
        "persons",
        "累计借款人数量",
        "distinct persons to whom a loan was paid out",
        _all,
        lambda book: len({loan.borrower_id for loan in book.loans}),
    ),
    Figure(
        "current_borrowers",
        "persons",
        "当前借款人数量",
        "distinct persons with a loan outstanding",
        _outstanding,
        lambda book: len({loan.borrower_id for loan in book.outstanding}),
    ),
    Figure(
        "largest_ten_borrowers_pct",
        "per cent",
        "前十大借款人待还金额占比",
        "outstanding principal of the ten borrowers who owe most, in all outstanding principal",
        lambda book: book.largest(TOP),
        lambda book: _of_principal(_principal(book.largest(TOP)), book),
    ),
    Figure(
        "largest_borrower_pct",
        "per cent",
        "最大单一借款人待还金额占比",
        "outstanding principal of the borrower who owes most, in all outstanding principal",
        lambda book: book.largest(1),
        lambda book: _of_principal(_principal(book.largest(1)), book),
    ),
    Figure(
        "related_party_fen",
        "fen",
        "关联关系借贷余额",
        "outstanding principal of borrowers who are registered as related parties",
        _related,
        lambda book: _principal(_related(book)),
    ),
    Figure(
        "related_party_loans",
        "loans",
        "关联关系借贷笔数",
        "outstanding loans of borrowers who are registered as related parties",
        _related,
        lambda book: len(_related(book)),
    ),
    Figure(
        "overdue_fen",
        "fen",
        "逾期金额",
        "principal and interest due before this day that lenders have not received",
        _overdue,
        lambda book: _overdue_fen(book.overdue),
    ),
    Figure(
        "overdue_loans",
        "loans",
        "逾期笔数",
        "loans of which lenders have not received something that was due before this day",
        _overdue,
        lambda book: len(book.overdue),
    ),
    Figure(
        "overdue_over_90_fen",
        "fen",
        "逾期90天(不含)以上金额",
        "outstanding principal of loans that are overdue by more than 90 days",
        _over_90,
        lambda book: _principal(_over_90(book)),
    ),
    Figure(
        "overdue_over_90_loans",
        "loans",
        "逾期90天(不含)以上笔数",
        "loans that are overdue by more than 90 days",
        _over_90,
        lambda book: len(_over_90(book)),
    ),
    Figure(
        "advanced_fen",
        "fen",
        "累计代偿金额",
        "what guarantors and other third parties ever paid in a borrower's place; what the reserve,"
        " who stands as the platform, or a related party paid is the platform's own doing and does"
        " not count",
        _advanced,
        lambda book: sum(loan.advanced_fen for loan in book.loans),
        version=2,
    ),
    Figure(
        "advances",
        "times",
        "累计代偿笔数",
        "how often they did",
        _advanced,
        lambda book: sum(loan.advances for loan in book.loans),
        version=2,
    ),
    Figure(
        "amount_overdue_rate_pct",
        "per cent",
        "金额逾期率",
        "overdue_fen in outstanding principal",
        _overdue,
        lambda book: _of_principal(_overdue_fen(book.overdue), book),
    ),
    Figure(
        "loan_overdue_rate_pct",
        "per cent",
        "项目逾期率",
        "overdue_loans in outstanding_loans",
        _overdue,
        lambda book: per_cent(len(book.overdue), len(book.outstanding)),
    ),
    _band("to_90", "金额分级逾期率(90天以内)", "at most 90 days", 1, 90),
    _band("91_to_180", "金额分级逾期率(91至180天)", "91 to 180 days", 91, 180),
    _band("over_180", "金额分级逾期率(181天以上)", "more than 180 days", 181, None),
    Figure(
        "fee_schedule",
        "terms",
        "收费标准",
        "what the policy in force on this day charges borrowers; each loan keeps its own policy's",
        lambda book: (),
        _fees,
    ),
)
