"""Which version of a shared lesson is served: a pure function of what mentors and learners say of each."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum

from shared.models.base import Model, Moment
from shared.models.curriculum import Tier

Z_95 = 1.96
"""The 97.5th percentile of the standard normal distribution: an interval of 95 % confidence."""


class ApprovalStatus(StrEnum):
    """What mentors say of a version."""

    PENDING = "pending"
    APPROVED = "approved"
    MENTOR_VERIFIED = "mentor_verified"
    REJECTED = "rejected"


_APPROVAL = {ApprovalStatus.PENDING: 0, ApprovalStatus.APPROVED: 1, ApprovalStatus.MENTOR_VERIFIED: 2}


class VersionStanding(Model):
    """What the rank of a version rests on; it stands in the lesson's head, where one write can change it."""

    version_number: int
    tier: Tier
    model: str = ""
    generated_at: Moment
    approval: ApprovalStatus = ApprovalStatus.PENDING
    votes_up: int = 0
    votes_down: int = 0

    @property
    def votes(self) -> int:
        """How many learners have voted."""
        return self.votes_up + self.votes_down

    @property
    def living(self) -> bool:
        """Tell whether the version may be served."""
        return self.approval is not ApprovalStatus.REJECTED

    @property
    def liked(self) -> tuple[float, float]:
        """Between which shares of learners like the version, as far as the votes tell."""
        return wilson_interval(self.votes_up, self.votes_down)

    @property
    def score(self) -> float:
        """The share of learners who like the version at least."""
        return self.liked[0]


def wilson_interval(up: int, down: int) -> tuple[float, float]:
    """Return Wilson's score interval for the share of up votes; (0, 1) without a vote.

    With n votes, the share p of up votes and z = 1.96, its ends are
    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). Unlike the plain share it trusts few votes little.
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209-212.
    """
    votes = up + down
    if not votes:
        return 0.0, 1.0
    share, square = up / votes, Z_95**2 / votes
    centre = share + square / 2
    margin = math.sqrt(square * (share * (1 - share) + square / 4))
    # Exact at its ends: rounding must not put a version that nobody likes above one without votes.
    low = (centre - margin) / (1 + square) if up else 0.0
    high = (centre + margin) / (1 + square) if down else 1.0
    return low, high


def ranked(standings: Iterable[VersionStanding]) -> list[VersionStanding]:
    """Return the versions that may be served, the best first; rejected ones are none of them.

    Verified by a mentor is above approved, approved above the rest; then decide the lower bound of Wilson's
    interval, the tier, and among equals the newer version.
    """
    living = [standing for standing in standings if standing.living]
    return sorted(living, key=_place, reverse=True)


def _place(standing: VersionStanding) -> tuple[int, float, bool, int]:
    return (
        _APPROVAL[standing.approval],
        standing.score,
        standing.tier is Tier.MODEL,
        standing.version_number,
    )


def challengers(ranking: list[VersionStanding]) -> list[VersionStanding]:
    """Return what is worth trying instead of the best: of no lower tier, and not known to be liked less."""
    best, *others = ranking
    return [
        other
        for other in others
        if (other.tier is Tier.MODEL or best.tier is not Tier.MODEL) and other.liked[1] >= best.score
    ]
