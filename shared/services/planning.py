"""Planning a roadmap: its modules, from the curriculum cache, a model, or what ships with the app."""

from __future__ import annotations

import asyncio
from typing import Any

from shared.clients import Clients
from shared.errors import Conflict, NotFound, PreconditionFailed
from shared.lessons.prompts import plan_prompt
from shared.llm.structured import Answer, CallStep
from shared.models.curriculum import CurriculumPlan, Tier
from shared.models.inputs import PlanInput
from shared.models.library import CurriculumVersion
from shared.models.outcomes import Deferred, Done, Failed, Next
from shared.models.roadmap import Module, ModuleSummary, Phase, Roadmap
from shared.models.specification import CurriculumSpecification
from shared.models.status import GenerationStatus
from shared.planning.local_curriculum import local_curriculum
from shared.security.pseudonym import pseudonym
from shared.services.asking import provider_of, take_turn
from shared.services.attempts import SUPERSEDED_PERHAPS, verdict_on
from shared.services.counters import count
from shared.services.curricula import Curricula
from shared.store.documents import Documents, change, creation, equals, increment, set_to
from shared.store.tallies import add_today
from shared.telemetry import log


def call_generation(roadmap_id: str, attempt: int) -> str:
    """Return the call ledger's name for one attempt of a roadmap."""
    return f"roadmap-{roadmap_id}-{attempt}"


def answer_metadata(answer: Answer[Any], prompt_version: str) -> dict[str, Any]:
    """Return what a shared curriculum document says of the call that wrote it."""
    return {
        "ai_provider": answer.provider,
        "model": answer.model,
        "prompt_version": prompt_version,
        "cost_usd": answer.spent.cost_usd,
        "seconds": answer.spent.seconds,
        "tries": answer.spent.tries,
    }


