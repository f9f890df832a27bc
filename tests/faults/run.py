"""One run: plays a schedule against the real app, lets all settle, and gathers the evidence."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
from durabletask.testing.in_memory_backend import OrchestrationInstance

from devhost.durable.persistence import InstanceStore
from devhost.durable.status import STATUS_NAMES
from shared.security.pseudonym import pseudonym
from shared.settings import load_settings
from tests.faults.audit.batches import batches_have_ended
from tests.faults.audit.events import nothing_waits_to_be_sent
from tests.faults.audit.leftovers import nothing_is_left_generating, nothing_is_left_running
from tests.faults.audit.removals import removals_are_over
from tests.faults.bus import BusUnderTest
from tests.faults.clients import Actor, GaveUp, look
from tests.faults.evidence import Evidence, Instance, WireCall
from tests.faults.journal import Journal, Seen
from tests.faults.observations import Observations
from tests.faults.schedule import MODULES, Schedule, Trouble
from tests.faults.stores import StoreUnderTest, opened
from tests.support.app import app_host, app_settings, with_provider
from tests.support.cosmos_emulator import CosmosEmulator
from tests.support.local_host import LocalHost
from tests.support.model_provider import ModelProvider

PROVIDERS = ("first", "second")
BUS_BREAKAGES = ("kill broker", "connections cut", "broker away")
CALL_SECONDS = 0.9
TIMEOUT_SECONDS = 2.0
RECONCILE_AFTER_SECONDS = 2
BATCH_LESSONS = 9
"""A whole roadmap at once: what waits for a place looks again after 15 seconds only."""
REMOVAL_SETTLE_SECONDS = 10
"""Longer than a message that a killed process held stays locked, and than any call here lasts."""
SWEEP_EVERY_SECONDS = 1.0
SETTLING_SECONDS = 90.0


def play(schedule: Schedule, folder: Path, emulator: CosmosEmulator | None) -> Evidence:
    """Play a schedule in a folder of its own and return what is found when all has settled."""
    with ExitStack() as stack:
        provider = stack.enter_context(
            ModelProvider(
                plan_seconds=CALL_SECONDS,
                outline_seconds=CALL_SECONDS,
                lesson_seconds=CALL_SECONDS,
                modules=MODULES,
            )
        )
        store = stack.enter_context(opened(schedule.store, folder, emulator))
        bus = stack.enter_context(BusUnderTest(folder))
        host = stack.enter_context(
            app_host(
                folder,
                workers=schedule.workers,
                on_worker_exit=schedule.mode,
                settings={**_settings(provider), **store.settings, **bus.settings},
            )
        )
        return _Run(schedule, host, store, bus, provider).play()


def _settings(provider: ModelProvider) -> dict[str, str]:
    chain: dict[str, str] = {}
    for name in PROVIDERS:
        chain |= with_provider(provider, name, TIMEOUT_SECONDS)
    return {
        **chain,
        "LLM_CHAIN": ",".join(PROVIDERS),
        **{f"LLM__{name.upper()}__MODEL": name for name in PROVIDERS},
        "RECONCILE_AFTER_S": str(RECONCILE_AFTER_SECONDS),
        "REMOVAL_SETTLE_S": str(REMOVAL_SETTLE_SECONDS),
        "BATCH_LESSONS_PER_LEARNER": str(BATCH_LESSONS),
    }


class _Run:
    """The state of one run."""

    def __init__(
        self,
        schedule: Schedule,
        host: LocalHost,
        store: StoreUnderTest,
        bus: BusUnderTest,
        provider: ModelProvider,
    ) -> None:
        self._schedule, self._host, self._store, self._bus = schedule, host, store, bus
        self._provider = provider
        self._journal = Journal()
        self._observations = Observations()
        self._actors = [
            Actor(host.url, bus, script, self._journal, self._observe) for script in schedule.scripts
        ]
        settings = load_settings(app_settings(host.data.parent))
        self._pseudonyms = {
            script.learner: pseudonym(settings, script.learner) for script in schedule.scripts
        }
        self._over = threading.Event()

    def play(self) -> Evidence:
        sweeper = threading.Thread(target=self._sweep, name="sweeper", daemon=True)
        sweeper.start()
        try:
            for actor in self._actors:
                actor.start()
            self._break_things()
            for actor in self._actors:
                actor.join()
            self._settle()
            seen, given_up = self._look()
        finally:
            self._over.set()
            sweeper.join()
            self._keep_log()
        self._host.stop()
        self._observe()
        with ThreadPoolExecutor() as pool:  # each is a second of waiting for the client
            waiting = pool.submit(self._bus.waiting)
            dead_letters = pool.submit(self._bus.dead_letters)
            events = pool.submit(self._bus.events)
        return Evidence(
            accepted=self._journal.accepted,
            seen=seen,
            documents=self._store.documents(),
            instances=self._instances(),
            wire_calls=[
                WireCall(str(received.body["model"]), received.step, received.target)
                for received in self._provider.requests
            ],
            disturbances=len(self._schedule.troubles),
            bodies=dict(self._observations.bodies),
            given_up=given_up,
            sent=self._journal.sent,
            waiting_messages=waiting.result(),
            dead_letters=dead_letters.result(),
            events=events.result(),
            ends=frozenset(self._observations.ends),
            pseudonyms=self._pseudonyms,
            lessons=self._observations.lessons,
            wishes=self._observations.wishes,
        )

    # ------------------------------------------------------------------ what breaks
    def _break_things(self) -> None:
        """Begin and end every trouble at its moment."""
        moments: list[tuple[float, Callable[[], None]]] = []
        for trouble in self._schedule.troubles:
            begin, end = self._trouble(trouble)
            moments += [(trouble.at, begin), (trouble.at + trouble.seconds, end)]
        started = time.monotonic()
        for at, action in sorted(moments, key=lambda moment: moment[0]):
            time.sleep(max(0.0, started + at - time.monotonic()))
            action()

    def _trouble(self, trouble: Trouble) -> tuple[Callable[[], None], Callable[[], None]]:
        kill: dict[str, Callable[[], list[int | None]]] = {
            "kill app": lambda: list(self._host.app_process_ids()[: trouble.times]),
            "kill engine": lambda: [self._host.engine_process_id()],
        }
        answers = {"provider fails": "503", "provider hangs": "hang", "provider drops": "drop"}
        if trouble.breakage in kill:
            victims = kill[trouble.breakage]
            return lambda: _kill(victims()), _nothing
        if trouble.breakage in answers:
            answer = answers[trouble.breakage]
            return lambda: self._provider.script(answer, times=trouble.times), _nothing
        if trouble.breakage in BUS_BREAKAGES:
            return self._bus.breakage(trouble.breakage)
        return self._store.breakage(trouble.breakage, self._schedule.seed)

    # ------------------------------------------------------------------ what mends
    def _sweep(self) -> None:
        """Run the app's sweeps every second instead of every minute, and look at what is there."""
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not self._over.wait(SWEEP_EVERY_SECONDS):
                for sweep in ("reconcile", "send_outbox"):
                    # It fails while a process or the store is away; the next one comes soon.
                    with suppress(httpx.HTTPError, OSError, ValueError):
                        client.post(
                            f"{self._host.url}/admin/functions/{sweep}",
                            json={"input": ""},
                            headers={"x-functions-key": self._host.master_key()},
                        )
                self._observe()

    def _observe(self) -> None:
        self._observations.look(self._store.documents())

    def _settle(self) -> None:
        """Wait until nothing is under way any more; what is left then is the auditor's."""
        deadline = time.monotonic() + SETTLING_SECONDS
        while time.monotonic() < deadline and not self._at_rest():
            time.sleep(0.3)

    def _at_rest(self) -> bool:
        with suppress(httpx.HTTPError, OSError, ValueError):
            running = httpx.get(
                f"{self._host.url}/runtime/webhooks/durabletask/instances",
                params={"runtimeStatus": "Running,Pending"},
                headers={"x-functions-key": self._durable_key()},
                trust_env=False,
                timeout=30,
            ).json()
            instances = [Instance(one["instanceId"], one["name"], one["runtimeStatus"]) for one in running]
            found = Evidence((), (), self._store.documents(), instances, [], 0)
            rules = (
                nothing_is_left_generating,
                nothing_is_left_running,
                nothing_waits_to_be_sent,
                batches_have_ended,
                removals_are_over,
            )
            return not any(what for rule in rules for what in rule(found)) and not self._bus.waiting()
        return False

    def _durable_key(self) -> str:
        keys: dict[str, Any] = self._host.keys()
        return str(keys["systemKeys"]["durabletask_extension"])

    # ------------------------------------------------------------------ what is there
    def _look(self) -> tuple[list[Seen], list[str]]:
        """Read every accepted request as its learner would."""
        seen = []
        given_up = [actor.failure for actor in self._actors if actor.failure is not None]
        for accepted in self._journal.accepted:
            try:
                seen.append(look(self._host.url, accepted))
            except GaveUp as reason:
                given_up.append(str(reason))
        return seen, given_up

    def _keep_log(self) -> None:
        (self._host.data.parent / "host.log").write_text(self._host.log(), encoding="utf-8")

    def _instances(self) -> list[Instance]:
        store = InstanceStore(self._host.data / "engine.db")
        try:
            return [
                Instance(
                    one.instance_id,
                    one.name,
                    STATUS_NAMES[one.status],
                    faults=sum(event.HasField("taskFailed") for event in one.history),
                    names=self._named_in(one),
                )
                for one in store.load()
            ]
        finally:
            store.close()

    def _named_in(self, instance: OrchestrationInstance) -> frozenset[str]:
        history = b"".join(event.SerializeToString() for event in instance.history)
        names = [*self._pseudonyms, *self._pseudonyms.values()]
        return frozenset(name for name in names if name.encode() in history)


def _kill(process_ids: list[int | None]) -> None:
    for process_id in process_ids:
        if process_id is not None:
            with suppress(ProcessLookupError):  # it is being started again since the last kill
                os.kill(process_id, signal.SIGKILL)


def _nothing() -> None:
    """What ends by itself."""
