"""Ending: the terminal state of a roadmap's attempt and of a failed generation."""

from __future__ import annotations

from shared.clients import Clients
from shared.errors import NotFound, PreconditionFailed
from shared.models.inputs import FailInput, FinishInput
from shared.models.library import LessonHead
from shared.models.outcomes import Done, Failed
from shared.models.roadmap import Failure, Module, Phase, Roadmap
from shared.models.status import Generated, GenerationStatus, move
from shared.planning.duration import total_duration
from shared.services.failures import failure
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
            return Failed(code="superseded")
        if roadmap.attempt != work.attempt:
            return Failed(code="superseded")
        if roadmap.status.ended:
            return Done(result={"status": roadmap.status.value})
        try:
            status = await self._end(roadmap, work)
        except PreconditionFailed:
            # A module or the attempt has just moved: a repeat will see where to.
            return Failed(code="superseded", retryable=True)
        log("roadmap.ended", roadmap_id=roadmap.id, attempt=roadmap.attempt, code=status.value)
        return Done(result={"status": status.value})

    async def _end(self, roadmap: Roadmap, work: FinishInput) -> GenerationStatus:
        page = await self._documents.query(
            Module, roadmap.user_id, {"roadmap_id": roadmap.id}, order_by="order", limit=100
        )
        modules = page.items
        unfinished = [module for module in modules if module.status is GenerationStatus.GENERATING]
        operations: list[BatchOperation] = [
            _failed_module(module, work.module_failures.get(module.id)) for module in unfinished
        ]
        failed = [module for module in modules if module.status is not GenerationStatus.COMPLETED]
        error = _error(work, modules, failed)
        status = GenerationStatus.FAILED if error is not None else GenerationStatus.COMPLETED
        before = roadmap.status
        if before is GenerationStatus.PENDING:  # failed before it could begin
            before = move(Generated.ROADMAP, before, GenerationStatus.GENERATING)
        move(Generated.ROADMAP, before, status)
        ended = [
            set_to("/status", status.value),
            set_to("/phase", Phase.ENDED.value),
            set_to("/error", error.to_json() if error else None),
            set_to("/message", error.message if error else _message(modules, failed)),
            set_to("/total_duration", _duration(roadmap, modules)),
            increment("/revision"),
        ]
        counted = [increment("/progress/modules_failed", len(unfinished))]
        summaries = roadmap.to_json()["modules"]
        for module in unfinished:
            summaries[module.id]["status"] = GenerationStatus.FAILED.value
        counted.append(set_to("/modules", summaries))
        still = [equals("/attempt", roadmap.attempt), equals("/revision", roadmap.revision)]
        operations.append(change(roadmap.id, [*ended, *counted], still))
        await self._documents.batch(Roadmap, roadmap.user_id, operations)
        return status


def _failed_module(module: Module, code: str | None) -> BatchOperation:
    move(Generated.MODULE, module.status, GenerationStatus.FAILED)
    return change(
        module.id,
        [
            set_to("/status", GenerationStatus.FAILED.value),
            set_to("/error", failure(code or "infrastructure").to_json()),
        ],
        [equals("/status", module.status.value), equals("/attempt", module.attempt)],
    )


def _error(work: FinishInput, modules: list[Module], failed: list[Module]) -> Failure | None:
    if work.failure is not None:
        return failure(work.failure)
    if not modules or len(failed) == len(modules):
        return failure("no_modules")
    return None


def _message(modules: list[Module], failed: list[Module]) -> str:
    if not failed:
        return f"All {len(modules)} modules are ready."
    names = ", ".join(f"“{module.title}”" for module in failed)
    return f"{len(modules) - len(failed)} of {len(modules)} modules are ready. Retry to outline {names}."


def _duration(roadmap: Roadmap, modules: list[Module]) -> str:
    if not modules:
        return ""
    return total_duration(
        [module.hours for module in modules], (roadmap.weekly_hours_low, roadmap.weekly_hours_high)
    )


class GenerationEnding:
    """The use case behind the activity `fail_lesson`."""

    def __init__(self, clients: Clients) -> None:
        self._documents = clients.documents

    async def fail(self, work: FailInput) -> Done | Failed:
        """End a generation as failed, and with it every lesson that waits for it."""
        head = await self._documents.find(LessonHead, work.lesson_key, LessonHead.ID)
        if head is None or head.generation != work.generation:
            return Failed(code="superseded")
        if head.status is GenerationStatus.GENERATING and work.failure != "superseded":
            try:
                head = await fail_head(self._documents, head, work.failure)
            except PreconditionFailed:
                return Failed(code="superseded", retryable=True)
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
        ],
        [
            equals("/status", head.status.value),
            equals("/generation", head.generation),
            equals("/lease_token", head.lease_token),
        ],
    )
