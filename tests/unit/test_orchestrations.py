"""Starting orchestrations over the real durable client, against an extension played at the wire."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import azure.durable_functions as df
import pytest
from azure.durable_functions.models.utils import http_utils
from pytest_httpserver import HTTPServer

from shared.orchestrations import Orchestrations, StartFailed

START = "/durabletask/orchestrators/roadmap_orchestrator/instance-1"
STATUS = "/durabletask/instances/instance-1"
INSTANCE = {
    "instanceId": "instance-1",
    "name": "roadmap_orchestrator",
    "createdTime": "2026-01-01T00:00:00Z",
    "lastUpdatedTime": "2026-01-01T00:00:01Z",
    "output": None,
}


def orchestrations(base: str) -> Orchestrations:
    binding = {
        "taskHubName": "Hub",
        "creationUrls": {},
        "managementUrls": {"id": "INSTANCEID"},
        "baseUrl": base,
        "rpcBaseUrl": f"{base}/durabletask/",
    }
    return Orchestrations(df.DurableOrchestrationClient(json.dumps(binding)))


@pytest.fixture
def dead_address() -> Iterator[str]:
    """An address that refuses every connection: bound, and never listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture(autouse=True)
async def own_session() -> AsyncIterator[None]:
    """The SDK keeps one HTTP session per process; each test has an event loop of its own."""
    http_utils._session_lock = asyncio.Lock()
    yield
    await http_utils._close_session()


async def start(base: str) -> None:
    await orchestrations(base).start("roadmap_orchestrator", "instance-1", {"roadmap_id": "r-1"})


async def test_what_steps_aside_is_woken_by_an_event(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request(f"{STATUS}/raiseEvent/wanted", "POST").respond_with_data(status=202)
    await orchestrations(httpserver.url_for("").rstrip("/")).wake("instance-1")
    assert [response.status_code for _, response in httpserver.log] == [202]


async def test_one_that_cannot_be_woken_wakes_by_itself_later(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    httpserver.expect_request(f"{STATUS}/raiseEvent/wanted", "POST").respond_with_data(status=404)
    await orchestrations(httpserver.url_for("").rstrip("/")).wake("instance-1")
    assert "orchestration.not_woken" in caplog.text


async def test_a_start_sends_the_input(httpserver: HTTPServer) -> None:
    httpserver.expect_request(START, "POST").respond_with_json({"id": "instance-1"}, status=202)
    await start(httpserver.url_for("").rstrip("/"))
    [(sent, _)] = httpserver.log
    # The SDK sends the input as JSON text inside of JSON.
    assert json.loads(json.loads(sent.data)) == {"roadmap_id": "r-1"}


@pytest.mark.parametrize("state", ["Pending", "Running", "Suspended"])
async def test_an_instance_that_runs_already_is_success(httpserver: HTTPServer, state: str) -> None:
    httpserver.expect_request(START, "POST").respond_with_json({"ExceptionMessage": "exists"}, status=500)
    httpserver.expect_request(STATUS, "GET").respond_with_json(
        {**INSTANCE, "runtimeStatus": state}, status=202
    )
    await start(httpserver.url_for("").rstrip("/"))


@pytest.mark.parametrize("state", ["Completed", "Failed", "Terminated"])
async def test_a_refused_start_beside_an_ended_instance_has_failed(
    httpserver: HTTPServer, state: str
) -> None:
    httpserver.expect_request(START, "POST").respond_with_json({"ExceptionMessage": "broken"}, status=500)
    httpserver.expect_request(STATUS, "GET").respond_with_json({**INSTANCE, "runtimeStatus": state})
    with pytest.raises(StartFailed, match="instance-1"):
        await start(httpserver.url_for("").rstrip("/"))


async def test_an_extension_that_does_not_answer_is_a_failed_start(dead_address: str) -> None:
    """The question whether it runs already fails too; the reconciler must still be told of the start."""
    with pytest.raises(StartFailed, match="roadmap_orchestrator instance-1"):
        await start(dead_address)


async def test_whether_it_runs_is_not_guessed(dead_address: str) -> None:
    """The reconciler acts on `no`: an extension that is away must not look like one."""
    with pytest.raises(Exception, match=r"127\.0\.0\.1"):
        await orchestrations(dead_address).running("instance-1")


TERMINATE = f"{STATUS}/terminate"


async def test_a_termination_says_why(httpserver: HTTPServer) -> None:
    httpserver.expect_request(TERMINATE, "POST").respond_with_data(status=202)
    await orchestrations(httpserver.url_for("").rstrip("/")).terminate("instance-1", "canceled")
    [(sent, _)] = httpserver.log
    assert sent.args["reason"] == "canceled"


@pytest.mark.parametrize("status", [404, 410])
async def test_what_has_ended_or_never_began_needs_no_termination(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    httpserver.expect_request(TERMINATE, "POST").respond_with_data(status=status)
    httpserver.expect_request(STATUS, "GET").respond_with_data(status=404)
    await orchestrations(httpserver.url_for("").rstrip("/")).terminate("instance-1", "canceled")
    assert "terminate_failed" not in caplog.text


async def test_a_termination_that_fails_is_logged_and_fails_nobody(
    dead_address: str, caplog: pytest.LogCaptureFixture
) -> None:
    await orchestrations(dead_address).terminate("instance-1", "canceled")
    assert "orchestration.terminate_failed" in caplog.text


@pytest.mark.parametrize(
    ("state", "is_gone"),
    [("Pending", False), ("Running", False), ("Completed", True), ("Terminated", True), ("Failed", True)],
)
async def test_only_what_has_ended_is_purged(httpserver: HTTPServer, state: str, is_gone: bool) -> None:
    """An instance that runs would write its history again."""
    httpserver.expect_request(STATUS, "GET").respond_with_json({**INSTANCE, "runtimeStatus": state})
    httpserver.expect_request(STATUS, "DELETE").respond_with_json({"instancesDeleted": 1})
    assert await orchestrations(httpserver.url_for("").rstrip("/")).purge("instance-1") is is_gone
    assert [sent.method for sent, _ in httpserver.log] == (["GET", "DELETE"] if is_gone else ["GET"])


async def test_what_never_began_has_no_history(httpserver: HTTPServer) -> None:
    httpserver.expect_request(STATUS).respond_with_data(status=404)
    assert await orchestrations(httpserver.url_for("").rstrip("/")).purge("instance-1")


async def test_an_extension_that_does_not_answer_has_purged_nothing(dead_address: str) -> None:
    assert not await orchestrations(dead_address).purge("instance-1")


async def test_only_histories_of_what_has_ended_are_purged_by_time(httpserver: HTTPServer) -> None:
    instances = "/durabletask/instances/"
    httpserver.expect_request(instances, "DELETE").respond_with_json({"instancesDeleted": 3})
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 12, tzinfo=UTC)
    client = orchestrations(httpserver.url_for("").rstrip("/"))
    assert await client.purge_ended(begin, end) == 3
    [(sent, _)] = httpserver.log
    assert dict(sent.args) == {
        "createdTimeFrom": "2026-01-01T00:00:00.000000Z",
        "createdTimeTo": "2026-01-02T12:00:00.000000Z",
        "runtimeStatus": "Completed,Failed,Terminated,Canceled",
    }


async def test_a_time_without_instances_is_purged_too(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/durabletask/instances/", "DELETE").respond_with_data(status=404)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert await orchestrations(httpserver.url_for("").rstrip("/")).purge_ended(moment, moment) == 0
