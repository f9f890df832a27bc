"""What a GraphQL document may ask for: bounds that honest front ends never reach."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)
from strawberry.extensions import AddValidationRules, DisableIntrospection, MaxTokensLimiter

MAX_DEPTH = 8
"""The deepest honest query, a roadmap's modules' lessons, has 5 levels; a tool's introspection has 13."""
MAX_ALIASES = 15
"""Each alias may be a generation: more of them are work for a batch."""
MAX_TOKENS = 1_000


def limits(*, development: bool) -> list[Any]:
    """Return the schema's extensions; only a developer's machine tells what the schema holds."""
    bounded = [
        lambda: AddValidationRules([_Bounds]),
        lambda: MaxTokensLimiter(max_token_count=MAX_TOKENS),
    ]
    return bounded if development else [*bounded, DisableIntrospection]


class _Size(NamedTuple):
    """How deep a selection goes, and how many aliases it has."""

    depth: int = 0
    aliases: int = 0


class _Bounds(ValidationRule):
    """Bounds depth and aliases of an operation; what a fragment holds counts wherever it is spread.

    Each fragment is measured once. The limiters of strawberry walk through it again at every spread: forty
    fragments, each spread twice by the one before it, would keep them busy for hours.
    """

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._fragments = {
            one.name.value: one
            for one in context.document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        self._measured: dict[str, _Size] = {}

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Report an operation that is beyond the bounds."""
        size = self._size(node.selection_set)
        if size.depth > MAX_DEPTH:
            told = f"The depth is {size.depth}; at most {MAX_DEPTH} is served."
            self.report_error(GraphQLError(told, node))
        if size.aliases > MAX_ALIASES:
            told = f"There are {size.aliases} aliases; at most {MAX_ALIASES} are served."
            self.report_error(GraphQLError(told, node))

    def _size(self, selected: SelectionSetNode) -> _Size:
        sizes = [self._size_of(one) for one in selected.selections]
        return _Size(max((one.depth for one in sizes), default=0), sum(one.aliases for one in sizes))

    def _size_of(self, one: SelectionNode) -> _Size:
        if isinstance(one, FragmentSpreadNode):
            return self._size_of_fragment(one.name.value)
        if not isinstance(one, FieldNode):
            return self._size(cast("InlineFragmentNode", one).selection_set)
        inner = self._size(one.selection_set) if one.selection_set else _Size(depth=-1)
        # Introspection is refused or allowed as a whole; an alias that looks like it is none.
        depth = 0 if one.name.value.startswith("__") else inner.depth + 1
        return _Size(depth, inner.aliases + (one.alias is not None))

    def _size_of_fragment(self, name: str) -> _Size:
        """Return the size of a fragment; none, or one that holds itself, is refused elsewhere."""
        if name not in self._measured:
            self._measured[name] = _Size()
            fragment = self._fragments.get(name)
            if fragment is not None:
                self._measured[name] = self._size(fragment.selection_set)
        return self._measured[name]
