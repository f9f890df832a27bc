"""The benchmark's arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import ModelSeconds, Spread, growth, percentile
from bench.generation import wall_seconds
from bench.learner import Run


def test_spread_of_an_even_number_of_values_lies_between_the_middle_two() -> None:
    assert Spread.of([4.0, 1.0, 3.0, 2.0]) == Spread(median=2.5, low=1.0, high=4.0, samples=4)


def test_spread_needs_a_value() -> None:
    with pytest.raises(ValueError, match="no median"):
        Spread.of([])


@pytest.mark.parametrize(("percent", "expected"), [(50, 50.0), (95, 95.0), (1, 1.0), (99, 99.0)])
def test_percentiles_of_zero_to_a_hundred_are_themselves(percent: int, expected: float) -> None:
    assert percentile([float(value) for value in range(101)], percent) == pytest.approx(expected)


def test_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 95) == 7.0


@given(st.lists(st.floats(0, 1e6), min_size=2), st.integers(1, 99))
def test_percentile_lies_within_the_values_and_ignores_their_order(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert min(values) - 1e-6 <= found <= max(values) + 1e-6
    assert found == percentile(values[::-1], percent)


def test_critical_paths_count_outlines_once_however_many_run_side_by_side() -> None:
    seconds = ModelSeconds(plan=2.0, outline=1.5, lesson=4.0)
    assert seconds.skeleton_path == 3.5
    assert seconds.lesson_path == 4.0


def test_growth_is_what_each_further_unit_adds() -> None:
    assert growth({8: 26.0, 4: 18.0, 16: 42.0}) == [2.0, 2.0]
    assert growth({1: 1.0, 2: 4.0, 4: 16.0}) == [3.0, 6.0]


def test_wall_time_lasts_from_the_first_request_to_the_last_end() -> None:
    runs = [Run("a", began=10.0, ended=14.0, seen=15.0), Run("b", began=10.5, ended=14.5, seen=14.6)]
    assert wall_seconds(runs) == 4.5
    assert runs[0].seconds == 4.0
    assert runs[0].seconds_until_seen == 5.0
