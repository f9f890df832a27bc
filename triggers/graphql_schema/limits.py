"""What a GraphQL document may ask for: bounds that honest front ends never reach."""

from __future__ import annotations

from typing import Any

from strawberry.extensions import (
    DisableIntrospection,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    QueryDepthLimiter,
)

MAX_DEPTH = 8
"""The deepest honest query, a roadmap's modules' lessons, has 5 levels; a tool's introspection has 13."""
MAX_ALIASES = 15
"""Each alias may be a generation: more of them are work for a batch."""
MAX_TOKENS = 1_000


def limits(*, development: bool) -> list[Any]:
    """Return the schema's extensions; only a developer's machine tells what the schema holds."""
    bounded = [
        lambda: MaxAliasesLimiter(max_alias_count=MAX_ALIASES),
        lambda: MaxTokensLimiter(max_token_count=MAX_TOKENS),
        lambda: QueryDepthLimiter(max_depth=MAX_DEPTH, should_ignore=_is_introspection),
    ]
    return bounded if development else [*bounded, DisableIntrospection]


def _is_introspection(node: Any) -> bool:
    """Leave introspection, which is refused or allowed as a whole, out of the depth."""
    return bool(node.field_name.startswith("__"))
