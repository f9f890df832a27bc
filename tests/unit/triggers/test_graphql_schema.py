"""The GraphQL schema's bounds and its errors, where no honest request reaches them."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import strawberry

from shared.models.graphql import GraphQLRequest
from shared.models.views import ModuleView, RoadmapSummary
from triggers.graphql_schema import execution, types
from triggers.graphql_schema.limits import MAX_ALIASES, MAX_DEPTH, limits

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


@pytest.mark.parametrize(("depth", "refused"), [(MAX_DEPTH, False), (MAX_DEPTH + 1, True)])
@pytest.mark.parametrize(
    ("first", "step", "end"),
    [
        ("{ ", "__x: link { ", "__typename "),
        ("{ ", "... { link { ... @include(if: true) { __typename ", ""),
        ("{ ", "link { ...Two } } fragment Two on Chain { ", "__typename "),
    ],
    ids=["an alias like introspection", "inline fragments", "fragments"],
)
def test_nothing_hides_the_depth(first: str, step: str, end: str, depth: int, *, refused: bool) -> None:
    document = first
    for number in range(depth):
        document += step.replace("Two", f"F{number}")
    document += end
    document += "}" * (document.count("{") - document.count("}"))
    schema = strawberry.Schema(Chains, extensions=limits(development=True))
    result = schema.execute_sync(document)
    assert bool(result.errors) is refused, result.errors
    assert not refused or "depth" in str(result.errors)


def spread_twice(fragments: int, held: str) -> str:
    """Return fragments, each spread twice by the one before it."""
    document = "{ ...F0 } "
    for number in range(fragments):
        document += f"fragment F{number} on Query {{ {held} ...F{number + 1} ...F{number + 1} }} "
    return f"{document} fragment F{fragments} on Query {{ __typename }}"


@pytest.mark.timeout(20)
async def test_fragments_that_multiply_cost_no_time() -> None:
    answer = await executed(spread_twice(80, ""))
    assert answer == {"data": {"__typename": "Query"}, "errors": None}


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("fragments", "refused"), [(3, False), (4, False), (5, True), (60, True)])
async def test_aliases_count_wherever_their_fragment_is_spread(fragments: int, *, refused: bool) -> None:
    answer = await executed(spread_twice(fragments, "a: __typename"))
    assert bool(answer["errors"]) is refused
    if refused:
        told = f"There are {2**fragments - 1} aliases; at most {MAX_ALIASES} are served."
        assert [error["message"] for error in answer["errors"]] == [told]


# What a GraphQL list that ends by itself is bounded by, and the page of each that does not.
WHOLE_OR_PAGED = {
    "getLessonsByModule": "lessonPage",
    "getLessonVersions": "lessonVersionPage",
    "roadmaps": "roadmapPage",
}


def test_every_list_pages() -> None:
    types = execution.schema(development=True)._schema.type_map
    paged = set()
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
                paged.add(name)
    assert paged == {*WHOLE_OR_PAGED.values(), "libraryPage"}


class Settings:
    """A deployed app's."""

    development = False


class Clients:
    """Nothing behind it: whatever touches it is a fault."""

    settings = Settings()

    @property
    def documents(self) -> None:
        raise RuntimeError(SECRET)


async def executed(query: str, **variables: Any) -> dict[str, Any]:
    from shared.security.identity import Caller
    from triggers.graphql_schema.context import Context

    context = Context(Clients(), Caller("ada"), None, None)  # type: ignore[arg-type]
    return (await execution.execute(GraphQLRequest(query=query, variables=variables), context)).to_json()


async def test_a_deployed_app_does_not_tell_its_schema() -> None:
    answer = await executed("{ __schema { types { name } } }")
    assert answer["data"] is None
    assert "introspection" in str(answer["errors"]).casefold()
    guess = await executed("{ lessonss { getLessonById } }")
    assert "Cannot query field 'lessonss'" in str(guess["errors"])
    assert "Did you mean" not in str(guess["errors"])


