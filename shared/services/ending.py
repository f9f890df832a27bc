"""Ending: the terminal state of a roadmap's attempt and of a failed generation."""

from __future__ import annotations

from shared.clients import Clients
from shared.errors import NotFound, PreconditionFailed
from shared.models.inputs import FailInput, FinishInput
from shared.models.library import LessonHead
from shared.models.outcomes import Done, Failed
from shared.models.roadmap import Failure, Phase, Roadmap
from shared.models.status import Generated, GenerationStatus, move
from shared.planning.duration import total_duration
from shared.services.attempts import SUPERSEDED_PERHAPS, verdict_on
from shared.services.events import ended
from shared.services.failures import failure
from shared.services.follow_up import follow_up
from shared.services.leases import NOBODYS, running_head, still_held
from shared.services.linking import settle_waiting
from shared.store.contract import BatchOperation
from shared.store.documents import Documents, change, equals, increment, set_to
from shared.telemetry import log


class RoadmapEnding:
    """The use case behind the activity `finish_roadmap`."""

    def __init__(self, clients: Clients) -> None:
        self._documents = clients.documents

    async def finish(self, work: FinishInput) -> Done | Failed:
        """End an attempt: completed (failed modules named) or failed; `done` holds the status.

        A repeat finds the attempt ended and changes nothing.
        """
        try:
            roadmap = await self._documents.read(Roadmap, work.user_id, work.roadmap_id)
        except NotFound:
            return SUPERSEDED_PERHAPS
        if (verdict := verdict_on(roadmap, work)) is not None:
            return verdict
        if roadmap.status.ended:
            return Done(result={"status": roadmap.status.value})
        try:
            status = await self._end(roadmap, work)
        except PreconditionFailed:
            # A module or the attempt has just moved: a repeat will see where to.
            return SUPERSEDED_PERHAPS
        log("roadmap.ended", roadmap_id=roadmap.id, attempt=roadmap.attempt, code=status.value)
        return Done(result={"status": status.value})

    async def _end(self, roadmap: Roadmap, work: FinishInput) -> GenerationStatus:
        unfinished = roadmap.module_ids(GenerationStatus.GENERATING)
        failed = unfinished + roadmap.module_ids(GenerationStatus.FAILED, GenerationStatus.CANCELED)
        error = _error(work, roadmap, failed)
        status = GenerationStatus.FAILED if error is not None else GenerationStatus.COMPLETED
        before = roadmap.status
        if before is GenerationStatus.PENDING:  # failed before it could begin
            before = move(Generated.ROADMAP, before, GenerationStatus.GENERATING)
        move(Generated.ROADMAP, before, status)
        for module_id in unfinished:
            roadmap.modules[module_id].status = GenerationStatus.FAILED
        end = [
            set_to("/status", status.value),
            set_to("/phase", Phase.ENDED.value),
            set_to("/error", error.to_json() if error else None),
            set_to("/message", error.message if error else _message(roadmap, failed)),
            set_to("/total_duration", _duration(roadmap)),
            set_to("/modules", roadmap.to_json()["modules"]),
            increment("/progress/modules_failed", len(unfinished)),
            increment("/revision"),
        ]
        still = [equals("/attempt", roadmap.attempt), equals("/revision", roadmap.revision)]
        operations: list[BatchOperation] = [
            _failed_module(module_id, roadmap.attempt, work.module_failures.get(module_id))
            for module_id in unfinished
        ]
        roadmap.status, roadmap.error = status, error
        roadmap.progress.modules_failed += len(unfinished)
        roadmap.revision += 1
        operations.append(change(roadmap.id, end, still))
        operations += [*ended(self._documents, roadmap), *follow_up(self._documents, roadmap)]
        await self._documents.batch(Roadmap, roadmap.user_id, operations)
        return status


def _failed_module(module_id: str, attempt: int, code: str | None) -> BatchOperation:
    generating = GenerationStatus.GENERATING
    failed = move(Generated.MODULE, generating, GenerationStatus.FAILED)
    return change(
        module_id,
        [set_to("/status", failed.value), set_to("/error", failure(code or "infrastructure").to_json())],
        [equals("/status", generating.value), equals("/attempt", attempt)],
    )


def _error(work: FinishInput, roadmap: Roadmap, failed: list[str]) -> Failure | None:
    if work.failure is not None:
        return failure(work.failure)
    if len(failed) == len(roadmap.modules):
        return failure("no_modules")
    return None


def _message(roadmap: Roadmap, failed: list[str]) -> str:
    total = len(roadmap.modules)
    if not failed:
        return f"All {total} modules are ready."
    names = ", ".join(f"“{roadmap.modules[module_id].title}”" for module_id in failed)
    return f"{total - len(failed)} of {total} modules are ready. Retry to outline {names}."


def _duration(roadmap: Roadmap) -> str:
    if not roadmap.modules:
        return ""
    return total_duration(
        [module.hours for module in roadmap.modules.values()],
        (roadmap.weekly_hours_low, roadmap.weekly_hours_high),
    )


class GenerationEnding:
    """The use case behind the activity `fail_lesson`."""

    def __init__(self, clients: Clients) -> None:
        self._documents = clients.documents

    async def fail(self, work: FailInput) -> Done | Failed:
        """End a generation as failed, and with it every lesson that waits for it."""
        head = await running_head(self._documents, work)
        if isinstance(head, Failed):
            return head
        if head.status is GenerationStatus.GENERATING and work.failure != "superseded":
            try:
                head = await fail_head(self._documents, head, work.failure)
            except PreconditionFailed:
                return SUPERSEDED_PERHAPS
        settled = await settle_waiting(self._documents, head)
        log("lesson.failed", lesson_key=head.key, generation=head.generation, code=work.failure)
        return Done(result={"lessons": settled})


async def fail_head(documents: Documents, head: LessonHead, code: str) -> LessonHead:
    """Store the failure of a head's running generation; raises PreconditionFailed."""
    move(Generated.LESSON, head.status, GenerationStatus.FAILED)
    return await documents.patch(
        LessonHead,
        head.key,
        head.id,
        [
            set_to("/status", GenerationStatus.FAILED.value),
            set_to("/error", failure(code).to_json()),
            set_to("/lease", None),
            NOBODYS,
        ],
        still_held(head),
    )
