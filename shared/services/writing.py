"""Writing a lesson: one provider's turn, or the composer's; then publication and the linking of who waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.clients import Clients
from shared.computing import computed
from shared.errors import Conflict, PreconditionFailed
from shared.lessons.attribution import attribute
from shared.lessons.gates import Assignment, Judged, apply_gates
from shared.lessons.prompts import LessonDraft, lesson_prompt
from shared.lessons.video import with_video
from shared.llm.structured import Answer, CallStep
from shared.models.content import LessonContent
from shared.models.curriculum import Tier
from shared.models.document import now
from shared.models.inputs import WriteInput
from shared.models.library import (
    BriefDocument,
    GenerationMetadata,
    LessonHead,
    LessonVersion,
    ResearchMetadata,
)
from shared.models.outcomes import Deferred, Done, Failed, Next
from shared.models.quality import Quality
from shared.models.research import Brief
from shared.models.status import GenerationStatus
from shared.services.asking import provider_of, take_turn
from shared.services.attempts import SUPERSEDED_PERHAPS
from shared.services.background import stepping_aside
from shared.services.leases import begin_turn, end_turn, running_head
from shared.services.publishing import after_publication, publish
from shared.services.renewal import needs_model
from shared.services.siblings import sibling_lessons
from shared.telemetry import log

COMPOSER = "extractive"


@dataclass(frozen=True, slots=True)
class Written:
    """A body and how it came to be."""

    content: LessonContent
    quality: Quality
    metadata: GenerationMetadata


class Writing:
    """The use case behind the activity `write_lesson`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._documents = clients.documents

    async def write(self, work: WriteInput) -> Done | Deferred | Next | Failed:
        """Write and publish the body; `done` holds its `version`.

        A repeat after publication only links who still waits. A writer whose token is no longer the newest
        publishes nothing.
        """
        head = await running_head(self._documents, work)
        if isinstance(head, Failed):
            return head
        if head.status is GenerationStatus.COMPLETED:
            return await after_publication(self._documents, head)
        if head.lease_token < work.token:
            return SUPERSEDED_PERHAPS
        if head.status is not GenerationStatus.GENERATING or head.lease_token > work.token:
            return Failed(code="superseded")
        try:
            await begin_turn(self._documents, head, may_pay=provider_of(self._clients, work) is not None)
            outcome = await self._write(head, work)
            if not isinstance(outcome, Done):
                await end_turn(self._documents, head)
        except (Conflict, PreconditionFailed):
            # A second copy published, or another writer holds the lease: a repeat will see which.
            return SUPERSEDED_PERHAPS
        return outcome

    async def _write(self, head: LessonHead, work: WriteInput) -> Done | Deferred | Next | Failed:
        brief = await self._documents.read(BriefDocument, head.key, BriefDocument.id_of(head.generation))
        written = await self._body(head, brief.brief, work)
        if not isinstance(written, Written):
            return written
        version = _version(head, brief, written)
        await publish(self._documents, head, version)
        log(
            "lesson.published",
            lesson_key=head.key,
            generation=head.generation,
            version=version.version,
            tier=version.tier.value,
            provider=written.metadata.ai_provider,
            cost_usd=written.metadata.cost_usd,
        )
        head = await self._documents.read(LessonHead, head.key, LessonHead.ID)
        return await after_publication(self._documents, head)

    async def _body(
        self, head: LessonHead, brief: Brief, work: WriteInput
    ) -> Written | Deferred | Next | Failed:
        provider = provider_of(self._clients, work)
        if provider is None:
            return await self._compose(head, brief, work)
        prompt = lesson_prompt(head.specification, brief)
        siblings = await sibling_lessons(self._documents, head.specification)
        assignment = Assignment(head.specification, brief, Tier.MODEL, siblings)

        judged: list[Judged] = []

        def objections(draft: LessonDraft) -> Sequence[str]:
            content = draft.to_content(head.specification, brief)
            judged.append(apply_gates(with_video(content, head.specification, brief), assignment))
            return judged[-1].objections

        cause = head.cause
        step = CallStep(
            head.key,
            head.call_generation,
            "lesson",
            cause.charged_to,
            background=cause.background,
        )
        answer = await take_turn(self._clients, work, prompt, step, "refused", objections)
        if isinstance(answer, Deferred) and cause.background:
            return stepping_aside(answer, provider.name, head.requested_at, now())
        if not isinstance(answer, Answer):
            return answer
        spent, prompt = answer.spent, answer.prompt
        metadata = _metadata(head, work, answer.provider, Tier.MODEL).model_copy(
            update={
                "prompt": prompt.user,
                "system_prompt": prompt.system,
                "prompt_version": prompt.version,
                "model": answer.model,
                "temperature": prompt.temperature,
                "max_tokens": prompt.max_tokens,
                "prompt_tokens": spent.prompt_tokens,
                "completion_tokens": spent.completion_tokens,
                "cost_usd": spent.cost_usd,
                "seconds": spent.seconds,
                "fallbacks": [*work.fallbacks, *answer.passed_over],
            }
        )
        accepted = judged[-1]  # an answer is the first draft without objections
        return Written(accepted.content, accepted.quality, metadata)

    async def _compose(self, head: LessonHead, brief: Brief, work: WriteInput) -> Written | Failed:
        if needs_model(head, head.cause.occasion):
            # Quotations never displace a model's lesson, nor other quotations that were to become one.
            return Failed(code="providers_failed")
        from shared.lessons.composer import NothingToCompose, compose

        siblings = await sibling_lessons(self._documents, head.specification)
        assignment = Assignment(head.specification, brief, Tier.EXTRACTIVE, siblings)

        def composed() -> Judged:
            content = compose(head.specification, brief)
            return apply_gates(with_video(content, head.specification, brief), assignment)

        try:
            # Ranking and judging compute for a tenth of a second: not on the loop that everybody shares.
            judged = await computed(composed)
        except NothingToCompose:
            return Failed(code="no_sources")
        if judged.objections:
            count = len(judged.objections)
            log("lesson.refused", lesson_key=head.key, generation=head.generation, count=count)
            return Failed(code="no_sources")
        metadata = _metadata(head, work, COMPOSER, Tier.EXTRACTIVE)
        return Written(judged.content, judged.quality, metadata)


def _version(head: LessonHead, brief: BriefDocument, written: Written) -> LessonVersion:
    number = head.latest_version + 1
    return LessonVersion(
        id=LessonVersion.id_of(number),
        key=head.key,
        version=LessonVersion.label(number),
        version_number=number,
        generation=head.generation,
        specification=head.specification,
        tier=written.metadata.tier,
        content=written.content,
        quality=written.quality,
        source_attribution=attribute(written.content, brief.brief),
        research_metadata=ResearchMetadata(reports=brief.brief.reports, seconds=brief.seconds),
        generation_metadata=written.metadata,
    )


def _metadata(head: LessonHead, work: WriteInput, author: str, tier: Tier) -> GenerationMetadata:
    specification = head.specification
    return GenerationMetadata(
        ai_provider=author,
        tier=tier,
        learning_style=specification.style.value,
        difficulty=specification.curriculum.level.value,
        language=specification.curriculum.language,
        generated_at=now(),
        generation_attempt=head.generation,
        occasion=head.cause.occasion,
        regenerated_from=head.cause.regenerated_from,
        regeneration_reason=head.cause.reason,
        fallbacks=work.fallbacks,
    )
