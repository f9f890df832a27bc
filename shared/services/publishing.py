"""Publication: a written version joins its lesson's ranking, and everybody who waits for it is given it."""

from __future__ import annotations

from contextlib import suppress

from shared.errors import Conflict
from shared.models.curation import ReviewEntry, VersionFigures
from shared.models.library import LessonHead, LessonVersion, Occasion
from shared.models.outcomes import Done
from shared.models.status import GenerationStatus
from shared.models.tallies import ModelTally, bucket_of
from shared.services.leases import NOBODYS, still_held
from shared.services.linking import settle_waiting
from shared.services.standings import standing_of, standing_path
from shared.store.contract import PatchOperation
from shared.store.documents import Documents, change, creation, equals, set_to
from shared.store.tallies import add, add_today

MOST_RANKED = 50
"""The head stays small: beyond so many versions the last of the ranking leaves it, and is served no more."""


async def publish(documents: Documents, head: LessonHead, version: LessonVersion) -> None:
    """Store a version, if the lease is still the writer's; raises Conflict, PreconditionFailed."""
    number = version.version_number
    changes = [
        set_to("/status", GenerationStatus.COMPLETED.value),
        set_to(standing_path(number), standing_of(version).to_json()),
        set_to("/latest_version", number),
        set_to("/lease", None),
        set_to("/error", None),
        NOBODYS,
    ]
    ranking = head.ranking
    if len(ranking) >= MOST_RANKED:
        changes.append(PatchOperation("remove", standing_path(ranking[-1].version_number)))
    conditions = [*still_held(head), equals("/latest_version", head.latest_version)]
    figures = VersionFigures(id=VersionFigures.id_of(number), key=head.key, version_number=number)
    published = change(head.id, changes, conditions)
    await documents.batch(LessonHead, head.key, [creation(version), creation(figures), published])
    await _tally(documents, head, version)


async def _tally(documents: Documents, head: LessonHead, version: LessonVersion) -> None:
    """Count a version for operators, and whose version it is to follow."""
    metadata = version.generation_metadata
    waited = (metadata.generated_at - head.requested_at).total_seconds()
    counted = [
        "published",
        f"by_tier/{version.tier.value}",
        f"by_provider/{metadata.ai_provider}",
        f"by_occasion/{metadata.occasion.value}",
        f"waits/{bucket_of(waited)}",
        *(f"fallbacks/{provider}" for provider in {one.provider for one in metadata.fallbacks}),
    ]
    await add_today(documents, dict.fromkeys(counted, 1))
    await add(documents, ModelTally.of(metadata.model), {"published": 1})
    followed = head.standing(LessonVersion.number(metadata.regenerated_from or ""))
    if followed is not None and metadata.occasion in (Occasion.REGENERATION, Occasion.LOW_SCORE):
        reason = metadata.regeneration_reason or metadata.occasion
        of_the_old = {"regenerated": 1, f"reasons/{reason.value}": 1}
        await add(documents, ModelTally.of(followed.model), of_the_old)


async def after_publication(documents: Documents, head: LessonHead) -> Done:
    """Give the newest version to all who wait, and show it to mentors; a repeat changes nothing."""
    await settle_waiting(documents, head)
    number = head.latest_version
    version = await documents.read(LessonVersion, head.key, LessonVersion.id_of(number))
    with suppress(Conflict):
        await documents.create(ReviewEntry.of(version))
    return Done(result={"version": LessonVersion.label(number)})
