"""The table of transitions, exhaustively and as a state machine."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shared.models.status import (
    Generated,
    GenerationStatus,
    IllegalTransition,
    may_move,
    move,
)

PENDING, GENERATING, COMPLETED, FAILED, CANCELED = (
    GenerationStatus.PENDING,
    GenerationStatus.GENERATING,
    GenerationStatus.COMPLETED,
    GenerationStatus.FAILED,
    GenerationStatus.CANCELED,
)
# Written out by hand from the design, not derived from the code.
FOR_ALL = {
    (PENDING, GENERATING),
    (PENDING, CANCELED),
    (GENERATING, COMPLETED),
    (GENERATING, FAILED),
    (GENERATING, CANCELED),
    (FAILED, GENERATING),
    (CANCELED, GENERATING),
}
ALLOWED = {
    Generated.ROADMAP: FOR_ALL | {(COMPLETED, GENERATING)},
    Generated.MODULE: FOR_ALL,
    Generated.LESSON: FOR_ALL | {(COMPLETED, PENDING)},
}


@pytest.mark.parametrize("kind", Generated)
@pytest.mark.parametrize(("current", "to"), list(itertools.product(GenerationStatus, repeat=2)))
def test_every_pair_of_statuses(kind: Generated, current: GenerationStatus, to: GenerationStatus) -> None:
    allowed = (current, to) in ALLOWED[kind]
    assert may_move(kind, current, to) is allowed
    if allowed:
        assert move(kind, current, to) is to
    else:
        with pytest.raises(IllegalTransition, match=f"{kind.value} cannot go from {current.value}"):
            move(kind, current, to)


class Life(RuleBasedStateMachine):
    """The life of one thing under any sequence of wishes."""

    kind = Generated.LESSON
    status = PENDING
    attempts = 0

    @initialize(kind=st.sampled_from(Generated))
    def begin(self, kind: Generated) -> None:
        self.kind, self.status, self.attempts = kind, PENDING, 0

    @rule(to=st.sampled_from(GenerationStatus))
    def wish(self, to: GenerationStatus) -> None:
        before = self.status
        try:
            self.status = move(self.kind, before, to)
        except IllegalTransition:
            assert self.status is before
            return
        if to is GENERATING:
            self.attempts += 1
        if to in (COMPLETED, FAILED):
            assert before is GENERATING, "only what was generated can end"

    @invariant()
    def nothing_ends_without_an_attempt(self) -> None:
        if self.status in (COMPLETED, FAILED):
            assert self.attempts >= 1
        if self.status is PENDING and self.kind is not Generated.LESSON:
            assert self.attempts == 0


Life.TestCase.settings = settings(max_examples=100, stateful_step_count=30)
TestLife = Life.TestCase
