"""The management API over plain HTTP: what curl, a browser or an operator's script sees."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.devhost.durable.hub import KEY, Hub


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with Hub("regression") as running:
        yield running


def keyed(hub: Hub, method: str, path: str, **kwargs: Any) -> httpx.Response:
    return hub.webhook.request(method, path, headers={"x-functions-key": KEY}, **kwargs)


# ---------------------------------------------------------------------- keys
@pytest.mark.parametrize("key", [None, "", "wrong", "ä"])
def test_webhook_needs_the_system_key(hub: Hub, key: str | None) -> None:
    response = hub.webhook.get("instances", params={} if key is None else {"code": key})
    assert (response.status_code, response.content) == (401, b"")


def test_webhook_takes_the_key_from_query_or_header(hub: Hub) -> None:
    assert hub.webhook.get("instances", params={"code": KEY}).status_code == 200
    assert keyed(hub, "GET", "instances").status_code == 200


# ---------------------------------------------------------------------- starting
def test_links_of_a_started_instance_work(hub: Hub) -> None:
    response = keyed(hub, "POST", "orchestrators/event")
    links = response.json()
    assert response.status_code == 202
    assert set(links) == {
        "id",
        "statusQueryGetUri",
        "sendEventPostUri",
        "terminatePostUri",
        "purgeHistoryDeleteUri",
        "restartPostUri",
        "suspendPostUri",
        "resumePostUri",
    }
    assert response.headers["Location"] == links["statusQueryGetUri"]
    assert response.headers["Retry-After"] == "10"
    with httpx.Client() as anyone:
        status = anyone.get(links["statusQueryGetUri"])
        assert status.status_code == 202
        assert status.headers["Retry-After"] == "5"
        sent = anyone.post(links["sendEventPostUri"].replace("{eventName}", "Go"), json={"a": 1})
        assert sent.status_code == 202
        assert hub.wait(links["id"])["output"]["value"] == {"a": 1}
        assert anyone.delete(links["purgeHistoryDeleteUri"]).json() == {"instancesDeleted": 1}
        assert anyone.get(links["statusQueryGetUri"]).status_code == 404


def test_start_with_a_plain_json_object(hub: Hub) -> None:
    response = keyed(hub, "POST", "orchestrators/no_yield/plain", json={"a": 1})
    status = hub.wait(response.json()["id"])
    assert (status["output"], status["input"]) == ({"input": {"a": 1}}, {"a": 1})


def test_start_and_wait(hub: Hub) -> None:
    response = keyed(hub, "POST", "orchestrators/no_yield?timeout=10&pollingInterval=0.05", json={"a": 1})
    assert (response.status_code, response.json()) == (200, {"input": {"a": 1}})


def test_start_and_wait_for_a_failure(hub: Hub) -> None:
    response = keyed(hub, "POST", "orchestrators/explodes?timeout=10&pollingInterval=0.05")
    assert response.status_code == 200
    assert response.json()["runtimeStatus"] == "Failed"


def test_start_and_wait_in_vain(hub: Hub) -> None:
    response = keyed(hub, "POST", "orchestrators/event?timeout=0.2&pollingInterval=0.05")
    assert response.status_code == 202
    hub.operate(response.json()["id"], "terminate")


@pytest.mark.parametrize("body", [b"{nonsense", b"\xff\xfe"])
def test_body_that_is_no_json(hub: Hub, body: bytes) -> None:
    response = keyed(hub, "POST", "orchestrators/no_yield", content=body)
    assert (response.status_code, response.json()["Message"]) == (400, "Invalid JSON content")


# ---------------------------------------------------------------------- reading
def test_status_of_a_failure_as_an_error(hub: Hub) -> None:
    instance_id = hub.start("explodes")
    hub.wait(instance_id)
    assert hub.http.get(f"instances/{instance_id}").status_code == 200
    response = hub.http.get(f"instances/{instance_id}?returnInternalServerErrorOnFailure=true")
    assert response.status_code == 500
    assert response.json()["runtimeStatus"] == "Failed"


def test_input_on_request_only(hub: Hub) -> None:
    instance_id = hub.start("no_yield", "secret")
    assert hub.wait(instance_id)["input"] == '"secret"'
    assert hub.status(instance_id, showInput="false")["input"] is None


def test_pages(hub: Hub) -> None:
    for n in range(5):
        hub.wait(hub.start("no_yield", n, f"page-{n}"))
    seen: list[str] = []
    token = None
    while token != "":
        headers: dict[str, str] = {"x-ms-continuation-token": token} if token else {}
        response = hub.http.get("instances?top=2&instanceIdPrefix=page-&showInput=false", headers=headers)
        page = response.json()
        assert len(page) <= 2
        assert all(status["input"] is None for status in page)
        seen += [status["instanceId"] for status in page]
        token = response.headers["x-ms-continuation-token"]
    assert seen == [f"page-{n}" for n in range(5)]


def test_several_statuses(hub: Hub) -> None:
    hub.wait(hub.start("explodes", None, "several-1"))
    hub.wait(hub.start("no_yield", None, "several-2"))
    query = "instances?instanceIdPrefix=several-&runtimeStatus=Failed,Completed&runtimeStatus=Nonsense"
    assert len(hub.http.get(query).json()) == 2
    assert len(hub.http.get("instances?instanceIdPrefix=several-&runtimeStatus=Failed").json()) == 1


# ---------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "instances/missing", 404),
        ("DELETE", "instances/missing", 404),
        ("POST", "instances/missing/raiseEvent/Go", 404),
        ("POST", "instances/missing/terminate", 404),
        ("POST", "instances/missing/restart", 400),
        ("GET", "orchestrators/event", 404),
        ("PUT", "instances/missing", 404),
        ("POST", "instances", 404),
        ("GET", "nothing/of/the/sort", 404),
        ("DELETE", "instances", 400),
        ("DELETE", "instances?createdTimeFrom=2999-01-01T00:00:00Z", 404),
        ("POST", "instances/missing/explode", 404),
    ],
)
def test_refusals(hub: Hub, method: str, path: str, status: int) -> None:
    assert hub.http.request(method, path).status_code == status


def test_event_must_be_json(hub: Hub) -> None:
    instance_id = hub.start("event")
    path = f"instances/{instance_id}/raiseEvent/Go"
    as_text = hub.http.post(path, content=b"1", headers={"Content-Type": "text/plain"})
    assert (as_text.status_code, as_text.json()["Message"]) == (
        400,
        "Only application/json request content is supported",
    )
    broken = hub.http.post(path, content=b"{", headers={"Content-Type": "application/json"})
    assert (broken.status_code, broken.json()["Message"]) == (400, "Invalid JSON content")
    hub.operate(instance_id, "terminate")


def test_unicode_ids_and_event_names(hub: Hub) -> None:
    instance_id = hub.start("event", None, "Größe 世界")
    assert hub.wait(instance_id, ["Running"])["instanceId"] == "Größe 世界"
    hub.operate(instance_id, "terminate", reason="schön")
    assert hub.wait(instance_id)["output"] == "schön"
