"""The gates: what every body passes before it is stored, whoever wrote it."""

from shared.lessons.gates.gate import Assignment, Sibling
from shared.lessons.gates.pipeline import Judged, apply_gates

__all__ = ["Assignment", "Judged", "Sibling", "apply_gates"]
