"""A clock that tests turn: what depends on time must not depend on how fast the machine is."""

from __future__ import annotations


class TurnedClock:
    """Gives `seconds`, which only a test changes."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds
