"""The app's durable functions, and how the Python worker invokes them."""

import asyncio
import functools
import inspect
import json
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure.functions as func
from azure.functions.decorators.function_app import Function
from azure.functions.durable_functions import ActivityTriggerConverter, OrchestrationTriggerConverter
from azure.functions.meta import Datum

# The timestamps that one process parses again and again; a few thousand histories of hundred events.
_CACHED_TIMESTAMPS = 1 << 16


# Called with a function's name and trigger type.
Around = Callable[[str, str], AbstractContextManager[None]]


@dataclass(frozen=True)
class Invocation:
    """A started activity. Only a sync one that still waits for a thread can be taken back unstarted."""

    result: "Future[str]"
    runs_on_loop: bool

    def take_back(self) -> bool:
        """Cancel it if it has not begun; True when it never will."""
        return not self.runs_on_loop and self.result.cancel()


@dataclass(frozen=True)
class _Activity:
    function: Callable[..., Any]
    name: str
    input_name: str
    client_names: tuple[str, ...]
    takes_context: bool


class DurableFunctions:
    """The orchestrators and activities among an app's functions, by their names (without regard to case).

    Async functions run on `loop`, the process's one event loop; sync ones, orchestrators among them, share
    `executor`, as in the real Python worker: a blocking activity starves the replay there and here.
    `client_binding` is what a durable client parameter of an activity receives. `around` surrounds each run
    of an orchestrator or activity: the host's log lines and time limit.
    """

    def __init__(
        self,
        functions: Iterable[Function],
        *,
        client_binding: str,
        loop: asyncio.AbstractEventLoop,
        executor: Executor,
        around: Around | None = None,
    ) -> None:
        self._client_binding, self._loop, self.executor = client_binding, loop, executor
        self._around = around or (lambda _name, _trigger: nullcontext())
        self._orchestrators: dict[str, tuple[str, Callable[..., Any]]] = {}
        self._activities: dict[str, _Activity] = {}
        for function in functions:
            self._add(function)
        _cache_timestamps()

    @property
    def orchestrators(self) -> list[str]:
        """The orchestrators' names, as the app spells them."""
        return [name for name, _ in self._orchestrators.values()]

    @property
    def activities(self) -> list[str]:
        """The activities' names, as the app spells them."""
        return [activity.name for activity in self._activities.values()]

    def has_orchestrator(self, name: str) -> bool:
        """Tell whether the app has this orchestrator."""
        return name.casefold() in self._orchestrators

    def has_activity(self, name: str) -> bool:
        """Tell whether the app has this activity."""
        return name.casefold() in self._activities

    def end_process(self, error: BaseException) -> None:
        """Let what a function raised in a thread leave the event loop, as it does where it is awaited."""

        def leave() -> None:
            raise error

        with suppress(RuntimeError):  # the loop is closed: the process is ending already
            self._loop.call_soon_threadsafe(leave)

    def replay(self, name: str, context: Mapping[str, Any]) -> dict[str, Any]:
        """Call an orchestrator's handle with the extension's context; returns the SDK's state.

        Runs in the calling thread. A failed orchestrator raises: see `orchestration.failed_state`.
        """
        handle = self._orchestrators[name.casefold()][1]
        body = OrchestrationTriggerConverter.decode(
            Datum(json.dumps(context), "string"), trigger_metadata=None
        )
        with self._around(name, "orchestrationTrigger"):
            state: dict[str, Any] = json.loads(handle(body))
        return state

    def start_activity(self, name: str, payload: str) -> Invocation:
        """Start an activity with its input (JSON text); its result is JSON text, a failure its exception."""
        activity = self._activities[name.casefold()]
        if inspect.iscoroutinefunction(activity.function):
            return Invocation(
                asyncio.run_coroutine_threadsafe(self._run_async(activity, payload), self._loop), True
            )
        return Invocation(self.executor.submit(self._run_sync, activity, payload), False)

    async def _run_async(self, activity: _Activity, payload: str) -> str:
        with self._around(activity.name, "activityTrigger"):
            return _encoded(await activity.function(**self._arguments(activity, payload)))

    def _run_sync(self, activity: _Activity, payload: str) -> str:
        with self._around(activity.name, "activityTrigger"):
            return _encoded(activity.function(**self._arguments(activity, payload)))

    def _arguments(self, activity: _Activity, payload: str) -> dict[str, Any]:
        value = ActivityTriggerConverter.decode(Datum(payload, "json"), trigger_metadata=None)
        arguments = {activity.input_name: value}
        arguments |= dict.fromkeys(activity.client_names, self._client_binding)
        if activity.takes_context:
            arguments["context"] = InvocationContext(activity.name)
        return arguments

    def _add(self, function: Function) -> None:
        trigger = function.get_trigger()
        kind = trigger.get_dict_repr()["type"] if trigger is not None else ""
        if trigger is None or kind not in {"orchestrationTrigger", "activityTrigger"}:
            return
        user_function = function.get_user_function()
        if kind == "orchestrationTrigger":
            name = str(getattr(trigger, "orchestration", None) or function.get_function_name())
            self._orchestrators[name.casefold()] = name, user_function
            return
        name = str(getattr(trigger, "activity", None) or function.get_function_name())
        clients = tuple(
            binding.name
            for binding in function.get_bindings()
            if binding.get_dict_repr()["type"] == "durableClient"
        )
        takes_context = "context" in inspect.signature(user_function).parameters and trigger.name != "context"
        self._activities[name.casefold()] = _Activity(
            user_function, name, trigger.name, clients, takes_context
        )


class InvocationContext(func.Context):
    """The `context` parameter of an activity, as the Python worker fills it, without tracing and retries."""

    def __init__(self, function_name: str) -> None:
        self._function_name = function_name
        self._invocation_id = str(uuid.uuid4())
        self._thread_local_storage = threading.local()
        self._thread_local_storage.invocation_id = self._invocation_id

    @property
    def invocation_id(self) -> str:
        """A new id for every invocation."""
        return self._invocation_id

    @property
    def function_name(self) -> str:
        """The function's name."""
        return self._function_name

    @property
    def function_directory(self) -> str:
        """The directory of the app's code."""
        return str(Path.cwd())

    @property
    def thread_local_storage(self) -> Any:
        """Where threads that the function starts may leave the invocation id, for their log lines."""
        return self._thread_local_storage

    @property
    def trace_context(self) -> Any:
        """Not emulated."""
        return None

    @property
    def retry_context(self) -> Any:
        """Not emulated: the host never retries an activity by itself."""
        return None


def _encoded(value: object) -> str:
    text: str = ActivityTriggerConverter.encode(value, expected_type=None).value
    return text


def _cache_timestamps() -> None:
    """Cache the one pure function that takes four fifths of a replay's time, the SDK's timestamp parser."""
    module: Any = sys.modules.get("azure.durable_functions.models.history.HistoryEvent")
    if module is not None and not hasattr(module.dt_parse, "cache_info"):
        module.dt_parse = functools.lru_cache(_CACHED_TIMESTAMPS)(module.dt_parse)
