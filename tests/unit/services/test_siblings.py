"""A lesson's siblings follow from its specification: its curriculum names them, the library holds them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.lessons.gates import apply_gates
from shared.models.curriculum import CurriculumPlan, LessonPlan, ModuleOutline, ModulePlan, Tier
from shared.models.document import now
from shared.models.library import (
    CurriculumOutline,
    CurriculumVersion,
    GenerationMetadata,
    LessonHead,
    LessonVersion,
    ResearchMetadata,
)
from shared.models.ranking import VersionStanding
from shared.models.specification import LessonSpecification
from shared.services.siblings import sibling_lessons
from shared.store.documents import Documents
from shared.store.sqlite import SqliteDocumentStore
from tests.support.gate_bodies import assignment, body
from tests.support.lesson_briefs import specification

LOOPS = specification("Loops", ("Loop",), subject="python", module="Control flow")
WHILE = specification("While", ("Wait",), subject="python", module="Control flow")


@pytest.fixture
async def documents(tmp_path: Path) -> AsyncIterator[Documents]:
    store = SqliteDocumentStore(tmp_path / "store.sqlite")
    yield Documents(store)
    await store.close()


async def share_curriculum(documents: Documents) -> None:
    key = LOOPS.curriculum.key
    modules = [ModulePlan(title=title, description="It.", hours=2) for title in ("Basics", "Control flow")]
    lessons = [
        LessonPlan(title=one.title, description="It.", objectives=one.objectives, estimated_minutes=20)
        for one in (LOOPS, WHILE)
    ]
    await documents.create(
        CurriculumVersion(
            id=CurriculumVersion.id_of(1),
            key=key,
            specification=LOOPS.curriculum,
            version_number=1,
            tier=Tier.MODEL,
            plan=CurriculumPlan(modules=modules),
        )
    )
    await documents.create(
        CurriculumOutline(
            id=CurriculumOutline.id_of(1, 1),
            key=key,
            version_number=1,
            order=1,
            tier=Tier.MODEL,
            outline=ModuleOutline(lessons=lessons),
        )
    )


async def publish(documents: Documents, written: LessonSpecification) -> None:
    metadata = GenerationMetadata(
        ai_provider="fake",
        tier=Tier.MODEL,
        learning_style=written.style.value,
        difficulty="beginner",
        language="en",
        generated_at=now(),
        generation_attempt=1,
    )
    await documents.create(
        LessonVersion(
            id=LessonVersion.id_of(1),
            key=written.key,
            version="1.0",
            version_number=1,
            generation=1,
            specification=written,
            tier=Tier.MODEL,
            content=body(),
            source_attribution=[],
            research_metadata=ResearchMetadata(reports=[], seconds=0.0),
            generation_metadata=metadata,
            quality=apply_gates(body(), assignment()).quality,
        )
    )
    standing = VersionStanding(version_number=1, tier=Tier.MODEL, generated_at=now())
    await documents.create(
        LessonHead(
            id=LessonHead.ID,
            key=written.key,
            specification=written,
            requested_at=now(),
            standings={LessonVersion.id_of(1): standing},
        )
    )


async def test_written_lessons_of_the_module_are_found(documents: Documents) -> None:
    assert await sibling_lessons(documents, LOOPS) == ()
    await share_curriculum(documents)
    assert await sibling_lessons(documents, LOOPS) == ()
    await publish(documents, WHILE)
    await publish(documents, LOOPS)
    (sibling,) = await sibling_lessons(documents, LOOPS)
    assert sibling.title == "While"
    assert "The loop names each item in turn" in sibling.text
    elsewhere = LOOPS.model_copy(update={"module_title": "Another"})
    assert await sibling_lessons(documents, elsewhere) == ()
