"""What the app can plan by itself, with no key and no network."""

from __future__ import annotations

from shared.models.specification import CurriculumSpecification
from shared.planning.curriculum import PlannedCurriculum
from shared.planning.generic_curriculum import generic_curriculum
from shared.planning.reference_curriculum import covers, reference_curriculum


def local_curriculum(specification: CurriculumSpecification) -> PlannedCurriculum:
    """Return Python's curriculum from its own reference, for any other subject an honest generic one.

    A pure function of the specification: every call returns the same.
    """
    if covers(specification):
        return reference_curriculum(specification.level)
    return generic_curriculum(specification)
