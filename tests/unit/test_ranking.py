"""The rank of versions: approval, then Wilson's lower bound, then the tier, then the newer one."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.curriculum import Tier
from shared.models.ranking import (
    ApprovalStatus,
    VersionStanding,
    challengers,
    ranked,
    wilson_interval,
)

WRITTEN = datetime(2026, 3, 4, tzinfo=UTC)
VERIFIED, APPROVED, PENDING, REJECTED = (
    ApprovalStatus.MENTOR_VERIFIED,
    ApprovalStatus.APPROVED,
    ApprovalStatus.PENDING,
    ApprovalStatus.REJECTED,
)
counts = st.integers(min_value=0, max_value=10_000)


def version(
    number: int,
    up: int = 0,
    down: int = 0,
    approval: ApprovalStatus = PENDING,
    tier: Tier = Tier.MODEL,
) -> VersionStanding:
    return VersionStanding(
        version_number=number,
        tier=tier,
        generated_at=WRITTEN,
        approval=approval,
        votes_up=up,
        votes_down=down,
    )


standings = st.lists(
    st.builds(
        version,
        st.integers(min_value=1, max_value=30),
        st.integers(min_value=0, max_value=5),
        st.integers(min_value=0, max_value=5),
        st.sampled_from(ApprovalStatus),
        st.sampled_from([Tier.MODEL, Tier.EXTRACTIVE]),
    ),
    unique_by=lambda standing: standing.version_number,
)


def numbers(*versions: VersionStanding) -> list[int]:
    return [standing.version_number for standing in ranked(versions)]


@pytest.mark.parametrize(
    ("up", "down", "low", "high"),
    [
        # Computed by hand from the formula, to four places.
        (1, 0, 0.2065, 1.0),
        (0, 1, 0.0, 0.7935),
        (10, 0, 0.7225, 1.0),
        (5, 5, 0.2366, 0.7634),
        (80, 20, 0.7112, 0.8666),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilsons_interval(up: int, down: int, low: float, high: float) -> None:
    assert wilson_interval(up, down) == pytest.approx((low, high), abs=5e-5)


@given(counts, counts)
def test_the_interval_holds_the_share_and_stays_within_bounds(up: int, down: int) -> None:
    low, high = wilson_interval(up, down)
    assert 0 <= low <= high <= 1
    if up + down:
        assert low - 1e-12 <= up / (up + down) <= high + 1e-12
    mirrored = wilson_interval(down, up)
    assert math.isclose(low, 1 - mirrored[1], abs_tol=1e-9)


@given(counts, counts)
def test_one_more_vote_moves_the_score_its_way(up: int, down: int) -> None:
    score = wilson_interval(up, down)[0]
    assert wilson_interval(up + 1, down)[0] > score
    assert wilson_interval(up, down + 1)[0] <= score


def test_what_mentors_say_is_above_all_votes() -> None:
    versions = (
        version(1, up=500),
        version(2, down=50, approval=APPROVED),
        version(3, down=50, approval=VERIFIED),
        version(4, up=900, approval=REJECTED),
    )
    assert numbers(*versions) == [3, 2, 1]


def test_few_good_votes_are_worth_less_than_many() -> None:
    assert numbers(version(1, up=90, down=10), version(2, up=2)) == [1, 2]
    assert numbers(version(1, up=1), version(2)) == [1, 2]


def test_among_equals_a_model_comes_first_and_then_the_newer_one() -> None:
    quoted = version(3, tier=Tier.EXTRACTIVE)
    assert numbers(version(1), quoted, version(2)) == [2, 1, 3]
    # Nobody likes it, so it is no better than what nobody has judged.
    assert numbers(version(1, down=7), version(2)) == [2, 1]


@given(standings)
def test_the_order_is_total_and_rejected_versions_are_never_in_it(found: list[VersionStanding]) -> None:
    ranking = ranked(found)
    assert ranked(reversed(found)) == ranking, "no two versions have one place"
    assert {one.version_number for one in ranking} == {
        one.version_number for one in found if one.approval is not REJECTED
    }


@given(standings)
def test_a_challenger_may_still_be_better_and_is_of_no_lower_tier(found: list[VersionStanding]) -> None:
    ranking = ranked(found)
    if not ranking:
        return
    best, trying = ranking[0], challengers(ranking)
    assert best not in trying
    for one in ranking[1:]:
        is_lower = best.tier is Tier.MODEL and one.tier is not Tier.MODEL
        is_worse = wilson_interval(one.votes_up, one.votes_down)[1] < best.score
        assert (one in trying) is not (is_lower or is_worse)


def test_what_is_known_to_be_liked_less_challenges_nobody() -> None:
    best, unknown, disliked = version(3, up=20), version(2), version(1, down=20)
    assert challengers(ranked([best, unknown, disliked])) == [unknown]
