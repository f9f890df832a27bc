"""The lessons beside a lesson: what others of its module say already."""

from __future__ import annotations

import asyncio

from shared.lessons.gates import Sibling
from shared.lessons.gates.repetition import sections_text
from shared.models.curriculum import ModuleOutline
from shared.models.library import CurriculumOutline, CurriculumVersion, LessonHead, LessonVersion
from shared.models.specification import LessonSpecification, normalise
from shared.store.documents import Documents


async def sibling_lessons(documents: Documents, specification: LessonSpecification) -> tuple[Sibling, ...]:
    """Return the written lessons of the same module, curriculum and style.

    They follow from the specification alone: its curriculum's outline gives their keys. Generic curricula
    are not shared, so their lessons have no siblings here.
    """
    outline = await _outline(documents, specification)
    if outline is None:
        return ()
    others = [
        specification.model_copy(update={"title": lesson.title, "objectives": lesson.objectives})
        for lesson in outline.lessons
        if normalise(lesson.title) != normalise(specification.title)
    ]
    found = await asyncio.gather(*(_sibling(documents, other) for other in others))
    return tuple(sibling for sibling in found if sibling is not None)


async def _outline(documents: Documents, specification: LessonSpecification) -> ModuleOutline | None:
    key = specification.curriculum.key
    newest = await documents.query(
        CurriculumVersion, key, order_by="version_number", descending=True, limit=1
    )
    if not newest.items:
        return None
    version = newest.items[0]
    titles = [normalise(module.title) for module in version.plan.modules]
    if normalise(specification.module_title) not in titles:
        return None
    order = titles.index(normalise(specification.module_title))
    outline_id = CurriculumOutline.id_of(version.version_number, order)
    shared = await documents.find(CurriculumOutline, key, outline_id)
    return shared.outline if shared else None


async def _sibling(documents: Documents, specification: LessonSpecification) -> Sibling | None:
    head = await documents.find(LessonHead, specification.key, LessonHead.ID)
    if head is None or head.best_version is None:
        return None
    version_id = LessonVersion.id_of(head.best_version)
    version = await documents.find(LessonVersion, specification.key, version_id)
    return Sibling(specification.title, sections_text(version.content)) if version else None
