"""The unchanged durable client of the SDK against the management API."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest
from azure.durable_functions.models.OrchestrationRuntimeStatus import OrchestrationRuntimeStatus as Status
from azure.durable_functions.models.utils import http_utils

from tests.devhost.durable.hub import KEY, PUBLIC_URL, Hub

ENDED = (Status.Completed, Status.Failed, Status.Terminated)


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with Hub("regression") as running:
        yield running


@pytest.fixture
async def client(hub: Hub) -> AsyncIterator[Any]:
    http_utils._session_lock = (
        asyncio.Lock()
    )  # the SDK keeps one session and lock per process, a test has its own loop
    yield df.DurableOrchestrationClient(hub.binding)
    await http_utils._close_session()


async def until(client: Any, instance_id: str, *statuses: Status) -> Any:
    async with asyncio.timeout(20):
        while True:
            status = await client.get_status(instance_id, show_input=True)
            if status.runtime_status in (statuses or ENDED):
                return status
            await asyncio.sleep(0.01)


def hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


# ---------------------------------------------------------------------- starting
async def test_start_and_status(client: Any) -> None:
    instance_id = await client.start_new("roadmap", None, {"n": 3})
    status = await until(client, instance_id)
    assert (status.name, status.instance_id, status.runtime_status) == (
        "roadmap",
        instance_id,
        Status.Completed,
    )
    assert status.output["modules"] == [0, 1, 2]
    assert status.input_ == '{"n": 3}'  # JSON text, as on Azure
    assert status.custom_status == {"stage": "done"}
    assert abs(datetime.now(UTC) - status.created_time.replace(tzinfo=UTC)) < timedelta(minutes=1)


async def test_start_with_a_chosen_id(client: Any) -> None:
    assert await client.start_new("no_yield", "my-id") == "my-id"
    await until(client, "my-id")


async def test_start_replaces_an_ended_instance(client: Any) -> None:
    for n in (1, 2):
        await client.start_new("no_yield", "twice", n)
        assert (await until(client, "twice")).output == {"input": n}


async def test_start_on_a_running_id_is_refused(client: Any) -> None:
    instance_id = await client.start_new("event", "singleton")
    await until(client, instance_id, Status.Running)
    with pytest.raises(Exception, match="An Orchestration instance with the status Running already exists"):
        await client.start_new("event", instance_id)
    await client.terminate(instance_id, "done")


async def test_singleton_pattern(client: Any) -> None:
    existing = await client.get_status("only-one")
    assert existing.runtime_status is None
    await client.start_new("event", "only-one")
    existing = await until(client, "only-one", Status.Running)
    assert existing.runtime_status not in ENDED
    await client.terminate("only-one", "done")


async def test_start_of_an_unknown_orchestrator_is_refused(client: Any) -> None:
    with pytest.raises(
        Exception, match="The function 'nope' doesn't exist, is disabled, or is not an orchestrator"
    ):
        await client.start_new("nope")


@pytest.mark.parametrize("instance_id", ["@at", "x" * 257])
async def test_ids_that_the_extension_refuses(client: Any, instance_id: str) -> None:
    with pytest.raises(Exception, match=r"(?i)instance ids? "):
        await client.start_new("no_yield", instance_id)


async def test_fifty_starts_at_once(client: Any) -> None:
    ids = await asyncio.gather(*(client.start_new("roadmap", None, {"n": 8}) for _ in range(50)))
    for instance_id in ids:
        assert (await until(client, instance_id)).output["modules"] == list(range(8))


# ---------------------------------------------------------------------- events
async def test_raise_event_arrives_as_text(client: Any) -> None:
    instance_id = await client.start_new("event")
    await client.raise_event(instance_id, "Go", {"a": 1})
    assert (await until(client, instance_id)).output == {"type": "str", "value": '{"a": 1}'}


@pytest.mark.parametrize(("instance_id", "words"), [("ended", "gone"), ("missing", "No instance")])
async def test_raise_event_to_nobody(client: Any, instance_id: str, words: str) -> None:
    await client.start_new("no_yield", "ended")
    await until(client, "ended")
    with pytest.raises(Exception, match=words):
        await client.raise_event(instance_id, "Go", 1)


# ---------------------------------------------------------------------- operating
async def test_suspend_resume_terminate(client: Any) -> None:
    instance_id = await client.start_new("event")
    await until(client, instance_id, Status.Running)
    await client.suspend(instance_id, "a break")
    await until(client, instance_id, Status.Suspended)
    await client.resume(instance_id, "go on")
    await until(client, instance_id, Status.Running)
    await client.terminate(instance_id, "enough & more")
    status = await until(client, instance_id)
    assert (status.runtime_status, status.output) == (Status.Terminated, "enough & more")
    await client.terminate(instance_id, "once more")  # 410 is silent


async def test_suspending_twice_and_resuming_a_running_one_are_refused(client: Any, hub: Hub) -> None:
    instance_id = await client.start_new("event")
    await until(client, instance_id, Status.Running)
    assert hub.operate(instance_id, "resume").status_code == 500
    await client.suspend(instance_id, "a break")
    await until(client, instance_id, Status.Suspended)
    response = hub.operate(instance_id, "suspend")
    assert response.status_code == 500
    assert response.json()["ExceptionMessage"] == (
        f"Cannot suspend the orchestration instance {instance_id} because instance is in the Suspended state."
    )
    await client.terminate(instance_id, "done")


async def test_failed_status(client: Any) -> None:
    status = await until(client, await client.start_new("explodes"))
    assert status.runtime_status is Status.Failed
    assert status.output == "Orchestrator function 'explodes' failed: orchestrator exploded"


@pytest.mark.parametrize("anew", [True, False])
async def test_restart(client: Any, anew: bool) -> None:
    instance_id = await client.start_new("no_yield", f"again-{anew}", {"a": "b"})
    await until(client, instance_id)
    restarted = await client.restart(instance_id, restart_with_new_instance_id=anew)
    new_id = restarted["id"] if isinstance(restarted, dict) else restarted
    assert (new_id != instance_id) is anew
    status = await until(client, new_id)
    assert (status.output, status.input_) == ({"input": {"a": "b"}}, '{"a": "b"}')


async def test_rewind_is_refused_with_a_reason(client: Any, hub: Hub) -> None:
    failed, completed = await client.start_new("explodes"), await client.start_new("no_yield")
    await until(client, failed)
    await until(client, completed)
    response = hub.operate(failed, "rewind", reason="fixed")
    assert (response.status_code, response.json()["Message"]) == (
        501,
        "Rewind is not emulated by the local host: restart the instance.",
    )
    assert hub.operate(completed, "rewind").status_code == 410
    assert hub.operate("missing", "rewind").status_code == 404


# ---------------------------------------------------------------------- reading
async def test_status_of_a_missing_instance_is_falsy(client: Any) -> None:
    assert not await client.get_status("missing")


async def test_status_by_prefix_status_and_time(client: Any) -> None:
    for instance_id, name in (("find-a", "no_yield"), ("find-b", "explodes"), ("other-c", "no_yield")):
        await client.start_new(name, instance_id)
        await until(client, instance_id)
    found = await client.get_status_by(instance_id_prefix="find-")
    assert [status.instance_id for status in found] == ["find-a", "find-b"]
    failed = await client.get_status_by(created_time_from=hour_ago(), runtime_status=[Status.Failed])
    assert "find-b" in {status.instance_id for status in failed}
    assert {status.runtime_status for status in failed} == {Status.Failed}
    assert await client.get_status_by(created_time_to=hour_ago()) == []
    assert len(await client.get_status_all()) >= 3


async def test_history(client: Any) -> None:
    instance_id = await client.start_new("roadmap", None, {"n": 2})
    await until(client, instance_id)
    status = await client.get_status(instance_id, show_history=True, show_history_output=True)
    events = status.historyEvents  # the SDK looks for `history`, the extension writes `historyEvents`
    assert [event["EventType"] for event in events] == [
        "ExecutionStarted",
        "TaskCompleted",
        "TaskCompleted",
        "SubOrchestrationInstanceCompleted",
        "ExecutionCompleted",
    ]
    assert [event["FunctionName"] for event in events[:4]] == ["roadmap", "module", "module", "child"]
    assert {event["Result"] for event in events[1:3]} == {0, 1}
    assert all(event["ScheduledTime"] <= event["Timestamp"] for event in events[1:4])
    assert events[-1]["OrchestrationStatus"] == "Completed"
    assert not any({"EventId", "IsPlayed", "TaskScheduledId"} & event.keys() for event in events)


async def test_history_without_results(client: Any, hub: Hub) -> None:
    instance_id = await client.start_new("catches")
    await until(client, instance_id)
    events = hub.status(instance_id, showHistory="true", showInput="false")["historyEvents"]
    assert not any({"Result", "Input"} & event.keys() for event in events)
    failed = next(event for event in events if event["EventType"] == "TaskFailed")
    assert failed["Reason"] == "Activity function 'boom' failed:  ValueError: boom x"


# ---------------------------------------------------------------------- purging
async def test_purge_one(client: Any) -> None:
    instance_id = await client.start_new("no_yield")
    await until(client, instance_id)
    assert (await client.purge_instance_history(instance_id)).instances_deleted == 1
    assert not await client.get_status(instance_id)
    assert (await client.purge_instance_history("missing")).instances_deleted == 0


async def test_purge_by_status(client: Any) -> None:
    ids = [await client.start_new("event") for _ in range(2)]
    for instance_id in ids:
        await until(client, instance_id, Status.Running)
        await client.terminate(instance_id, "done")
        await until(client, instance_id)
    purged = await client.purge_instance_history_by(hour_ago(), runtime_status=[Status.Terminated])
    assert purged.instances_deleted >= 2
    assert not await client.get_status(ids[0])
    again = await client.purge_instance_history_by(hour_ago(), runtime_status=[Status.Terminated])
    assert again.instances_deleted == 0


# ---------------------------------------------------------------------- answers for HTTP starters
async def test_check_status_response(client: Any) -> None:
    request = func.HttpRequest("POST", f"{PUBLIC_URL}/api/roadmaps", body=b"{}")
    response = client.create_check_status_response(request, "abc")
    links = json.loads(response.get_body())
    key = KEY.replace(" ", "+")
    assert response.status_code == 202
    assert links["statusQueryGetUri"] == (
        f"{PUBLIC_URL}/runtime/webhooks/durabletask/instances/abc?taskHub=TestHub&connection=Storage&code={key}"
    )


async def test_wait_for_completion(client: Any) -> None:
    request = func.HttpRequest("POST", f"{PUBLIC_URL}/api/roadmaps", body=b"{}")
    quick = await client.start_new("no_yield", None, 1)
    response = await client.wait_for_completion_or_create_check_status_response(request, quick, 5000, 50)
    assert (response.status_code, json.loads(response.get_body())) == (200, {"input": 1})
    slow = await client.start_new("event")
    response = await client.wait_for_completion_or_create_check_status_response(request, slow, 200, 50)
    assert response.status_code == 202
    with contextlib.suppress(Exception):
        await client.terminate(slow, "done")
