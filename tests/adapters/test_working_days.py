from __future__ import annotations

from datetime import date

from adapters.working_days import Overlay, working_days

NOTHING = Overlay("own", frozenset(), frozenset(), frozenset())


def test_the_packages_days_are_those_announced() -> None:
    """The State Council's notices for 2024 (国办发明电〔2023〕7号) and, as prolonged, for 2020."""
    known = working_days()
    assert not known.is_working(date(2024, 2, 12))
    assert known.is_working(date(2024, 2, 18))
    assert known.is_working(date(2024, 9, 29))
    assert not known.is_working(date(2024, 10, 7))
    assert not known.is_working(date(2020, 1, 31))
    assert known.is_working(date(2024, 2, 9))


def test_an_overlay_comes_before_the_package() -> None:
    made_up, holiday = date(2024, 2, 18), date(2024, 2, 12)
    over = working_days(
        NOTHING._replace(holidays=frozenset({made_up}), made_up=frozenset({holiday}))
    )
    assert over.is_working(holiday)
    assert not over.is_working(made_up)


def test_an_overlay_makes_a_year_known() -> None:
    later = max(working_days().years) + 1
    assert later in working_days(NOTHING._replace(years=frozenset({later}))).years


def test_a_version_tells_overlays_apart() -> None:
    plain = working_days(NOTHING).version
    other = working_days(NOTHING._replace(holidays=frozenset({date(2024, 2, 9)}))).version
    assert len({working_days().version, plain, other}) == 3
