"""Whole flows in one process: real triggers' services, orchestrators and activities over several clients.

Durable's part is played by tests/support/replay.py: the orchestrators' real handles are replayed on
histories, and each activity runs the app's real function, with the clients of the next of several processes.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from shared import clients as clients_module
from shared.clients import Clients
from shared.errors import SkillSyncError
from shared.models.document import now
from shared.models.outcomes import WANTED
from shared.orchestrations import Orchestrations
from tests.support.replay import ActivityRaises, Recorder

Functions = dict[str, Any]


def functions_of_app() -> Functions:
    """Return the user functions of every orchestrator and activity by their names."""
    import azure.durable_functions as df

    from activities import batches as batch_activities
    from activities import lessons as lesson_activities
    from activities import removal as removal_activities
    from activities import roadmaps as roadmap_activities
    from orchestrators import batches as batch_orchestrators
    from orchestrators import lessons as lesson_orchestrators
    from orchestrators import removal as removal_orchestrators
    from orchestrators import roadmaps as roadmap_orchestrators

    app = df.DFApp()
    for module in (
        roadmap_orchestrators,
        lesson_orchestrators,
        batch_orchestrators,
        removal_orchestrators,
        roadmap_activities,
        lesson_activities,
        batch_activities,
        removal_activities,
    ):
        app.register_functions(module.blueprint)
    return {
        str(function.get_function_name()): function.get_user_function() for function in app.get_functions()
    }


class Flow:
    """Stands for the durable client: what is started is kept, and run when the test says so."""

    def __init__(self, processes: Sequence[Clients]) -> None:
        self._processes = itertools.cycle(processes)
        self._functions = functions_of_app()
        self.started: list[tuple[str, str, dict[str, Any]]] = []
        self.ended: dict[str, dict[str, Any]] = {}
        self.woken: list[str] = []
        self.purged: list[str] = []

    @property
    def orchestrations(self) -> Orchestrations:
        """What services are given."""
        client: Any = self
        return Orchestrations(client)

    async def start_new(self, name: str, instance_id: str, data: dict[str, Any]) -> str:
        """The durable client's call; a running duplicate raises a plain Exception, as the real one does."""
        if await self._running(instance_id):
            raise Exception(f"an instance with id {instance_id} is running")  # noqa: TRY002 - the SDK's way
        self.started.append((name, instance_id, data))
        return instance_id

    async def terminate(self, instance_id: str, reason: str) -> None:  # noqa: ARG002 - the client's signature
        """The durable client's call; an unknown instance raises a plain Exception, as the real one does."""
        if not await self._running(instance_id):
            raise Exception(f"No instance with ID '{instance_id}' found.")  # noqa: TRY002 - the SDK's way
        self.started = [started for started in self.started if started[1] != instance_id]

    async def purge_instance_history(self, instance_id: str) -> Any:
        """The durable client's call."""
        self.purged.append(instance_id)
        return SimpleNamespace(instances_deleted=int(self.ended.pop(instance_id, None) is not None))

    async def get_status(self, instance_id: str) -> Any:
        """The durable client's call, as far as the app reads it."""
        running = await self._running(instance_id)
        return SimpleNamespace(runtime_status=SimpleNamespace(value="Running" if running else "Completed"))

    async def raise_event(self, instance_id: str, name: str) -> None:
        """The durable client's call."""
        assert name == WANTED
        self.woken.append(instance_id)

    async def _running(self, instance_id: str) -> bool:
        return any(started[1] == instance_id for started in self.started)

    async def run_all(self) -> None:
        """Run everything that was started to its end."""
        while self.started:
            name, instance_id, data = self.started[0]
            script = self._script(asyncio.get_running_loop())
            recorder = Recorder(name, instance_id, data, script, began=now())
            recording = await asyncio.to_thread(recorder.record, self._functions[name])
            self.ended[instance_id] = recording["steps"][-1]
            self.started = [started for started in self.started if started[1] != instance_id]

    def _script(self, loop: asyncio.AbstractEventLoop) -> Any:
        def answer(name: str, data: dict[str, Any], call: int) -> Any:
            if call > 1:
                # The next round: the host's clock has moved on by its pause, so must that of the store.
                asyncio.run_coroutine_threadsafe(asyncio.sleep(0.2), loop).result()
            try:
                return asyncio.run_coroutine_threadsafe(self._activity(name, data), loop).result()
            except SkillSyncError as error:
                raise ActivityRaises(str(error)) from error

        return answer

    async def _activity(self, name: str, data: dict[str, Any]) -> Any:
        # The activity takes its clients before it first awaits anything.
        clients_module._by_loop[asyncio.get_running_loop()] = next(self._processes)
        function = self._functions[name]
        # Of an activity with a durable client, the SDK keeps the function that takes the client itself.
        with_client = getattr(function, "client_function", None)
        return await (with_client(work=data, client=self) if with_client else function(work=data))
