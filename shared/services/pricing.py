"""What a roadmap will cost, said before it is begun."""

from __future__ import annotations

from collections.abc import Sequence

from shared.llm.chain import estimate_cost_usd
from shared.settings import ProviderSettings

# Tokens of one call, read off the templates and the schemas; the ledger has what was really paid.
PLAN_TOKENS = (900, 1_600)
OUTLINE_TOKENS = (1_200, 1_100)
TYPICAL_MODULES = 8


def estimate_roadmap_cost_usd(providers: Sequence[ProviderSettings]) -> float:
    """Return the price of a typical skeleton at the first provider of the chain; 0 when there is none."""
    if not providers:
        return 0.0
    plan = estimate_cost_usd(providers[0], *PLAN_TOKENS)
    outlines = TYPICAL_MODULES * estimate_cost_usd(providers[0], *OUTLINE_TOKENS)
    return round(plan + outlines, 6)