LIMITED = "query Some($limit: Int!) { onboarding { roadmaps(limit: $limit) { id } } }"
CREATED = "mutation New($input: CreateRoadmapInput!) { onboarding { createRoadmap(input: $input) { id } } }"


@pytest.mark.parametrize(
    ("query", "variables", "says"),
    [
        (LIMITED, {}, "'$limit'"),
        (LIMITED, {"limit": None}, "'$limit'"),
        (LIMITED, {"limit": "many"}, "non-integer value: 'many'"),
        (LIMITED, {"limit": 2**40}, "1099511627776"),
        (CREATED, {"input": {"goal": 7}}, "String cannot represent a non string value: 7"),
        (CREATED, {"input": {}}, "required field 'goal'"),
        (CREATED, {"input": {"goal": "Learn Python", "goall": 1}}, "'goall'"),
        (CREATED, {"input": {"goal": "Learn Python", "weeklyHours": 10**400}}, "weeklyHours"),
        (CREATED, {"input": {"goal": "Learn Python", "\ud800": 1}}, "unknown field"),
        ("{ ...Nowhere }", {}, "Unknown fragment 'Nowhere'."),
        (f"{{ onboarding {{ roadmaps(limit: {10**400}) {{ id }} }} }}", {}, "Int cannot represent"),
        (f"{{ onboarding {{ roadmaps(limit: {'9' * 5000}) {{ id }} }} }}", {}, execution.UNREADABLE_VALUE),
    ],
)
async def test_what_is_wrong_with_a_request_is_never_masked(
    query: str, variables: dict[str, Any], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="skillsync"):
        answer = await executed(query, **variables)
    assert answer["data"] is None
    [error] = answer["errors"]
    assert says in error["message"]
    assert error["extensions"] == {"code": "invalid_request"}
    assert "Did you mean" not in error["message"]
    assert caplog.text == "", "no fault of ours"


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("pending", "pending"),
        ("generating", "in_progress"),
        ("completed", "completed"),
        ("failed", "failed"),
        ("canceled", "failed"),
    ],
)
def test_a_status_is_told_in_the_words_of_the_first_front_end(status: str, told: str) -> None:
    lesson: dict[str, Any] = {
        **dict.fromkeys(("id", "module_id", "title", "description"), "x"),
        "order": 1,
        "objectives": [],
        "estimated_minutes": 20,
        "learning_style": "mixed",
        "generation_status": status,
        "generation_error": None,
        "version": None,
    }
    module = {
        **dict.fromkeys(("module_id", "title", "description"), "x"),
        "order": 1,
        "hours": 1.0,
        "status": status,
        "error": None,
        "resources": [],
        "lessons": [lesson],
    }
    roadmap: dict[str, Any] = {
        **dict.fromkeys(("roadmap_id", "goal", "subject", "focus", "total_duration"), "x"),
        "status": status,
        "tier": None,
        "progress": {},
        **dict.fromkeys(("created_at", "updated_at"), "2026-01-01T00:00:00Z"),
    }
    shown = types.Module.of(ModuleView.model_validate(module))
    assert (shown.status, shown.lessons[0].generation_status) == (told, told)
    assert types.Roadmap.listed(RoadmapSummary.model_validate(roadmap)).status == told


@pytest.mark.timeout(20)
def test_blanks_in_what_an_error_quotes_cost_no_time() -> None:
    message = "Unknown" + " " * 300_000 + "field. Did you mean 'goal'?"
    assert execution._guess.sub("", message).endswith("field.")


async def test_a_callers_alias_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        answer = await executed('{ lessons { mine: getLessonById(lessonId: "none") { id } } }')
    [error] = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["lessons", "mine"], "not_found")
    assert "graphql/getLessonById" in caplog.text
    assert "mine" not in caplog.text


async def test_a_fault_is_masked_in_answer_and_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await executed("{ onboarding { roadmaps { id } } }")
    [error] = answer["errors"]
    assert error["extensions"] == {"code": "internal_error", "status": 500}
    assert SECRET not in json.dumps(answer)
    assert SECRET not in caplog.text
    assert "RuntimeError < test_graphql_schema.py:" in caplog.text
