"""Whether an exercise's solution is code or prose; the field holds both."""

from __future__ import annotations

from shared.lessons.code import compiles, is_session
from shared.models.content import Exercise


def is_code(exercise: Exercise) -> bool:
    """Tell whether the solution is to be shown as code: it answers code or is more than a line of Python."""
    solution = exercise.solution
    if "```" in solution:
        return False
    return (
        bool(exercise.starter_code.strip())
        or is_session(solution)
        or ("\n" in solution and compiles(solution))
    )
