"""The generator: a pure function of the seed that leaves no fault out."""

from __future__ import annotations

from collections import Counter
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from tests.faults.schedule import TROUBLED_SECONDS, Breakage, Deed, Mode, Store, schedule_of

SEEDS = st.integers(0, 2**32)
SUITE = [schedule_of(seed) for seed in range(1, 26)]


@given(SEEDS)
def test_a_seed_names_one_schedule(seed: int) -> None:
    assert schedule_of(seed) == schedule_of(seed)


@given(SEEDS)
def test_everything_is_over_when_it_should_be(seed: int) -> None:
    troubles = schedule_of(seed).troubles
    assert [trouble.at for trouble in troubles] == sorted(trouble.at for trouble in troubles)
    assert all(0 < trouble.at <= trouble.at + trouble.seconds <= TROUBLED_SECONDS for trouble in troubles)


@given(SEEDS)
def test_a_run_kills_an_app_process_and_breaks_only_what_it_has(seed: int) -> None:
    schedule = schedule_of(seed)
    breakages = {trouble.breakage for trouble in schedule.troubles}
    assert "kill app" in breakages
    assert ("disk full" in breakages) == (schedule.store == "small disk")
    own = {"storm", "stale reads", "store away"}
    assert bool(breakages & own) == (schedule.store == "cosmos")


@given(SEEDS)
def test_learners_share_a_subject_and_with_it_their_lessons(seed: int) -> None:
    subjects = Counter(script.subject for script in schedule_of(seed).scripts)
    assert subjects.most_common(1)[0][1] >= 2


@given(SEEDS)
def test_a_calm_schedule_asks_for_the_same(seed: int) -> None:
    schedule = schedule_of(seed)
    assert schedule.calm().scripts == schedule.scripts
    assert not schedule.calm().troubles


def test_the_suite_leaves_nothing_out() -> None:
    assert {trouble.breakage for one in SUITE for trouble in one.troubles} == set(get_args(Breakage))
    assert {step.deed for one in SUITE for script in one.scripts for step in script.steps} == set(
        get_args(Deed)
    )
    assert {one.store for one in SUITE} == set(get_args(Store))
    assert {(one.mode, one.workers) for one in SUITE} == {(m, n) for m in get_args(Mode) for n in (1, 2)}
