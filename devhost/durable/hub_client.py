"""The management API's access to the engine, over gRPC."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import grpc
import grpc.aio
from durabletask.internal import helpers
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal import orchestrator_service_pb2_grpc as stubs

from devhost.durable.wire import TERMINAL_STATUSES, UNLIMITED_MESSAGES

_CALL_SECONDS: Final = 60.0


class InstanceExistsError(Exception):
    """An instance of this id is not at its end, so it cannot be replaced."""


@dataclass(frozen=True)
class InstanceFilter:
    """Which instances a query or a purge is about; moments are aware, an empty field matches all."""

    created_from: datetime | None = None
    created_to: datetime | None = None
    statuses: tuple["pb.OrchestrationStatus", ...] = ()
    id_prefix: str = ""


@dataclass(frozen=True)
class Page:
    """One page of a query; `continuation` leads to the next, None when there is none."""

    states: list[pb.OrchestrationState] = field(default_factory=list)
    continuation: str | None = None


class HubClient:
    """One connection to the engine, made on first use and on the event loop that uses it."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._channel: grpc.aio.Channel | None = None

    @property
    def _stub(self) -> Any:
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(self._address, options=list(UNLIMITED_MESSAGES))
        return stubs.TaskHubSidecarServiceStub(self._channel)  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        """Close the connection."""
        if self._channel is not None:
            await self._channel.close()
            self._channel = None

    async def _call(self, method: str, request: Any) -> Any:
        return await getattr(self._stub, method)(request, timeout=_CALL_SECONDS, wait_for_ready=True)

    async def start(self, name: str, instance_id: str, raw_input: str | None, version: str | None) -> None:
        """Start an instance; one of that id that has ended is replaced (the extension's default)."""
        request = pb.CreateInstanceRequest(
            instanceId=instance_id,
            name=name,
            orchestrationIdReusePolicy=pb.OrchestrationIdReusePolicy(
                replaceableStatus=list(TERMINAL_STATUSES)
            ),
        )
        if raw_input is not None:
            request.input.value = raw_input
        if version is not None:
            request.version.value = version
        try:
            await self._call("StartInstance", request)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
                raise
            raise InstanceExistsError(error.details()) from error

    async def state(self, instance_id: str) -> pb.OrchestrationState | None:
        """Return an instance's state with its payloads, or None."""
        response = await self._call(
            "GetInstance", pb.GetInstanceRequest(instanceId=instance_id, getInputsAndOutputs=True)
        )
        state: pb.OrchestrationState | None = response.orchestrationState if response.exists else None
        return state

    async def history(self, instance_id: str) -> list[pb.HistoryEvent]:
        """Return all events of an instance's present execution."""
        request = pb.StreamInstanceHistoryRequest(instanceId=instance_id)
        stream = self._stub.StreamInstanceHistory(request, timeout=_CALL_SECONDS)
        return [event async for chunk in stream for event in chunk.events]

    async def query(self, wanted: InstanceFilter, page_size: int, continuation: str | None) -> Page:
        """Return one page of instances, oldest first."""
        query = pb.InstanceQuery(
            runtimeStatus=list(wanted.statuses), maxInstanceCount=page_size, fetchInputsAndOutputs=True
        )
        _set_moments(query, wanted)
        if wanted.id_prefix:
            query.instanceIdPrefix.value = wanted.id_prefix
        if continuation:
            query.continuationToken.value = continuation
        response = await self._call("QueryInstances", pb.QueryInstancesRequest(query=query))
        following = response.continuationToken.value if response.HasField("continuationToken") else None
        return Page(list(response.orchestrationState), following)

    async def purge(self, instance_id: str) -> int:
        """Delete one ended instance; returns how many were deleted."""
        response = await self._call("PurgeInstances", pb.PurgeInstancesRequest(instanceId=instance_id))
        return int(response.deletedInstanceCount)

    async def purge_all(self, wanted: InstanceFilter) -> int:
        """Delete the ended instances that match; returns how many were deleted."""
        conditions = pb.PurgeInstanceFilter(runtimeStatus=list(wanted.statuses))
        _set_moments(conditions, wanted)
        request = pb.PurgeInstancesRequest(purgeInstanceFilter=conditions)
        return int((await self._call("PurgeInstances", request)).deletedInstanceCount)

    async def raise_event(self, instance_id: str, name: str, payload: str) -> None:
        """Send an external event; `payload` is JSON text."""
        request = pb.RaiseEventRequest(instanceId=instance_id, name=name)
        request.input.value = payload
        await self._call("RaiseEvent", request)

    async def terminate(self, instance_id: str, reason: str | None) -> None:
        """End an instance; `reason` becomes its output."""
        await self._call(
            "TerminateInstance",
            pb.TerminateRequest(instanceId=instance_id, output=helpers.get_string_value(reason)),
        )

    async def suspend(self, instance_id: str, reason: str | None) -> None:
        """Hold an instance back."""
        await self._call(
            "SuspendInstance",
            pb.SuspendRequest(instanceId=instance_id, reason=helpers.get_string_value(reason)),
        )

    async def resume(self, instance_id: str, reason: str | None) -> None:
        """Let a suspended instance go on."""
        await self._call(
            "ResumeInstance",
            pb.ResumeRequest(instanceId=instance_id, reason=helpers.get_string_value(reason)),
        )


def _set_moments(query: Any, wanted: InstanceFilter) -> None:
    if wanted.created_from is not None:
        query.createdTimeFrom.CopyFrom(helpers.new_timestamp(wanted.created_from))
    if wanted.created_to is not None:
        query.createdTimeTo.CopyFrom(helpers.new_timestamp(wanted.created_to))