class Planning:
    """The use case behind the activity `plan_roadmap`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._documents = clients.documents

    async def plan(self, work: PlanInput) -> Done | Deferred | Next | Failed:
        """Give the roadmap its modules; `done` holds `module_ids`, those still to be outlined.

        A repeat finds the modules there and changes nothing.
        """
        try:
            roadmap = await self._documents.read(Roadmap, work.user_id, work.roadmap_id)
        except NotFound:
            return SUPERSEDED_PERHAPS
        if (verdict := verdict_on(roadmap, work)) is not None:
            return verdict
        if roadmap.status.ended:
            return Failed(code="superseded")
        if roadmap.modules:
            return Done(result={"module_ids": roadmap.module_ids(GenerationStatus.GENERATING)})
        try:
            if roadmap.status is GenerationStatus.PENDING:
                roadmap = await self._begin(roadmap)
            found = await self._curriculum(roadmap, work)
            if not isinstance(found, CurriculumVersion):
                return found
            await self._store(roadmap, found)
            if found.tier is not Tier.GENERIC:  # that one is nowhere stored
                self._clients.kept(Curricula).keep(found)
        except (Conflict, PreconditionFailed):
            # A second copy of this call was faster, or the attempt is over: a repeat will see which.
            return SUPERSEDED_PERHAPS
        return Done(result={"module_ids": [roadmap.module_id(i) for i in range(len(found.plan.modules))]})

    async def _begin(self, roadmap: Roadmap) -> Roadmap:
        roadmap.move_to(GenerationStatus.GENERATING)
        return await self._documents.patch(
            Roadmap,
            roadmap.user_id,
            roadmap.id,
            [
                set_to("/status", roadmap.status.value),
                set_to("/phase", Phase.PLANNING.value),
                set_to("/message", f"Planning the modules of {roadmap.subject}."),
                increment("/revision"),
            ],
            [equals("/status", GenerationStatus.PENDING.value), equals("/attempt", roadmap.attempt)],
        )

    async def _curriculum(
        self, roadmap: Roadmap, work: PlanInput
    ) -> CurriculumVersion | Deferred | Next | Failed:
        specification = roadmap.specification
        provider = provider_of(self._clients, work)
        cached = await latest_curriculum(self._documents, specification.key)
        if cached is not None and cached.tier is Tier.MODEL:
            log("curriculum.hit", roadmap_id=roadmap.id, tier=cached.tier.value)
            return await self._hit(cached)
        number = cached.version_number + 1 if cached else 1
        if provider is None:
            return await self._plan_locally(specification, cached, number)
        prompt = plan_prompt(specification)
        learner = pseudonym(self._clients.settings, roadmap.user_id)
        step = CallStep(specification.key, call_generation(roadmap.id, roadmap.attempt), "plan", learner)
        answer = await take_turn(self._clients, work, prompt, step, "goal_refused")
        if not isinstance(answer, Answer):
            return answer
        metadata = answer_metadata(answer, prompt.version)
        return await self._share(
            _version(specification, number, Tier.MODEL, answer.value.to_plan(), metadata)
        )

    async def _plan_locally(
        self, specification: CurriculumSpecification, cached: CurriculumVersion | None, number: int
    ) -> CurriculumVersion:
        local = local_curriculum(specification)
        if cached is not None and cached.plan == local.plan:
            return await self._hit(cached)
        version = _version(specification, number, local.tier, local.plan, {"note": local.note})
        return await self._share(version)

    async def _hit(self, cached: CurriculumVersion) -> CurriculumVersion:
        counting = count(self._documents, cached, "hits")
        return (await asyncio.gather(counting, add_today(self._documents, {"curriculum_hits": 1})))[0]

    async def _share(self, version: CurriculumVersion) -> CurriculumVersion:
        """Store a curriculum for all; when another one was faster, everybody follows that one.

        A generic plan knows nothing of the subject; it would only keep others from a better one.
        """
        await add_today(self._documents, {"curriculum_misses": 1})
        if version.tier is Tier.GENERIC:
            return version
        try:
            return await self._documents.create(version)
        except Conflict:
            return await self._documents.read(CurriculumVersion, version.key, version.id)

    async def _store(self, roadmap: Roadmap, version: CurriculumVersion) -> None:
        modules = [
            Module(
                id=roadmap.module_id(order),
                user_id=roadmap.user_id,
                roadmap_id=roadmap.id,
                order=order,
                title=planned.title,
                description=planned.description,
                hours=planned.hours,
                resources=planned.resources,
                # Outlining begins at once: there is no moment at which the module would only be pending.
                status=GenerationStatus.GENERATING,
                attempt=roadmap.attempt,
            )
            for order, planned in enumerate(version.plan.modules)
        ]
        summaries = {
            module.id: ModuleSummary(
                title=module.title, order=module.order, hours=module.hours, status=module.status
            ).to_json()
            for module in modules
        }
        plan = change(
            roadmap.id,
            [
                set_to("/modules", summaries),
                set_to("/progress/modules_total", len(modules)),
                set_to("/phase", Phase.OUTLINING.value),
                set_to("/message", f"Outlining {len(modules)} modules."),
                set_to("/tier", version.tier.value),
                set_to("/curriculum_version", version.version_number),
                set_to("/note", version.generation_metadata.get("note", "")),
                increment("/revision"),
            ],
            [
                equals("/attempt", roadmap.attempt),
                equals("/status", GenerationStatus.GENERATING.value),
                equals("/progress/modules_total", 0),
            ],
        )
        await self._documents.batch(Roadmap, roadmap.user_id, [plan, *map(creation, modules)])


def _version(
    specification: CurriculumSpecification,
    number: int,
    tier: Tier,
    plan: CurriculumPlan,
    metadata: dict[str, Any],
) -> CurriculumVersion:
    return CurriculumVersion(
        id=CurriculumVersion.id_of(number),
        key=specification.key,
        specification=specification,
        version_number=number,
        tier=tier,
        plan=plan,
        generation_metadata=metadata,
    )


async def latest_curriculum(documents: Documents, key: str) -> CurriculumVersion | None:
    """Return the newest version of a curriculum, if one is shared."""
    page = await documents.query(CurriculumVersion, key, order_by="version_number", descending=True, limit=1)
    return page.items[0] if page.items else None
