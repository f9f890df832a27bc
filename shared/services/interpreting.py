"""Interpreting a goal that the app cannot read by itself.

It is the one step that shows a model the learner's own words; what comes of it holds none of them.
"""

from __future__ import annotations

from shared.clients import Clients
from shared.errors import NotFound, PreconditionFailed
from shared.lessons.prompts import InterpretationDraft, interpret_prompt
from shared.llm.structured import Answer, CallStep
from shared.models.inputs import InterpretInput
from shared.models.outcomes import Deferred, Done, Failed, Next
from shared.models.roadmap import Roadmap
from shared.planning.goals.refusal import refusal_of
from shared.planning.model_reading import interpretation_of
from shared.planning.subject import GoalInterpretation, interpret_goal
from shared.security.pseudonym import pseudonym
from shared.services.asking import provider_of, take_turn
from shared.services.attempts import SUPERSEDED_PERHAPS, verdict_on
from shared.services.planning import call_generation
from shared.store.documents import equals, increment, set_to
from shared.telemetry import log


class Interpreting:
    """The use case behind the activity `interpret_goal`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._documents = clients.documents

    async def interpret(self, work: InterpretInput) -> Done | Deferred | Next | Failed:
        """Give the roadmap the subject that a model reads in its goal; `done` holds nothing.

        Without a provider the local reading, which the roadmap was created with, stands. A repeat finds the
        subject settled and changes nothing.
        """
        try:
            roadmap = await self._documents.read(Roadmap, work.user_id, work.roadmap_id)
        except NotFound:
            return SUPERSEDED_PERHAPS
        if (verdict := verdict_on(roadmap, work)) is not None:
            return verdict
        if roadmap.status.ended:
            return Failed(code="superseded")
        if roadmap.settled:
            return Done()
        local = interpret_goal(roadmap.goal, _industry(roadmap))
        if provider_of(self._clients, work) is None:
            return await self._settle(roadmap, local)
        answer = await self._ask(roadmap, work)
        if not isinstance(answer, Answer):
            return answer
        draft = answer.value
        if draft.refused or refusal_of(f"{draft.subject} {draft.focus}") is not None:
            return Failed(code="goal_refused")
        return await self._settle(roadmap, interpretation_of(draft, roadmap.goal, _industry(roadmap), local))

    async def _ask(
        self, roadmap: Roadmap, work: InterpretInput
    ) -> Answer[InterpretationDraft] | Deferred | Next | Failed:
        prompt = interpret_prompt(roadmap.goal, roadmap.skill_level, _industry(roadmap))
        step = CallStep(
            key=roadmap.user_id,
            generation=call_generation(roadmap.id, roadmap.attempt),
            step="interpret",
            learner=pseudonym(self._clients.settings, roadmap.user_id),
            own_words=True,
        )
        return await take_turn(self._clients, work, prompt, step, "goal_refused")

    async def _settle(self, roadmap: Roadmap, meaning: GoalInterpretation) -> Done | Failed:
        """Write down what the goal means; from here on planning sees only that."""
        roadmap.subject = meaning.subject
        # A focus that the request named stands beside the goal, and was taken as it is.
        roadmap.focus = roadmap.focus if roadmap.focus_given else meaning.focus
        if roadmap.profile_snapshot.get("language") is None:
            roadmap.language = meaning.language
        try:
            await self._documents.patch(
                Roadmap,
                roadmap.user_id,
                roadmap.id,
                [
                    set_to("/subject", roadmap.subject),
                    set_to("/focus", roadmap.focus),
                    set_to("/language", roadmap.language),
                    set_to("/interpretation", meaning.in_words()),
                    set_to("/alternatives", list(meaning.alternatives)),
                    set_to("/curriculum_key", roadmap.specification.key),
                    set_to("/settled", True),
                    increment("/revision"),
                ],
                [
                    equals("/attempt", roadmap.attempt),
                    equals("/status", roadmap.status.value),
                    equals("/settled", False),
                ],
            )
        except PreconditionFailed:
            # A second copy of this call was faster, or the attempt is over: a repeat will see which.
            return SUPERSEDED_PERHAPS
        log("roadmap.interpreted", roadmap_id=roadmap.id, attempt=roadmap.attempt)
        return Done()


def _industry(roadmap: Roadmap) -> str:
    return str(roadmap.profile_snapshot.get("industry") or "")
