"""Outlining a module: its lessons, from the curriculum cache, a model, or what ships with the app."""

from __future__ import annotations

from shared.clients import Clients
from shared.errors import Conflict, NotFound, PreconditionFailed
from shared.lessons.prompts import outline_prompt
from shared.llm.structured import Answer, CallStep
from shared.models.curriculum import ModuleOutline, Tier
from shared.models.inputs import OutlineInput
from shared.models.library import CurriculumOutline, CurriculumVersion
from shared.models.outcomes import Deferred, Done, Failed, Next
from shared.models.roadmap import Lesson, Module, Roadmap
from shared.models.specification import LessonSpecification
from shared.models.status import GenerationStatus
from shared.planning.local_curriculum import local_curriculum
from shared.security.pseudonym import pseudonym
from shared.services.asking import provider_of, take_turn
from shared.services.attempts import SUPERSEDED_PERHAPS, verdict_on
from shared.services.curricula import Curricula
from shared.services.failures import failure
from shared.services.planning import answer_metadata, call_generation
from shared.store.contract import BatchOperation, Condition
from shared.store.documents import change, creation, equals, increment, set_to


class Outlining:
    """The use case behind the activity `outline_module`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._documents = clients.documents

    async def outline(self, work: OutlineInput) -> Done | Deferred | Next | Failed:
        """Give a module its lessons; `done` holds their number, and a failure is stored with the module.

        A repeat finds the module ended and changes nothing.
        """
        try:
            roadmap = await self._documents.read(Roadmap, work.user_id, work.roadmap_id)
            module = await self._documents.read(Module, work.user_id, work.module_id)
        except NotFound:
            return SUPERSEDED_PERHAPS
        if (verdict := verdict_on(roadmap, work)) is not None:
            return verdict
        if module.attempt < work.attempt:
            return SUPERSEDED_PERHAPS
        if module.status is GenerationStatus.COMPLETED:
            return Done(result={})
        if module.status is GenerationStatus.FAILED and module.error is not None:
            return Failed(code=module.error.code)
        if module.status.ended:  # it was canceled
            return Failed(code="superseded")
        try:
            return await self._write(roadmap, module, work)
        except (Conflict, PreconditionFailed):
            # A second copy of this call was faster, or the attempt is over: a repeat will see which.
            return SUPERSEDED_PERHAPS

    async def _write(
        self, roadmap: Roadmap, module: Module, work: OutlineInput
    ) -> Done | Deferred | Next | Failed:
        outline = await self._outline(roadmap, module, work)
        if isinstance(outline, ModuleOutline):
            await self._complete(roadmap, module, outline)
            return Done(result={"lessons": len(outline.lessons)})
        if isinstance(outline, Failed):
            await self._fail(roadmap, module, outline.code)
        return outline

    async def _outline(
        self, roadmap: Roadmap, module: Module, work: OutlineInput
    ) -> ModuleOutline | Deferred | Next | Failed:
        specification = roadmap.specification
        if roadmap.tier is Tier.GENERIC:
            return local_curriculum(specification).outlines[module.order]
        number = roadmap.curriculum_version or 1
        outline_id = CurriculumOutline.id_of(number, module.order)
        shared = await self._documents.find(CurriculumOutline, specification.key, outline_id)
        if shared is not None:
            return shared.outline
        version = await self._clients.kept(Curricula).version(specification.key, number)
        if version.tier is not Tier.MODEL:
            outline = local_curriculum(specification).outlines[module.order]
            return await self._share(version, module.order, outline, {})
        return await self._ask(roadmap, module, work, version)

    async def _ask(
        self, roadmap: Roadmap, module: Module, work: OutlineInput, version: CurriculumVersion
    ) -> ModuleOutline | Deferred | Next | Failed:
        provider = provider_of(self._clients, work)
        if provider is None:
            # A made-up outline in the middle of a researched plan would be worse than an honest failure.
            return Failed(code="providers_failed")
        prompt = outline_prompt(version.specification, version.plan, module.order + 1)
        generation = call_generation(roadmap.id, roadmap.attempt)
        learner = pseudonym(self._clients.settings, roadmap.user_id)
        step = CallStep(version.key, generation, f"outline-{module.order}", learner)
        answer = await take_turn(self._clients, work, prompt, step, "goal_refused")
        if not isinstance(answer, Answer):
            return answer
        metadata = answer_metadata(answer, prompt.version)
        return await self._share(version, module.order, answer.value, metadata)

    async def _share(
        self, version: CurriculumVersion, order: int, outline: ModuleOutline, metadata: dict[str, object]
    ) -> ModuleOutline:
        """Store an outline for all; when another one was faster, everybody follows that one."""
        document = CurriculumOutline(
            id=CurriculumOutline.id_of(version.version_number, order),
            key=version.key,
            version_number=version.version_number,
            order=order,
            tier=version.tier,
            outline=outline,
            generation_metadata=metadata,
        )
        try:
            await self._documents.create(document)
        except Conflict:
            return (await self._documents.read(CurriculumOutline, document.key, document.id)).outline
        return outline

    async def _complete(self, roadmap: Roadmap, module: Module, outline: ModuleOutline) -> None:
        lessons = [_lesson(roadmap, module, outline, order) for order in range(len(outline.lessons))]
        operations: list[BatchOperation] = [creation(lesson) for lesson in lessons]
        operations += _module_end(roadmap, module, GenerationStatus.COMPLETED, len(lessons), None)
        await self._documents.batch(Module, module.user_id, operations)

    async def _fail(self, roadmap: Roadmap, module: Module, code: str) -> None:
        operations = _module_end(roadmap, module, GenerationStatus.FAILED, 0, code)
        await self._documents.batch(Module, module.user_id, operations)


def _lesson(roadmap: Roadmap, module: Module, outline: ModuleOutline, order: int) -> Lesson:
    planned = outline.lessons[order]
    specification = LessonSpecification(
        curriculum=roadmap.specification,
        module_title=module.title,
        title=planned.title,
        objectives=planned.objectives,
        style=roadmap.learning_style,
    )
    return Lesson(
        id=module.lesson_id(order),
        user_id=module.user_id,
        roadmap_id=roadmap.id,
        module_id=module.id,
        order=order,
        title=planned.title,
        description=planned.description,
        objectives=planned.objectives,
        estimated_minutes=planned.estimated_minutes,
        learning_style=roadmap.learning_style,
        lesson_key=specification.key,
        specification=specification,
    )


def _module_end(
    roadmap: Roadmap, module: Module, status: GenerationStatus, lessons: int, code: str | None
) -> list[BatchOperation]:
    """Return the batch's part that ends a module and counts it in its roadmap, once."""
    before: list[Condition] = [
        equals("/status", module.status.value),
        equals("/attempt", module.attempt),
    ]
    module.move_to(status)
    ended = [set_to("/status", status.value)]
    if code is not None:
        ended.append(set_to("/error", failure(code).to_json()))
    counted = [
        increment(f"/progress/modules_{status.value}"),
        increment("/progress/lessons_total", lessons),
        set_to(f"/modules/{module.id}/status", status.value),
        set_to(f"/modules/{module.id}/lessons", lessons),
        increment("/revision"),
    ]
    still = [equals("/attempt", roadmap.attempt), equals("/status", GenerationStatus.GENERATING.value)]
    return [change(module.id, ended, before), change(roadmap.id, counted, still)]
