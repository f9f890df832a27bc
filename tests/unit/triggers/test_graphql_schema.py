"""The GraphQL schema's bounds and its errors, where no honest request reaches them."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import strawberry

from shared.models.graphql import GraphQLRequest
from triggers.graphql_schema import execution
from triggers.graphql_schema.limits import MAX_DEPTH, limits

SECRET = "what nobody may read"


@strawberry.type
class Chain:
    """As deep as one asks."""

    @strawberry.field
    def link(self) -> Chain:
        """Return the next one."""
        return Chain()


@strawberry.type
class Chains:
    """A schema that never ends."""

    @strawberry.field
    def link(self) -> Chain:
        """Return the first one."""
        return Chain()


@pytest.mark.parametrize(("depth", "refused"), [(MAX_DEPTH, False), (MAX_DEPTH + 1, True)])
def test_depth_is_bounded(depth: int, *, refused: bool) -> None:
    schema = strawberry.Schema(Chains, extensions=limits(development=True))
    query = "{ link " * depth + "{ __typename }" + " }" * depth
    result = schema.execute_sync(query)
    assert bool(result.errors) is refused
    assert not refused or "depth" in str(result.errors)


# What a GraphQL list that ends by itself is bounded by, and the page of each that does not.
WHOLE_OR_PAGED = {
    "getLessonsByModule": "lessonPage",
    "getLessonVersions": "lessonVersionPage",
    "roadmaps": "roadmapPage",
}


def test_every_list_pages() -> None:
    types = execution.schema(development=True)._schema.type_map
    for kind in ("LessonsQuery", "OnboardingQuery"):
        fields = types[kind].fields  # type: ignore[attr-defined]
        for name, field in fields.items():
            told = str(field.type)
            if told.startswith("["):
                assert WHOLE_OR_PAGED[name] in fields, name
            if told.endswith("Page!"):
                assert {"limit", "continuation"} <= set(field.args), name
                page = types[told.rstrip("!")].fields  # type: ignore[attr-defined]
                assert set(page) == {"items", "continuation"}, name


class Settings:
    """A deployed app's."""

    development = False


class Clients:
    """Nothing behind it: whatever touches it is a fault."""

    settings = Settings()

    @property
    def documents(self) -> None:
        raise RuntimeError(SECRET)


async def executed(query: str) -> dict[str, Any]:
    from shared.security.identity import Caller
    from triggers.graphql_schema.context import Context

    context = Context(Clients(), Caller("ada"), None, None)  # type: ignore[arg-type]
    return (await execution.execute(GraphQLRequest(query=query), context)).to_json()


async def test_a_deployed_app_does_not_tell_its_schema() -> None:
    answer = await executed("{ __schema { types { name } } }")
    assert answer["data"] is None
    assert "introspection" in str(answer["errors"]).casefold()
    guess = await executed("{ lessonss { getLessonById } }")
    assert "Cannot query field 'lessonss'" in str(guess["errors"])
    assert "Did you mean" not in str(guess["errors"])


async def test_a_fault_is_masked_in_answer_and_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await executed("{ onboarding { roadmaps { id } } }")
    [error] = answer["errors"]
    assert error["extensions"] == {"code": "internal_error", "status": 500}
    assert SECRET not in json.dumps(answer)
    assert SECRET not in caplog.text
    assert "RuntimeError in documents" in caplog.text
