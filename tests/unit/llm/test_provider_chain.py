"""The plain order of providers, and prices."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.llm.chain import estimate_cost_usd, left_in_chain, provider_named
from shared.settings import ProviderSettings


@pytest.fixture
def chain(settings_for: Callable[..., ProviderSettings]) -> tuple[ProviderSettings, ...]:
    return tuple(settings_for("http://127.0.0.1:9/v1", name=name) for name in ("first", "second", "third"))


def test_whoever_was_not_tried_is_left(chain: tuple[ProviderSettings, ...]) -> None:
    assert left_in_chain(chain, ()) == chain
    assert left_in_chain(chain, {"second", "removed meanwhile"}) == (chain[0], chain[2])
    assert left_in_chain(chain, {"first", "second", "third"}) == ()


def test_a_provider_is_found_by_its_name(chain: tuple[ProviderSettings, ...]) -> None:
    assert provider_named(chain, "second") is chain[1]
    assert provider_named(chain, "none") is None


def test_prices_are_per_million_tokens(settings_for: Callable[..., ProviderSettings]) -> None:
    provider = settings_for("http://127.0.0.1:9/v1", price_in=0.27, price_out=0.41)
    assert estimate_cost_usd(provider, 1_000_000, 0) == pytest.approx(0.27)
    assert estimate_cost_usd(provider, 2_000, 1_000) == pytest.approx(0.00095)
