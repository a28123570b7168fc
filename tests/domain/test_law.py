"""Law tables: what binds from which day, and what a late borrower may be charged."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import law
from domain.law import LAW_TABLES, Limits, late_cap, late_cap_of
from domain.lawful import check, check_guarantor, may_promise
from domain.model import Refused
from domain.penalty import penalty_from
from domain.policy import Provider, Scope
from domain.refusals import Code
from tests.exemplars import a_policy

CN, NOTICE_57 = LAW_TABLES["cn-p2p"], LAW_TABLES["cn-p2p-57"]
LAST_OF_24 = date(2020, 8, 19)


@pytest.mark.parametrize("table", [CN, NOTICE_57])
def test_the_measures_bind_from_their_day(table: law.LawTable) -> None:
    assert table.on(date(2016, 8, 23)) == Limits(late_charges_capped=True)
    limits = table.on(date(2016, 8, 24))
    assert (limits.person_over_all_fen, limits.company_over_all_fen) == (1_000_000_00, 5_000_000_00)
    assert not limits.platform_may_promise


@pytest.mark.parametrize(
    ("concluded_on", "day", "sued_on", "percent"),
    [
        (LAST_OF_24, LAST_OF_24, date(2022, 3, 1), "24"),
        (LAST_OF_24, date(2020, 8, 20), date(2020, 8, 20), "15.40"),
        (LAST_OF_24, date(2020, 8, 20), date(2022, 3, 1), "14.80"),  # LPR of the day of filing.
        (date(2020, 8, 20), date(2022, 3, 1), date(2022, 3, 1), "15.40"),  # Of its own day.
        (date(2022, 1, 20), date(2023, 1, 1), date(2023, 1, 1), "14.80"),
        (date(2022, 1, 19), date(2023, 1, 1), date(2023, 1, 1), "15.20"),
        (date(2017, 5, 1), date(2018, 5, 1), date(2018, 5, 1), "24"),
    ],
)
def test_the_cap_of_a_day(concluded_on: date, day: date, sued_on: date, percent: str) -> None:
    assert late_cap(concluded_on, day, sued_on) == Decimal(percent)


def test_lpr_rows_stand_in_order() -> None:
    days = [day for day, _ in law.ONE_YEAR_LPR]
    assert days == sorted(set(days))
    assert days[0] == date(2019, 8, 20)


def late_cap_units(
    table: law.LawTable,
    concluded_on: date,
    first: date,
    last: date,
    base_fen: int,
    sued_on: date | None = None,
) -> int | None:
    """Reckoned on the last day; a suit counts from its day on."""
    cap = late_cap_of(table, concluded_on, first, last, base_fen)
    return cap.units_by(min(sued_on or last, last)) if cap else None


def test_a_contract_that_straddles_the_rule_has_both_caps() -> None:
    """10,000.00 late from 2020-08-10 to 2020-08-29: 10 days at 24 %, 10 at 15.4 %:
    65.753 and 42.192, rounded once."""
    units = late_cap_units(CN, date(2019, 1, 1), date(2020, 8, 10), date(2020, 8, 29), 10_000_00)
    assert units is not None
    assert penalty_from(units) == 107_95


@pytest.mark.parametrize(
    ("sued_on", "cap_fen"),
    [
        (None, 154_08),  # As if filed on the last day, 2022-02-28: 3.7 %, 14.8 % a year.
        (date(2022, 1, 10), 158_25),  # 3.8 %, 15.2 % a year, though 3.7 % came before the end.
        (date(2022, 3, 1), 154_08),  # Not filed yet.
        (date(2019, 8, 1), 176_99),  # Before there was an LPR: the first, 4.25 %.
    ],
)
def test_the_cap_is_of_the_day_of_filing_suit(sued_on: date | None, cap_fen: int) -> None:
    """10,000.00 of a contract of 2019, late for 38 days."""
    first, last = date(2022, 1, 22), date(2022, 2, 28)
    units = late_cap_units(CN, date(2019, 1, 1), first, last, 10_000_00, sued_on)
    assert units is not None
    assert penalty_from(units) == cap_fen


def test_no_cap_outside_the_laws_reach() -> None:
    day = date(2021, 1, 1)
    assert late_cap_units(LAW_TABLES["none"], day, day, day, 1) is None


def test_a_contract_from_before_the_measures_is_capped_at_24_per_cent_too() -> None:
    """10,000.00 late for 365 days from 2015-12-01 on."""
    units = late_cap_units(CN, date(2015, 11, 1), date(2015, 12, 1), date(2016, 11, 29), 10_000_00)
    assert units is not None
    assert penalty_from(units) == 2_400_00


@given(st.dates(date(2016, 8, 24), date(2026, 1, 1)), st.integers(0, 800), st.integers(0, 10**12))
def test_the_cap_never_lies_above_24_per_cent(first: date, days: int, base_fen: int) -> None:
    last = first + timedelta(days=days)
    units = late_cap_units(CN, date(2018, 1, 1), first, last, base_fen)
    assert units is not None
    assert 0 <= penalty_from(units) <= base_fen * 24 * (days + 1) / 36_500 + 1


@pytest.mark.parametrize("provider", Provider)
def test_only_the_platform_is_barred(provider: Provider) -> None:
    assert may_promise(provider, CN.on(date(2016, 8, 23)))
    assert may_promise(provider, CN.on(date(2016, 8, 24))) is (provider is not Provider.PLATFORM)


def test_a_related_party_guarantees_nothing_where_the_platform_may_not_promise() -> None:
    forbidden = CN.on(date(2016, 8, 24))
    with pytest.raises(Refused) as caught:
        check_guarantor(forbidden, "guarantor_id", related_party=True)
    assert (caught.value.code, caught.value.field) == (Code.GUARANTOR_RELATED, "guarantor_id")
    check_guarantor(forbidden, "guarantor_id", related_party=False)
    check_guarantor(CN.on(date(2016, 8, 23)), "guarantor_id", related_party=True)


PLATFORM = {"providers": (Provider.GUARANTOR, Provider.PLATFORM)}


@pytest.mark.parametrize(
    ("table", "on", "changes", "field"),
    [
        (CN, date(2016, 8, 24), PLATFORM, "terms.providers"),
        (CN, date(2016, 8, 23), PLATFORM, None),
        (CN, date(2016, 8, 24), PLATFORM | {"scope": Scope.NONE}, None),
        (CN, date(2018, 1, 1), {}, None),
        (NOTICE_57, date(2017, 12, 7), {}, None),
        (NOTICE_57, date(2017, 12, 8), {}, "terms.contribution_by_grade"),
        (NOTICE_57, date(2017, 12, 8), {"accrual_frozen": True}, None),
        (NOTICE_57, date(2017, 12, 8), {"contribution_by_grade": {"A": "0"}}, None),
        (LAW_TABLES["none"], date(2020, 1, 1), PLATFORM, None),
    ],
)
def test_what_a_policy_may_say(
    table: law.LawTable, on: date, changes: dict[str, object], field: str | None
) -> None:
    terms = a_policy(**changes)
    if field is None:
        check(terms, table, on)
        return
    with pytest.raises(Refused) as caught:
        check(terms, table, on)
    assert (caught.value.code, caught.value.field) == (Code.POLICY_UNLAWFUL, field)
