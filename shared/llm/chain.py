"""The order in which providers are tried, and what a call costs there."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shared.settings import ProviderSettings


def left_in_chain(
    providers: Sequence[ProviderSettings], tried: Collection[str]
) -> tuple[ProviderSettings, ...]:
    """Return the providers that were not tried yet, in the order of the chain."""
    return tuple(provider for provider in providers if provider.name not in tried)


def provider_named(providers: Sequence[ProviderSettings], name: str) -> ProviderSettings | None:
    """Return the provider of that name, or None when it is not (any more) in the chain."""
    return next((provider for provider in providers if provider.name == name), None)


def estimate_cost_usd(provider: ProviderSettings, prompt_tokens: int, completion_tokens: int) -> float:
    """Return the price of that many tokens in USD, from the provider's prices per million tokens."""
    return (prompt_tokens * provider.price_in + completion_tokens * provider.price_out) / 1_000_000
