"""Starting and asking for orchestrations, over the durable client that a trigger was given."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.errors import SkillSyncError
from shared.models.outcomes import WANTED
from shared.telemetry import log, log_fault

if TYPE_CHECKING:
    from azure.durable_functions import DurableOrchestrationClient

_RUNNING = frozenset({"Pending", "Running", "ContinuedAsNew", "Suspended"})


class StartFailed(SkillSyncError):
    """The orchestration could not be started; the reconciler will try again."""


class Orchestrations:
    """The durable client, reduced to what services need."""

    def __init__(self, client: DurableOrchestrationClient) -> None:
        self._client = client

    async def start(self, name: str, instance_id: str, data: dict[str, Any]) -> None:
        """Start an orchestration; one that is running already under this id is success.

        The id alone does not guard against a second run (a finished id is reusable): the caller's documents
        do. Raises StartFailed.
        """
        try:
            await self._client.start_new(name, instance_id, data)
        except Exception as error:
            # The SDK reports a running duplicate as a plain Exception, like everything else.
            if await self._runs_already(instance_id):
                return
            raise StartFailed(f"{name} {instance_id}: {error}") from error
        log("orchestration.started", instance_id=instance_id)

    async def wake(self, instance_id: str) -> None:
        """Tell an orchestration that a learner waits for it now; one that misses it wakes by itself later."""
        try:
            await self._client.raise_event(instance_id, WANTED)
        except Exception as error:  # noqa: BLE001 - the SDK raises plain Exception for what has not begun
            log_fault("orchestration.not_woken", error, instance_id=instance_id)

    async def _runs_already(self, instance_id: str) -> bool:
        """Tell whether a refused start was needless; what refused it may not answer this either."""
        try:
            return await self.running(instance_id)
        except Exception:  # noqa: BLE001 - the failed start is what its caller must hear of
            return False

    async def terminate(self, instance_id: str, reason: str) -> None:
        """End an orchestration; one that has ended, or never began, is success.

        Its activities go on until they have ended: the documents' conditions are what stops their writes. So
        a failure is logged, and nothing depends on it.
        """
        try:
            await self._client.terminate(instance_id, reason)
        except Exception as error:  # noqa: BLE001 - the SDK reports an unknown instance as a plain Exception
            if not await self._runs_perhaps(instance_id):
                return
            log_fault("orchestration.terminate_failed", error, instance_id=instance_id)
            return
        log("orchestration.terminated", instance_id=instance_id, reason=reason)

    async def _runs_perhaps(self, instance_id: str) -> bool:
        try:
            return await self.running(instance_id)
        except Exception:  # noqa: BLE001 - the failed request is what is logged
            return True

    async def purge(self, instance_id: str) -> bool:
        """Remove the history of an orchestration; tells whether nothing of it is left.

        One that runs is left alone, and so is one that the extension cannot be asked about now.
        """
        try:
            if await self.running(instance_id):
                return False
            await self._client.purge_instance_history(instance_id)
        except Exception as error:  # noqa: BLE001 - the SDK raises plain Exception for whatever went wrong
            log_fault("orchestration.purge_failed", error, instance_id=instance_id)
            return False
        return True

    async def purge_ended(self, begin: datetime, end: datetime) -> int:
        """Remove the histories of what has ended and was started in this time (UTC); returns how many."""
        from azure.durable_functions import OrchestrationRuntimeStatus as Status

        ended = [Status.Completed, Status.Failed, Status.Terminated, Status.Canceled]
        result = await self._client.purge_instance_history_by(begin, end, ended)
        return int(result.instances_deleted)

    async def running(self, instance_id: str) -> bool:
        """Tell whether an orchestration with this id exists and has not ended."""
        status = await self._client.get_status(instance_id)
        if not status or status.runtime_status is None:
            return False
        return status.runtime_status.value in _RUNNING
