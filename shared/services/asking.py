"""One turn of the provider chain, in terms of outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import BaseModel

from shared.clients import Clients
from shared.lessons.prompts.prompt import Prompt
from shared.llm.chain import next_provider, provider_named
from shared.llm.exchange import FailureKind
from shared.llm.ledger import CallLedger, InProgress
from shared.llm.structured import Answer, CallStep, Failure, ask, no_objections
from shared.models.inputs import ProviderTurn
from shared.models.outcomes import Deferred, Failed, Next
from shared.settings import ProviderSettings
from shared.telemetry import log

T = TypeVar("T", bound=BaseModel)

LOCAL = "local"
"""The turn after the last provider: what this app can do without a language model."""
REASON_LENGTH = 200


def provider_of(clients: Clients, turn: ProviderTurn) -> ProviderSettings | None:
    """Return the provider whose turn it is, or None when it is the local tier's."""
    providers = clients.settings.providers
    if turn.provider is None:
        return next_provider(providers, None)
    return provider_named(providers, turn.provider)


async def take_turn(
    clients: Clients,
    provider: ProviderSettings,
    prompt: Prompt[T],
    step: CallStep,
    refusal: str,
    objections: Callable[[T], Sequence[str]] = no_objections,
) -> Answer[T] | Deferred | Next | Failed:
    """Ask one provider; `objections` send a valid answer back once.

    A failure hands the turn on; a refusal, which fails with code `refusal`, is neither repeated nor shopped
    around.
    """
    ledger = CallLedger(clients.documents)
    answer = await ask(clients.http, ledger, provider, prompt, step, objections=objections)
    if isinstance(answer, InProgress):
        return Deferred(until=answer.until)
    if isinstance(answer, Failure):
        log("provider.failed", provider=provider.name, code=answer.kind.value, reason=answer.kind.value)
        if answer.kind is FailureKind.REFUSED:
            return Failed(code=refusal)
        following = next_provider(clients.settings.providers, provider.name)
        return Next(
            tried=provider.name,
            provider=following.name if following else LOCAL,
            reason=answer.reason[:REASON_LENGTH],
        )
    log(
        "provider.answered",
        provider=provider.name,
        cost_usd=answer.spent.cost_usd,
        seconds=answer.spent.seconds,
        count=answer.spent.tries,
    )
    return answer
