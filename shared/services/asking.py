"""One turn of the provider chain, in terms of outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel

from shared.clients import Clients
from shared.lessons.prompts.prompt import Prompt
from shared.llm.admission import Admission
from shared.llm.chain import left_in_chain, provider_named
from shared.llm.exchange import FailureKind
from shared.llm.ledger import CallLedger, CallRecord, InProgress, LearnerCallRecord
from shared.llm.limiter import Limiter
from shared.llm.router import Nobody, Router, reservation_at
from shared.llm.structured import Answer, CallStep, Failure, Line, Waiting, ask, no_objections
from shared.llm.usage import Budgets
from shared.models.inputs import ProviderTurn
from shared.models.library import ProviderFallback
from shared.models.outcomes import Deferred, Failed, Next, Skipped
from shared.settings import ProviderSettings
from shared.telemetry import log

T = TypeVar("T", bound=BaseModel)

LOCAL = "local"
"""The turn after the last provider: what this app can do without a language model."""
REASON_LENGTH = 200


def provider_of(clients: Clients, turn: ProviderTurn) -> ProviderSettings | None:
    """Return a provider that this turn may go to, or None when it is the local tier's."""
    providers = clients.settings.providers
    if turn.provider is None:
        return providers[0] if providers else None
    return provider_named(providers, turn.provider)


def limiter_of(clients: Clients) -> Limiter:
    """Return the limiter of these clients: one per process, since it knows what it last wrote."""
    return Limiter(clients.documents)


async def take_turn(
    clients: Clients,
    turn: ProviderTurn,
    prompt: Prompt[T],
    step: CallStep,
    refusal: str,
    objections: Callable[[T], Sequence[str]] = no_objections,
) -> Answer[T] | Deferred | Next | Failed:
    """Ask the provider that the router chooses among those not tried yet.

    `objections` send a valid answer back once. A failure hands the turn on; a refusal, which fails with code
    `refusal`, is neither repeated nor shopped around. The answer says who was passed over and why.
    """
    tried = {fallback.provider for fallback in turn.fallbacks}
    candidates = left_in_chain(clients.settings.providers, tried)
    if not candidates:
        # The settings have changed while this turn was on its way.
        return Next(tried=turn.provider or LOCAL, provider=LOCAL, reason="it is no longer in the chain")
    ledger = CallLedger(clients.documents, LearnerCallRecord if step.own_words else CallRecord)
    admission = Admission(
        clients.kept(limiter_of), Budgets(clients.documents, clients.settings), step.learner
    )
    choice = await Router(ledger, admission).choose(candidates, prompt, step, turn.reservation)
    if isinstance(choice, Waiting):
        log("provider.waiting", count=len(candidates))
        return Deferred(until=choice.until, reservation=choice.reservation)
    if isinstance(choice, Nobody):
        return _handed_to_local(choice.passed_over)
    provider = choice.provider
    line = Line(clients.http, ledger, admission)
    answer = await ask(line, provider, prompt, step, choice.opening, objections=objections)
    if isinstance(answer, Waiting):
        return Deferred(until=answer.until, reservation=reservation_at(provider, answer))
    if isinstance(answer, InProgress):
        return Deferred(until=answer.until)
    if isinstance(answer, Failure):
        log("provider.failed", provider=provider.name, code=answer.kind.value, reason=answer.kind.value)
        if answer.kind is FailureKind.REFUSED:
            return Failed(code=refusal)
        following = [one for one in candidates if one is not provider]
        return Next(
            tried=provider.name,
            provider=following[0].name if following else LOCAL,
            reason=answer.reason[:REASON_LENGTH],
        )
    log(
        "provider.answered",
        provider=provider.name,
        cost_usd=answer.spent.cost_usd,
        seconds=answer.spent.seconds,
        count=answer.spent.tries,
    )
    return replace(answer, passed_over=choice.passed_over)


def _handed_to_local(passed_over: Sequence[ProviderFallback]) -> Next:
    first, *rest = passed_over
    for one in passed_over:
        log("provider.passed_over", provider=one.provider, reason=one.reason)
    return Next(
        tried=first.provider,
        provider=LOCAL,
        reason=first.reason[:REASON_LENGTH],
        skipped=[Skipped(provider=one.provider, reason=one.reason) for one in rest] or None,
    )
