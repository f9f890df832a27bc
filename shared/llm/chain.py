"""The order in which providers are tried, and what a call costs there."""

from __future__ import annotations

from collections.abc import Sequence

from shared.settings import ProviderSettings


def next_provider(providers: Sequence[ProviderSettings], after: str | None) -> ProviderSettings | None:
    """Return the provider that follows `after` in the chain, the first for None, None at its end.

    A name that is not in the chain (a setting has changed meanwhile) counts as its end, so that a run never
    goes round in circles.
    """
    if after is None:
        return providers[0] if providers else None
    names = [provider.name for provider in providers]
    if after not in names:
        return None
    following = names.index(after) + 1
    return providers[following] if following < len(providers) else None


def provider_named(providers: Sequence[ProviderSettings], name: str) -> ProviderSettings | None:
    """Return the provider of that name, or None when it is not (any more) in the chain."""
    return next((provider for provider in providers if provider.name == name), None)


def estimate_cost_usd(provider: ProviderSettings, prompt_tokens: int, completion_tokens: int) -> float:
    """Return the price of that many tokens in USD, from the provider's prices per million tokens."""
    return (prompt_tokens * provider.price_in + completion_tokens * provider.price_out) / 1_000_000
