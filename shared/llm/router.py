"""The router: which provider of the chain is asked now.

The order of the chain, except that a provider is passed over while its next slot is further away than a
later one's by more than a threshold; so the throughput is the sum of all limits. A provider whose breaker is
open, or whose minute could never hold the request, is skipped. A step that was begun at a provider goes on
there: its call may be paid for already. A step in the background takes the first slot that is free now, and
else waits without a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import BaseModel

from shared.lessons.prompts.prompt import Prompt
from shared.llm.admission import Admission, Admitted, Size
from shared.llm.ledger import CallLedger
from shared.llm.limiter import HORIZON_SECONDS, NEAR_SECONDS, Closed, Later, Reserved
from shared.llm.sizing import fitted, most_tokens, prompt_tokens
from shared.llm.structured import CallStep, Opening, Waiting
from shared.llm.usage import OverBudget
from shared.llm.window import background_share
from shared.models.library import ProviderFallback
from shared.settings import ProviderSettings

T = TypeVar("T", bound=BaseModel)

Entry = Admitted | Reserved | Later | Closed | OverBudget

THRESHOLD_SECONDS = NEAR_SECONDS
"""So much sooner a later provider must be free for one that comes earlier in the chain to be passed over."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Ask this provider; `passed_over` says who comes earlier in the chain and why they were not asked."""

    provider: ProviderSettings
    opening: Opening
    passed_over: tuple[ProviderFallback, ...] = ()


@dataclass(frozen=True, slots=True)
class Nobody:
    """No provider can be asked; `passed_over` says why for each, and is never empty."""

    passed_over: tuple[ProviderFallback, ...]


class Router:
    """Chooses among the providers that a step has not tried yet."""

    def __init__(self, ledger: CallLedger, admission: Admission) -> None:
        self._ledger = ledger
        self._admission = admission

    async def choose(
        self,
        candidates: Sequence[ProviderSettings],
        prompt: Prompt[T],
        step: CallStep,
        reservation: str | None = None,
    ) -> Choice | Waiting | Nobody:
        """Choose one of at least one candidates; `reservation` is what an earlier Waiting held."""
        reserved_at, _, reservation_id = (reservation or "").partition(":")
        for provider in candidates:
            if await self._ledger.look(step.call(provider, 1)) is not None:
                kept = reservation_id if provider.name == reserved_at else None
                patient = step.background or len(candidates) == 1
                return Choice(provider, Opening(reservation=kept, patient=patient))
        search = _Search(self._admission, list(candidates), prompt, background=step.background)
        reserved = next((one for one in candidates if one.name == reserved_at), None)
        if reserved is not None:
            found = await search.redeem(reserved, reservation_id)
            if found is not None:
                return found
        return await search.find()


def reservation_at(provider: ProviderSettings, waiting: Waiting) -> str | None:
    """Return a reservation as it travels through the orchestrator: with the provider's name."""
    return f"{provider.name}:{waiting.reservation}" if waiting.reservation else None


class _Search:
    """One choice: who is left, and why others are not asked."""

    def __init__(
        self,
        admission: Admission,
        candidates: list[ProviderSettings],
        prompt: Prompt[T],
        *,
        background: bool,
    ) -> None:
        self._admission = admission
        self._candidates = candidates
        self._background = background
        self._reasons: dict[str, str] = {}
        self._sizes: dict[str, Size] = {}
        for provider in candidates:
            most = most_tokens(provider, background=background)
            form = fitted(prompt, most)
            if background and background_share(provider.requests_per_minute) == 0:
                self._reasons[provider.name] = "busy: its requests of a minute are kept for who waits"
            elif form is None:
                self._reasons[provider.name] = f"too_large: a minute holds {most} tokens"
            else:
                self._sizes[provider.name] = Size(prompt_tokens(form), form.max_tokens)

    @property
    def _open(self) -> list[ProviderSettings]:
        return [one for one in self._candidates if one.name not in self._reasons]

    async def redeem(self, provider: ProviderSettings, reservation: str) -> Choice | Waiting | Nobody | None:
        """Go on at the provider that has a place for us; None when it is not to be asked any more."""
        if provider.name in self._reasons:
            return None
        entry = await self._enter(provider, reservation=reservation)
        return self._outcome(provider, entry)

    async def find(self) -> Choice | Waiting | Nobody:
        """Take the first near slot in the order of the chain, else the one that the rule prefers."""
        while True:
            until: dict[str, float] = {}
            for provider in self._open:
                entry = await self._enter(provider, within=THRESHOLD_SECONDS)
                if isinstance(entry, Later):
                    until[provider.name] = entry.until
                elif (found := self._outcome(provider, entry)) is not None:
                    return found
            if not until:
                return Nobody(self._passed_over(self._candidates))
            if self._background:
                return Waiting(datetime.fromtimestamp(min(until.values()), UTC))
            provider = self._preferred(until)
            entry = await self._enter(provider)
            if isinstance(entry, Later):
                again = min(entry.until, self._admission.now + HORIZON_SECONDS / 2)
                return Waiting(datetime.fromtimestamp(again, UTC))
            if (found := self._outcome(provider, entry)) is not None:
                return found

    async def _enter(
        self,
        provider: ProviderSettings,
        *,
        within: float = HORIZON_SECONDS,
        reservation: str | None = None,
    ) -> Entry:
        return await self._admission.enter(
            provider,
            self._sizes[provider.name],
            within=within,
            reservation=reservation,
            background=self._background,
        )

    def _outcome(self, provider: ProviderSettings, entry: Entry) -> Choice | Waiting | Nobody | None:
        """Turn an entry into a choice; None when one has to look further."""
        if isinstance(entry, Admitted):
            others = [one for one in self._open if one is not provider]
            before = self._candidates[: self._candidates.index(provider)]
            opening = Opening(admitted=entry, patient=self._background or not others)
            return Choice(provider, opening, self._passed_over(before))
        if isinstance(entry, Reserved):
            return Waiting(datetime.fromtimestamp(entry.until, UTC), f"{provider.name}:{entry.reservation}")
        if isinstance(entry, OverBudget):
            return Nobody((ProviderFallback(provider=provider.name, reason=entry.reason),))
        if isinstance(entry, Closed):
            until = datetime.fromtimestamp(entry.until, UTC)
            self._reasons[provider.name] = f"open: {entry.reason} until {until:%Y-%m-%dT%H:%M:%SZ}"
        return None

    def _preferred(self, until: dict[str, float]) -> ProviderSettings:
        """Return the first whose slot no later one's undercuts by more than the threshold."""
        open_ones = [one for one in self._open if one.name in until]
        for number, provider in enumerate(open_ones):
            later = [until[one.name] for one in open_ones[number + 1 :]]
            if not later or until[provider.name] <= min(later) + THRESHOLD_SECONDS:
                return provider
        raise AssertionError("the last one has no later one")

    def _passed_over(self, providers: Sequence[ProviderSettings]) -> tuple[ProviderFallback, ...]:
        busy = "busy: a later provider was free sooner"
        return tuple(
            ProviderFallback(provider=one.name, reason=self._reasons.get(one.name, busy)) for one in providers
        )
