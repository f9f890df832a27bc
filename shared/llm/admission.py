"""Admission: what a paid call must hold before it leaves, and what is counted when it has ended.

A slot of the provider's limiter and a place in the budgets, in this order: a slot that is not used is given
back, and money is never reserved while a call only waits.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import PreconditionFailed, StoreError
from shared.llm.breaker import Breaker, CallEnd
from shared.llm.chain import estimate_cost_usd
from shared.llm.exchange import ChatFailure, ChatReply, FailureKind
from shared.llm.limiter import HORIZON_SECONDS, Closed, Granted, Later, Limiter, Reserved
from shared.llm.usage import Budgets, Charge, OverBudget
from shared.settings import ProviderSettings
from shared.telemetry import log, log_fault

CONTENTION_SECONDS = 3.0
"""After so long one asks again when the provider's document was written too often at once."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The call may leave now."""

    slot: Granted
    charge: Charge


@dataclass(frozen=True, slots=True)
class Size:
    """What a call takes at most, in tokens."""

    prompt_tokens: int
    max_tokens: int

    @property
    def tokens(self) -> int:
        """Both together, which is what providers count against the limit of a minute."""
        return self.prompt_tokens + self.max_tokens


class Admission:
    """Lets the calls of one step pass, and charges them to one learner's pseudonym."""

    def __init__(self, limiter: Limiter, budgets: Budgets, learner: str) -> None:
        self._limiter = limiter
        self._budgets = budgets
        self._learner = learner

    @property
    def now(self) -> float:
        """The present moment in epoch seconds."""
        return self._limiter.now

    async def enter(
        self,
        provider: ProviderSettings,
        size: Size,
        *,
        within: float = HORIZON_SECONDS,
        reservation: str | None = None,
        background: bool = False,
    ) -> Admitted | Reserved | Later | Closed | OverBudget:
        """Ask for everything that a call must hold; see Limiter.enter."""
        try:
            slot = await self._limiter.enter(
                provider, size.tokens, within=within, reservation=reservation, background=background
            )
        except PreconditionFailed:
            return Later(self.now + CONTENTION_SECONDS)
        if not isinstance(slot, Granted):
            return slot
        price = estimate_cost_usd(provider, size.prompt_tokens, size.max_tokens)
        charge = await self._budgets.reserve(price, self._learner)
        if isinstance(charge, OverBudget):
            await self._limiter.release(provider, slot)
            return charge
        return Admitted(slot, charge)

    async def settle(
        self, provider: ProviderSettings, admitted: Admitted, outcome: ChatReply | ChatFailure
    ) -> None:
        """Count a call that was made. A count that cannot be written is logged and costs no answer."""
        try:
            await self._budgets.settle(admitted.charge, provider.name, outcome)
            before, breaker = await self._limiter.settle(
                provider, admitted.slot, _used_tokens(outcome), _end(outcome)
            )
        except StoreError as error:
            log_fault("provider.not_counted", error, provider=provider.name)
            return
        _tell(provider, before, breaker, self.now)

    async def give_back(self, provider: ProviderSettings, admitted: Admitted) -> None:
        """Undo an admission whose call was not made."""
        await self._limiter.release(provider, admitted.slot)
        await self._budgets.give_back(admitted.charge)


def _used_tokens(outcome: ChatReply | ChatFailure) -> int | None:
    """Return what a call used; None when the provider did not say, so that the estimate stands."""
    if isinstance(outcome, ChatFailure) and outcome.kind in _NOTHING_USED:
        return 0
    return (outcome.usage.prompt_tokens + outcome.usage.completion_tokens) or None


_NOTHING_USED: Sequence[FailureKind] = (
    FailureKind.AUTH,
    FailureKind.PAYMENT,
    FailureKind.MODEL_GONE,
    FailureKind.TOO_LARGE,
    FailureKind.CONNECTION,
)


def _end(outcome: ChatReply | ChatFailure) -> CallEnd:
    if isinstance(outcome, ChatReply):
        return CallEnd(None)
    return CallEnd(outcome.kind, outcome.per_day, outcome.retry_after)


def _tell(provider: ProviderSettings, before: Breaker, breaker: Breaker, now: float) -> None:
    """Tell operators when the breaker opens, is opened for another reason, or closes."""
    if breaker.reason and (breaker.reason, breaker.open_until) != (before.reason, before.open_until):
        seconds = round(breaker.open_until - now, 1)
        log(
            "provider.opened",
            logging.WARNING,
            provider=provider.name,
            code=breaker.reason,
            count=breaker.failures,
            seconds=seconds,
        )
    elif before.reason and not breaker.reason:
        log("provider.closed", provider=provider.name, code=before.reason)
