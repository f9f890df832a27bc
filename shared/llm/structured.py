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
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel

from shared.computing import computed
from shared.errors import ReplyError
from shared.lessons.prompts.prompt import Prompt
from shared.llm.admission import Admission, Admitted, Size
from shared.llm.chat import complete
from shared.llm.exchange import ChatFailure, ChatReply, ChatRequest, FailureKind, Message
from shared.llm.ledger import CallIdentity, CallLedger, InProgress, Recorded
from shared.llm.limiter import HORIZON_SECONDS, NEAR_SECONDS, Later, Reserved
from shared.llm.replies import parse_reply
from shared.llm.schema import strict_schema
from shared.llm.sizing import fitted, most_tokens, prompt_tokens
from shared.models.library import ProviderFallback
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
_SHORTENED = {FailureKind.TOO_LARGE, FailureKind.CONTEXT_OVERFLOW}


@dataclass(frozen=True, slots=True)
class CallStep:
    """Which step of which generation of which shared thing asks; see CallIdentity.

    `learner` is the pseudonym of whoever is charged for it; "" charges nobody in particular. Where the prompt
    holds a learner's own words (`own_words`), `key` is that learner's id and the call is recorded there.
    Nobody waits for a step in the `background`: it leaves room to those that somebody waits for.
    """

    key: str
    generation: str
    step: str
    learner: str = ""
    own_words: bool = False
    background: bool = False

    def call(self, provider: ProviderSettings, try_number: int) -> CallIdentity:
        """Return the identity of one try of this step at a provider."""
        return CallIdentity(self.key, self.generation, provider.name, self.step, try_number)


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
    """A validated answer, who gave it to which form of the prompt, and what it cost."""

    value: T
    provider: str
    model: str
    spent: Spent
    prompt: Prompt[T]
    passed_over: tuple[ProviderFallback, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer from this provider; `reason` is one line for operators."""

    kind: FailureKind
    reason: str
    provider: str
    spent: Spent
    retry_after: float | None = None
    per_day: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """The next call has no slot before `until`; come back then, with the reservation if there is one."""

    until: datetime
    reservation: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What every call goes through: the client, the ledger and admission."""

    client: httpx.AsyncClient
    ledger: CallLedger
    admission: Admission


@dataclass(frozen=True, slots=True)
class Opening:
    """What is in hand before the first call: an admission, or a reservation made earlier.

    `patient` tells that a far slot is worth waiting for: nobody else could answer, or nobody waits for it.
    """

    admitted: Admitted | None = None
    reservation: str | None = None
    patient: bool = True


def no_objections(_: BaseModel) -> Sequence[str]:
    """Accept every valid answer."""
    return ()


async def ask(
    line: Line,
    provider: ProviderSettings,
    prompt: Prompt[T],
    step: CallStep,
    opening: Opening,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
    objections: Callable[[T], Sequence[str]] = no_objections,
) -> Answer[T] | Failure | InProgress | Waiting:
    """Put a prompt to a provider within a deadline.

    `objections` says what is wrong with a valid answer in words the model can act on; they send it back like
    validation errors do. InProgress means that another copy of the step is in the middle of a call.
    """
    question = _Question(line, provider, prompt, step, opening, objections)
    return await question.answer(time.monotonic() + deadline_seconds)


@dataclass(slots=True)
class _Question(Generic[T]):
    """The state of one `ask`: what was said so far, what it cost, which second chances are used up."""

    line: Line
    provider: ProviderSettings
    prompt: Prompt[T]
    step: CallStep
    opening: Opening
    objections: Callable[[T], Sequence[str]]
    correction: tuple[Message, ...] = ()
    retried: bool = False
    shortened: bool = False
    spent: Spent = Spent()
    failure: Failure | None = None

    async def answer(self, ends_at: float) -> Answer[T] | Failure | InProgress | Waiting:
        """Go on until there is an answer or no second chance is left."""
        while True:
            recorded = await self._call(ends_at)
            if not isinstance(recorded, Recorded):
                return recorded
            self.spent = self.spent.plus(recorded)
            # Parsing and judging compute: not on the loop that everybody shares.
            judged = await computed(self._judge, recorded.outcome)
            if isinstance(judged, Answer):
                return judged
            self.failure, text, errors = judged
            may_go_on = ends_at - time.monotonic() > LEAST_CALL_SECONDS + RETRY_PAUSE_SECONDS
            if not may_go_on or not self._has_second_chance(self.failure, text, errors):
                return self.failure
            if recorded.paid_now and self.failure.kind in _RETRIED:
                await asyncio.sleep(RETRY_PAUSE_SECONDS)

    def _has_second_chance(self, failure: Failure, text: str, errors: Sequence[str]) -> bool:
        """Prepare the next call, if this failure deserves one; each kind of chance comes once."""
        if failure.kind is FailureKind.BAD_JSON and not self.correction:
            self.correction = _correction(text, errors)
            return True
        waits = failure.kind is FailureKind.RATE_LIMITED and not failure.per_day
        if (failure.kind in _RETRIED or waits) and not self.retried:
            self.retried = True
            return True
        shorter = self.prompt.shorter() if self.prompt.shorter is not None else None
        if failure.kind in _SHORTENED and shorter is not None and not self.shortened:
            self.shortened = True
            # Twice two thirds: less than half of the sources.
            self.prompt = shorter.shorter() if shorter.shorter is not None else shorter
            return True
        return False

    async def _call(self, ends_at: float) -> Recorded | InProgress | Waiting | Failure:
        """Make the next call, or read it; a Failure means that it may not be made."""
        identity = self.step.call(self.provider, self.spent.tries + 1)
        known = await self.line.ledger.look(identity)
        if known is not None:
            return known
        prompt = fitted(
            self.prompt, most_tokens(self.provider, background=self.step.background), self.correction
        )
        if prompt is None:
            return self._denied(FailureKind.TOO_LARGE, "no form of the request fits the tokens of a minute")
        self.prompt = prompt
        size = Size(prompt_tokens(prompt, self.correction), prompt.max_tokens)
        admitted = await self._admitted(size)
        if not isinstance(admitted, Admitted):
            return admitted
        timeout_seconds = min(self.provider.timeout_seconds, max(ends_at - time.monotonic(), 0.0))
        request = ChatRequest(
            messages=(
                Message("system", prompt.system),
                Message("user", prompt.user),
                *self.correction,
            ),
            schema_name=prompt.schema_name,
            schema=strict_schema(prompt.schema_model),
            temperature=prompt.temperature,
            max_tokens=prompt.max_tokens,
        )
        recorded = await self.line.ledger.once(
            identity,
            timeout_seconds,
            lambda: complete(self.line.client, self.provider, request, timeout_seconds=timeout_seconds),
        )
        if isinstance(recorded, Recorded) and recorded.paid_now:
            await self.line.admission.settle(self.provider, admitted, recorded.outcome)
        else:
            await self.line.admission.give_back(self.provider, admitted)
        return recorded

    async def _admitted(self, size: Size) -> Admitted | Waiting | Failure:
        """Return the admission in hand, or one for a further call."""
        opening, self.opening = self.opening, Opening(patient=self.opening.patient)
        if opening.admitted is not None:
            return opening.admitted
        entry = await self.line.admission.enter(
            self.provider,
            size,
            within=HORIZON_SECONDS if opening.patient else NEAR_SECONDS,
            reservation=opening.reservation,
            background=self.step.background,
        )
        if isinstance(entry, Admitted):
            return entry
        if isinstance(entry, Reserved):
            return Waiting(datetime.fromtimestamp(entry.until, UTC), entry.reservation)
        if isinstance(entry, Later):
            if opening.patient:
                return Waiting(datetime.fromtimestamp(min(entry.until, _horizon(self.line)), UTC))
            return self._denied(FailureKind.RATE_LIMITED, "its next slot is too far away")
        return self._denied(FailureKind.RATE_LIMITED, entry.reason)

    def _denied(self, kind: FailureKind, detail: str) -> Failure:
        """Return why no further call is made: what the last one brought, or else this."""
        return self.failure or self._failure(ChatFailure(kind=kind, detail=detail))

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
                return Answer(value, self.provider.name, model, self.spent, self.prompt)
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


def _horizon(line: Line) -> float:
    return line.admission.now + HORIZON_SECONDS / 2


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
