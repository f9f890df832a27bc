"""What is indexed: writes are billed by what they index, so nothing large or unqueried may be."""

from __future__ import annotations

import pytest

from shared.models.document import Document
from shared.models.library import (
    BriefDocument,
    CurriculumOutline,
    CurriculumVersion,
    LessonHead,
    LessonVersion,
    Waiter,
)
from shared.models.outbox import Outbox
from shared.models.roadmap import Idempotency, Lesson, Module, Profile, Quota, Roadmap
from shared.store.containers import container_named

# Bodies, plans, maps by id and texts for people: whatever holds one of these must exclude it.
LARGE = {
    "brief", "content", "description", "goal", "message", "modules", "objectives", "outline", "plan",
    "profile_snapshot", "progress", "quality", "research_metadata", "resources", "source_attribution",
    "specification",
}  # fmt: skip
MODELS: list[type[Document]] = [
    BriefDocument,
    CurriculumOutline,
    CurriculumVersion,
    Idempotency,
    Lesson,
    LessonHead,
    LessonVersion,
    Module,
    Outbox,
    Profile,
    Quota,
    Roadmap,
    Waiter,
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_nothing_large_is_indexed(model: type[Document]) -> None:
    policy = container_named(model.container).definition["indexingPolicy"]
    excluded = {path["path"].split("/")[1] for path in policy["excludedPaths"]}
    assert not (LARGE & set(model.model_fields)) - excluded


def test_every_container_is_keyed_as_its_documents_are() -> None:
    for model in MODELS:
        assert container_named(model.container).partition_key == model.partition_field
