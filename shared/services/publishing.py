"""Publication: a written version joins its lesson's ranking, and everybody who waits for it is given it."""

from __future__ import annotations

from contextlib import suppress

from shared.errors import Conflict
from shared.models.curation import ReviewEntry, VersionFigures
from shared.models.library import LessonHead, LessonVersion
from shared.models.outcomes import Done
from shared.models.status import GenerationStatus
from shared.services.leases import NOBODYS, still_held
from shared.services.linking import settle_waiting
from shared.services.standings import standing_of, standing_path
from shared.store.contract import PatchOperation
from shared.store.documents import Documents, change, creation, equals, set_to

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


async def after_publication(documents: Documents, head: LessonHead) -> Done:
    """Give the newest version to all who wait, and show it to mentors; a repeat changes nothing."""
    await settle_waiting(documents, head)
    number = head.latest_version
    version = await documents.read(LessonVersion, head.key, LessonVersion.id_of(number))
    with suppress(Conflict):
        await documents.create(ReviewEntry.of(version))
    return Done(result={"version": LessonVersion.label(number)})
