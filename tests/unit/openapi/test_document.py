"""The OpenAPI document describes what is served, all of it, in schemas that its own examples fit."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis

from tests.support.access_rows import ROWS
from tests.support.function_table import ROOT, api_description, endpoint_rows, http_triggers
from triggers.endpoints import model_named
from triggers.openapi.parameters import parameters_of, path_of
from triggers.problems import PROBLEMS

METHODS = ("get", "post", "put", "delete")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = api_description()["document"]
    return found


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations by their ids."""
    return {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
    }


def examples(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Give (place, schema, example) of every example."""
    for name, operation in operations(document).items():
        for parameter in operation.get("parameters", []):
            if "example" in parameter:
                yield f"{name} {parameter['name']}", parameter["schema"], parameter["example"]
        contents = {"body": operation.get("requestBody", {}).get("content", {})}
        contents |= {
            status: response.get("content", {}) for status, response in operation["responses"].items()
        }
        for place, content in contents.items():
            for media in content.values():
                if "example" in media:
                    yield f"{name} {place}", media["schema"], media["example"]
                for code, example in media.get("examples", {}).items():
                    yield f"{name} {place} {code}", media["schema"], example["value"]


def test_it_is_a_valid_openapi_document(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(document).validate()


def test_it_describes_what_is_served_and_nothing_else(document: dict[str, Any]) -> None:
    described = {
        (operation["operationId"], method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    served = {
        (name, str(method).upper(), path_of(trigger["route"]))
        for name, trigger in http_triggers().items()
        for method in trigger["methods"]
    }
    assert described == served
    assert document["servers"] == [{"url": "/api"}]


def test_every_operation_is_told_in_words(document: dict[str, Any]) -> None:
    groups = {tag["name"] for tag in document["tags"]}
    for name, operation in operations(document).items():
        assert re.fullmatch(r"[A-Z].{10,110}\.", operation["summary"]), name
        assert set(operation["tags"]) <= groups
    assert {tag for one in operations(document).values() for tag in one["tags"]} == groups


def test_every_operation_says_what_a_caller_must_bring(document: dict[str, Any]) -> None:
    needs: dict[str, list[dict[str, list[str]]]] = {
        "open": [],
        "learner": [{"bearer": []}],
        "mentor": [{"bearer": ["mentor"]}],
        "admin": [{"bearer": ["admin"]}],
        "function_key": [{"functionKey": []}],
    }
    for name, operation in operations(document).items():
        assert operation["security"] == needs[endpoint_rows()[name]["access"]], name
    assert set(document["components"]["securitySchemes"]) == {"bearer", "functionKey"}


def test_every_problem_that_can_befall_an_operation_has_its_status_and_code(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        row, codes = endpoint_rows()[name], set()
        for status, response in operation["responses"].items():
            problem = response.get("content", {}).get("application/problem+json")
            for code in problem["examples"] if problem else ():
                assert PROBLEMS[code].status.value == int(status), (name, code)
                codes.add(code)
        assert {*row["problems"], "internal_error"} <= codes, name
        if row["access"] in {"learner", "mentor", "admin"}:
            assert {"unauthenticated", "invalid_token", "identity_unavailable"} <= codes, name
        if row["access"] in {"mentor", "admin"}:
            assert "forbidden" in codes, name
        if row["body"]:
            assert {"invalid_json", "body_too_large", "invalid_request"} <= codes, name
        if "{id:" in row["route"] or "{key:" in row["route"]:
            assert "not_found" in codes, name


def test_every_code_can_befall_some_operation(document: dict[str, Any]) -> None:
    named = {place.split()[-1] for place, _, _ in examples(document)}
    assert set(PROBLEMS) <= named


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    found = list(examples(document))
    assert len(found) > 100
    for place, schema, example in found:
        whole = {**schema, "components": document["components"]}
        errors = [error.message for error in jsonschema_rs.iter_errors(whole, example)]
        assert errors == [], place


def test_what_does_not_fit_would_be_noticed(document: dict[str, Any]) -> None:
    schema = operations(document)["get_roadmap"]["responses"]["200"]["content"]["application/json"]["schema"]
    whole = {**schema, "components": document["components"]}
    _, _, example = next(one for one in examples(document) if one[0] == "get_roadmap 200")
    for bad in ({**example, "extra": 1}, {**example, "status": "odd"}, {"roadmap_id": "x"}):
        assert not jsonschema_rs.is_valid(whole, bad)


HOURS_TWICE = {"goal": "Learn Python", "weekly_hours": 5, "time_commitment": "3-5"}


@pytest.mark.parametrize(
    ("model", "body", "fits"),
    [
        ("requests.RoadmapRequest", HOURS_TWICE, False),
        ("requests.RoadmapRequest", {**HOURS_TWICE, "time_commitment": ""}, False),
        ("requests.RoadmapRequest", {**HOURS_TWICE, "weekly_hours": None}, True),
        ("requests.RoadmapRequest", {**HOURS_TWICE, "time_commitment": None}, True),
        ("dead_letters.RedriveRequest", {}, False),
        ("dead_letters.RedriveRequest", {"all": False}, False),
        ("dead_letters.RedriveRequest", {"sequence_numbers": []}, False),
        ("dead_letters.RedriveRequest", {"sequence_numbers": [7], "all": True}, False),
        ("dead_letters.RedriveRequest", {"sequence_numbers": [7], "all": False}, True),
        ("dead_letters.RedriveRequest", {"sequence_numbers": [], "all": True}, True),
    ],
)
def test_what_goes_together_is_described(
    document: dict[str, Any], model: str, body: dict[str, Any], *, fits: bool
) -> None:
    schema = {
        "$ref": f"#/components/schemas/{model.rpartition('.')[2]}",
        "components": document["components"],
    }
    assert jsonschema_rs.is_valid(schema, body) is fits
    try:
        model_named(model).model_validate(body)
    except ValueError:
        assert not fits
    else:
        assert fits


def test_every_json_answer_and_body_has_an_example(document: dict[str, Any]) -> None:
    """Missing ones are recorded by `make api-examples`."""
    places = {place for place, _, _ in examples(document)}
    for name, row in ROWS.items():
        operation = operations(document)[name]
        if "requestBody" in operation:
            assert f"{name} body" in places, "run `make api-examples`"
        answer = operation["responses"][str(row.status)].get("content", {}).get("application/json")
        if row.status < 300 and answer and "$ref" in answer["schema"]:
            assert f"{name} {row.status}" in places, "run `make api-examples`"


# Lists that are part of one thing, and bounded by how it is made.
PARTS_OF_ONE_THING = {
    "objectives",
    "alternatives",
    "modules",
    "sources_found",
    "source_attribution",
    "providers",
    "models",
    "regenerated",
    "costs",
}


def test_every_list_pages(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    paged = set()
    for name, operation in operations(document).items():
        content = operation["responses"].get("200", {}).get("content", {})
        reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
        if name.startswith(("get_", "list_", "export_")) and reference:
            properties = schemas[reference.rpartition("/")[2]].get("properties", {})
            lists = {field for field, schema in properties.items() if schema.get("type") == "array"}
            taken = {parameter["name"] for parameter in operation.get("parameters", [])}
            if lists - PARTS_OF_ONE_THING:
                assert {"limit", "continuation"} <= taken, name
                assert "continuation" in properties, name
                paged.add(name)
            else:
                assert "continuation" not in properties, name
    assert {name for name in ROWS if name.startswith("list_")} <= paged


def test_parameters_have_their_bounds(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            if parameter["in"] == "path":
                assert parameter["required"], name
                bounds = {"pattern", "maxLength", "maximum"}
                assert bounds & set(schema), (name, parameter["name"])
            if schema.get("type") == "integer":
                assert {"minimum", "maximum"} <= set(schema), (name, parameter["name"])
            assert "anyOf" not in schema, "nothing in a query is null"


def test_a_route_whose_constraints_it_cannot_tell_is_refused() -> None:
    from triggers.endpoints import Access, Endpoint
    from triggers.openapi.schemas import Schemas

    row = Endpoint(
        name="odd",
        group="lessons",
        method="GET",
        route="things/{number:range(1,7)}",
        access=Access.OPEN,
        summary="",
        description="",
        answers=(),
    )
    with pytest.raises(ValueError, match="no schema is known"):
        parameters_of(row, Schemas([row]))


def test_its_version_is_the_projects(document: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert document["info"]["version"] == project["version"]


def test_the_reference_in_the_repository_is_current() -> None:
    """Else: `make api-docs`."""
    current = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert current == api_description()["reference"], "run `make api-docs`"


def test_no_schema_holds_what_json_cannot(document: dict[str, Any]) -> None:
    assert json.loads(json.dumps(document, allow_nan=False)) == document
