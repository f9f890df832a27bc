"""The arithmetic of the benchmark: spreads, percentiles, critical paths, growth."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Spread:
    """Repeated measurements of one thing: their median, and how far they lie apart."""

    median: float
    low: float
    high: float
    samples: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of one or more values."""
        return cls(statistics.median(values), min(values), max(values), len(values))


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile (1 to 99), interpolated between the two nearest values."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


@dataclass(frozen=True, slots=True)
class ModelSeconds:
    """How long the model provider takes for one call of each step."""

    plan: float
    outline: float
    lesson: float

    @property
    def skeleton_path(self) -> float:
        """The critical path of a skeleton: one plan, then all outlines side by side."""
        return self.plan + self.outline

    @property
    def lesson_path(self) -> float:
        """The critical path of a lesson: one call."""
        return self.lesson


def growth(by_size: Mapping[int, float]) -> list[float]:
    """Return what each further unit adds, from each size to the next; a constant list means linear growth."""
    return [
        (larger_value - smaller_value) / (larger - smaller)
        for (smaller, smaller_value), (larger, larger_value) in pairwise(sorted(by_size.items()))
    ]
