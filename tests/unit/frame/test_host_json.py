"""host.json holds what the design and the platform's limits ask for."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from shared.llm.structured import DEADLINE_SECONDS
from tests.support.function_table import ROOT

HOST: dict[str, Any] = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
EXTENSIONS = HOST["extensions"]
EXAMPLE = ROOT / "local.settings.json.example"


def time_span(text: str) -> timedelta:
    """Read `hh:mm:ss`, as host.json writes durations."""
    hours, minutes, seconds = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))


def test_a_function_may_run_twice_as_long_as_an_activity() -> None:
    """A time-out restarts the worker and fails all that runs in it: an activity must end long before."""
    assert time_span(HOST["functionTimeout"]).total_seconds() > 2 * DEADLINE_SECONDS
    assert DEADLINE_SECONDS <= 150


def test_every_environment_has_its_own_task_hub() -> None:
    setting = re.fullmatch(r"%(\w+)%", EXTENSIONS["durableTask"]["hubName"])
    assert setting is not None
    # 3 to 45 letters and digits, a letter first: a hub's name becomes that of queues and tables.
    example = json.loads(EXAMPLE.read_text(encoding="utf-8"))["Values"][setting[1]]
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{2,44}", example)


def test_running_work_survives_a_deployment() -> None:
    durable = EXTENSIONS["durableTask"]
    # Two numbers: a single one is no System.Version, and "10" would be older than "9".
    assert re.fullmatch(r"\d+\.\d+", durable["defaultVersion"])
    assert durable["versionMatchStrategy"] == "CurrentOrOlder"
    assert durable["versionFailureStrategy"] == "Reject"


def test_an_idle_task_hub_is_polled_often_enough() -> None:
    """The default of 30 s is what a learner would wait for the first activity of a quiet app."""
    interval = time_span(EXTENSIONS["durableTask"]["storageProvider"]["maxQueuePollingInterval"])
    assert timedelta(seconds=1) <= interval <= timedelta(seconds=5)


def test_concurrency_is_set_and_not_left_to_the_plan() -> None:
    durable = EXTENSIONS["durableTask"]
    assert durable["maxConcurrentActivityFunctions"] >= 10
    assert durable["maxConcurrentOrchestratorFunctions"] >= 5


def test_extended_sessions_are_off() -> None:
    assert not EXTENSIONS["durableTask"].get("extendedSessionsEnabled", False)


def test_telemetry_is_opentelemetry_and_nothing_that_it_ignores() -> None:
    assert HOST["telemetryMode"] == "OpenTelemetry"
    assert "applicationInsights" not in HOST["logging"]
    tracing = EXTENSIONS["durableTask"]["tracing"]
    assert tracing == {"distributedTracingEnabled": True, "version": "V2"}


def test_the_host_s_own_answers_carry_the_security_headers() -> None:
    headers = EXTENSIONS["http"]["customHeaders"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "script-src" not in policy, "no answer of this app runs a script"
    hsts = EXTENSIONS["http"]["hsts"]
    assert hsts["isEnabled"]
    assert int(hsts["maxAge"]) >= 180


def test_cors_is_the_site_s_and_not_the_app_s() -> None:
    assert not [name for name in EXTENSIONS["http"]["customHeaders"] if name.startswith("Access-")]


def test_the_queue_stays_within_the_limits_of_service_bus() -> None:
    bus = EXTENSIONS["serviceBus"]
    assert time_span(bus["maxAutoLockRenewalDuration"]) == timedelta(minutes=10)
    assert time_span(bus["maxAutoLockRenewalDuration"]) > time_span(HOST["functionTimeout"])
    assert bus["autoCompleteMessages"] is True
    assert 1 <= bus["maxConcurrentCalls"] <= 64
    assert bus["prefetchCount"] == 0, "a prefetched message's lock runs while it waits"


def test_the_bundle_is_bounded() -> None:
    """Orchestration versions came with 4.26."""
    assert HOST["extensionBundle"]["version"] == "[4.26.0, 5.0.0)"
