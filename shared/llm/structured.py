"""One prompt to one provider: a validated answer, or the reason why there is none.

The only owner of retries below the orchestrator's rounds: one re-ask with what was wrong, and one retry of
a provider that failed or was too slow. Every call goes through the ledger under a number of its own, so a
repeat of the step walks the same path over the recorded outcomes and pays only for what is missing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel

from shared.errors import ReplyError
from shared.lessons.prompts.prompt import Prompt
from shared.llm.chat import complete
from shared.llm.exchange import ChatFailure, ChatReply, ChatRequest, FailureKind, Message
from shared.llm.ledger import CallIdentity, CallLedger, InProgress, Recorded
from shared.llm.replies import parse_reply
from shared.llm.schema import strict_schema
from shared.settings import ProviderSettings

if TYPE_CHECKING:
    import httpx

T = TypeVar("T", bound=BaseModel)

DEADLINE_SECONDS = 150.0
"""An activity's own deadline, below half of the host's functionTimeout."""
LEAST_CALL_SECONDS = 5.0
"""With less time left than this no further call is begun: it would be paid for and hardly finish."""
RETRY_PAUSE_SECONDS = 1.0
MAX_QUOTED_CHARACTERS = 20_000
"""So much of a wrong answer is shown to the model again; the problems matter more than the text."""

_RETRIED = {FailureKind.SERVER, FailureKind.TIMEOUT}


@dataclass(frozen=True, slots=True)
class CallStep:
    """Which step of which generation of which shared thing asks; see CallIdentity."""

    key: str
    generation: str
    step: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What the calls of a step cost together, failed ones included; `repeats` counts calls paid twice."""

    tries: int = 0
    repeats: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0

    def plus(self, recorded: Recorded) -> Spent:
        """Return the sum with one more call."""
        outcome = recorded.outcome
        return Spent(
            tries=self.tries + 1,
            repeats=self.repeats + recorded.repeats,
            prompt_tokens=self.prompt_tokens + outcome.usage.prompt_tokens,
            completion_tokens=self.completion_tokens + outcome.usage.completion_tokens,
            cost_usd=round(self.cost_usd + outcome.cost_usd, 9),
            seconds=round(self.seconds + outcome.seconds, 3),
        )


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A validated answer, who gave it and what it cost."""

    value: T
    provider: str
    model: str
    spent: Spent


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer from this provider; `reason` is one line for operators."""

    kind: FailureKind
    reason: str
    provider: str
    spent: Spent
    retry_after: float | None = None
    per_day: bool = False


def no_objections(_: BaseModel) -> Sequence[str]:
    """Accept every valid answer."""
    return ()


async def ask(
    client: httpx.AsyncClient,
    ledger: CallLedger,
    provider: ProviderSettings,
    prompt: Prompt[T],
    step: CallStep,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
    objections: Callable[[T], Sequence[str]] = no_objections,
) -> Answer[T] | Failure | InProgress:
    """Put a prompt to a provider within a deadline.

    `objections` says what is wrong with a valid answer in words the model can act on; they send it back like
    validation errors do. InProgress means that another copy of the step is in the middle of a call.
    """
    question = _Question(client, ledger, provider, prompt, step, objections)
    return await question.answer(time.monotonic() + deadline_seconds)


@dataclass(slots=True)
class _Question(Generic[T]):
    """The state of one `ask`: what was said so far, what it cost, which second chances are used up."""

    client: httpx.AsyncClient
    ledger: CallLedger
    provider: ProviderSettings
    prompt: Prompt[T]
    step: CallStep
    objections: Callable[[T], Sequence[str]]
    correction: tuple[Message, ...] = ()
    retried: bool = False
    spent: Spent = Spent()

    async def answer(self, ends_at: float) -> Answer[T] | Failure | InProgress:
        """Go on until there is an answer or no second chance is left."""
        while True:
            recorded = await self._call(ends_at)
            if isinstance(recorded, InProgress):
                return recorded
            self.spent = self.spent.plus(recorded)
            judged = self._judge(recorded.outcome)
            if isinstance(judged, Answer):
                return judged
            failure, text, errors = judged
            may_go_on = ends_at - time.monotonic() > LEAST_CALL_SECONDS + RETRY_PAUSE_SECONDS
            if failure.kind is FailureKind.BAD_JSON and not self.correction and may_go_on:
                self.correction = _correction(text, errors)
            elif failure.kind in _RETRIED and not self.retried and may_go_on:
                self.retried = True
                if recorded.paid_now:
                    await asyncio.sleep(RETRY_PAUSE_SECONDS)
            else:
                return failure

    async def _call(self, ends_at: float) -> Recorded | InProgress:
        timeout_seconds = min(self.provider.timeout_seconds, max(ends_at - time.monotonic(), 0.0))
        identity = CallIdentity(
            key=self.step.key,
            generation=self.step.generation,
            provider=self.provider.name,
            step=self.step.step,
            try_number=self.spent.tries + 1,
        )
        request = ChatRequest(
            messages=(
                Message("system", self.prompt.system),
                Message("user", self.prompt.user),
                *self.correction,
            ),
            schema_name=self.prompt.schema_name,
            schema=strict_schema(self.prompt.schema_model),
            temperature=self.prompt.temperature,
            max_tokens=self.prompt.max_tokens,
        )
        return await self.ledger.once(
            identity,
            timeout_seconds,
            lambda: complete(self.client, self.provider, request, timeout_seconds=timeout_seconds),
        )

    def _judge(self, outcome: ChatReply | ChatFailure) -> Answer[T] | tuple[Failure, str, tuple[str, ...]]:
        """Return the answer, or the failure with the text that was wrong and what is wrong with it."""
        if isinstance(outcome, ChatReply):
            text, model = outcome.content, outcome.model
        elif outcome.kind is FailureKind.BAD_JSON and outcome.failed_generation:
            text, model = outcome.failed_generation, self.provider.model
        else:
            return self._failure(outcome), "", (outcome.detail,)
        try:
            value = parse_reply(text, self.prompt.schema_model)
        except ReplyError as error:
            errors = error.errors
        else:
            errors = tuple(self.objections(value))
            if not errors:
                return Answer(value, self.provider.name, model, self.spent)
        bad = ChatFailure(kind=FailureKind.BAD_JSON, detail="; ".join(errors)[:300])
        return self._failure(bad), text, errors

    def _failure(self, outcome: ChatFailure) -> Failure:
        return Failure(
            kind=outcome.kind,
            reason=f"{outcome.kind.value}: {outcome.detail}",
            provider=self.provider.name,
            spent=self.spent,
            retry_after=outcome.retry_after,
            per_day=outcome.per_day,
        )


def _correction(text: str, errors: Sequence[str]) -> tuple[Message, ...]:
    """Return the turns that show the model its answer and what is wrong with it."""
    listed = "\n".join(f"- {error}" for error in errors)
    said = (Message("assistant", text[:MAX_QUOTED_CHARACTERS]),) if text else ()
    return (
        *said,
        Message(
            "user",
            f"That answer cannot be used:\n{listed}\n\n"
            "Answer again with the whole JSON object, corrected, and nothing else. "
            "All rules given above still hold.",
        ),
    )
