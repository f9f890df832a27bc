"""The orchestrations that the engine must get right: one for each trap of the protocol."""

import asyncio
import threading
from collections import Counter
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
bp = df.Blueprint()

LIVE_STEPS: Counter[str] = Counter()
ATTEMPTS: Counter[str] = Counter()
_LOCK = threading.Lock()


@bp.orchestration_trigger(context_name="context")
def roadmap(context: df.DurableOrchestrationContext):
    settings = context.get_input()
    context.set_custom_status({"stage": "modules"})
    modules = yield context.task_all(
        [context.call_activity("module", {**settings, "i": i}) for i in range(settings["n"])]
    )
    child = yield context.call_sub_orchestrator("child", {"x": 1})
    context.set_custom_status({"stage": "done"})
    return {"modules": modules, "child": child}


@bp.orchestration_trigger(context_name="context")
def child(context: df.DurableOrchestrationContext):
    value = yield context.call_activity("echo", context.get_input())
    return {"value": value, "parent": context.parent_instance_id, "me": context.instance_id}


@bp.orchestration_trigger(context_name="context")
def child_with_id(context: df.DurableOrchestrationContext):
    result = yield context.call_sub_orchestrator("child", {"x": 2}, f"fixed-{context.instance_id}")
    return result


@bp.orchestration_trigger(context_name="context")
def timer(context: df.DurableOrchestrationContext):
    start = context.current_utc_datetime
    yield context.create_timer(start + timedelta(seconds=context.get_input()))
    return (context.current_utc_datetime - start).total_seconds()


@bp.orchestration_trigger(context_name="context")
def timer_cancelled(context: df.DurableOrchestrationContext):
    late = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    quick = context.call_activity("echo", "quick")
    winner = yield context.task_any([late, quick])
    late.cancel()
    after = yield context.call_activity("echo", "after")
    return [winner == quick, winner.result, after, late.is_cancelled]


@bp.orchestration_trigger(context_name="context")
def timer_forgotten(context: df.DurableOrchestrationContext):
    late = context.create_timer(context.current_utc_datetime + timedelta(seconds=context.get_input()))
    quick = context.call_activity("echo", "quick")
    winner = yield context.task_any([late, quick])
    return winner == quick


@bp.orchestration_trigger(context_name="context")
def activity_forgotten(context: df.DurableOrchestrationContext):
    slow = context.call_activity("echo", {"sleep": 0.6})
    quick = context.call_activity("echo", "quick")
    yield context.task_any([slow, quick])
    return "not before the slow one"


@bp.orchestration_trigger(context_name="context")
def catches(context: df.DurableOrchestrationContext):
    try:
        yield context.call_activity("boom", "x")
    except Exception as error:
        after = yield context.call_activity("echo", "recovered")
        return {"caught": str(error), "after": after}


@bp.orchestration_trigger(context_name="context")
def catches_in_all(context: df.DurableOrchestrationContext):
    tasks = [
        context.call_activity("echo", {"sleep": 0.6}),
        context.call_activity("boom", "y"),
        context.call_activity("echo", 3),
    ]
    start = context.current_utc_datetime
    try:
        yield context.task_all(tasks)
    except Exception as error:
        yield context.call_activity("echo", "clean up")
        # The extension awaits the whole task_all before it schedules the next action.
        return {"caught": str(error), "seconds": (context.current_utc_datetime - start).total_seconds()}


@bp.orchestration_trigger(context_name="context")
def explodes(context: df.DurableOrchestrationContext):
    yield context.call_activity("echo", 1)
    raise ValueError("orchestrator exploded")


@bp.orchestration_trigger(context_name="context")
def catches_child(context: df.DurableOrchestrationContext):
    try:
        yield context.call_sub_orchestrator("explodes")
    except Exception as error:
        return str(error)


@bp.orchestration_trigger(context_name="context")
def child_explodes(context: df.DurableOrchestrationContext):
    yield context.call_sub_orchestrator("explodes")


@bp.orchestration_trigger(context_name="context")
def event(context: df.DurableOrchestrationContext):
    context.set_custom_status("waiting")
    value = yield context.wait_for_external_event("Go")
    context.set_custom_status("got")
    return {"type": type(value).__name__, "value": value}


@bp.orchestration_trigger(context_name="context")
def event_after_one_given_up(context: df.DurableOrchestrationContext):
    """Wait twice for events of one name; the first wait lost its race, and nobody looks at it any more."""
    yield context.task_any([context.wait_for_external_event("Go"), context.wait_for_external_event("Skip")])
    value = yield context.wait_for_external_event("Go")
    echoed = yield context.call_activity("echo", value)
    return echoed


@bp.orchestration_trigger(context_name="context")
def event_or_timeout(context: df.DurableOrchestrationContext):
    timeout = context.create_timer(context.current_utc_datetime + timedelta(seconds=context.get_input()))
    arrival = context.wait_for_external_event("Go")
    winner = yield context.task_any([arrival, timeout])
    if winner == timeout:
        return "timeout"
    timeout.cancel()
    return arrival.result


@bp.orchestration_trigger(context_name="context")
def three_events(context: df.DurableOrchestrationContext):
    got = []
    for _ in range(3):
        got.append((yield context.wait_for_external_event("E")))
    return got


@bp.orchestration_trigger(context_name="context")
def generations(context: df.DurableOrchestrationContext):
    n = context.get_input()
    yield context.call_activity("echo", n)
    if n < 4:
        context.continue_as_new(n + 1)
        return None
    return n


@bp.orchestration_trigger(context_name="context")
def stale_timer(context: df.DurableOrchestrationContext):
    """Generation 0 cancels a timer of 0.8 s; generation 1 waits 2 s on a timer with the same event id."""
    start = context.current_utc_datetime
    if context.get_input() == 0:
        late = context.create_timer(start + timedelta(seconds=0.8))
        go = context.wait_for_external_event("Go")
        yield context.task_any([late, go])
        late.cancel()
        context.continue_as_new(1)
        return None
    yield context.create_timer(start + timedelta(seconds=2))
    return (context.current_utc_datetime - start).total_seconds()


@bp.orchestration_trigger(context_name="context")
def live_steps(context: df.DurableOrchestrationContext):
    for step in range(3):
        if not context.is_replaying:
            LIVE_STEPS[f"{context.instance_id}/{step}"] += 1
        yield context.call_activity("echo", step)


@bp.orchestration_trigger(context_name="context")
def no_yield(context: df.DurableOrchestrationContext):
    return {"input": context.get_input()}


@bp.orchestration_trigger(context_name="context")
def reused_task(context: df.DurableOrchestrationContext):
    slow = context.call_activity("echo", {"sleep": 0.4})
    first = context.create_timer(context.current_utc_datetime + timedelta(seconds=0.1))
    yield context.task_any([slow, first])
    start = context.current_utc_datetime
    second = context.create_timer(start + timedelta(seconds=1.5))
    winner = yield context.task_any([slow, second])
    yield context.call_activity("echo", "end")
    # The second task_any sends only its new timer, and the extension awaits it before the next action.
    return [winner == slow, (context.current_utc_datetime - start).total_seconds()]


@bp.orchestration_trigger(context_name="context")
def fan_out(context: df.DurableOrchestrationContext):
    numbers = yield context.task_all([context.call_activity("number", i) for i in range(context.get_input())])
    return sum(numbers)


@bp.orchestration_trigger(context_name="context")
def slow_child(context: df.DurableOrchestrationContext):
    seconds = yield context.call_sub_orchestrator("timer", context.get_input())
    return seconds


@bp.orchestration_trigger(context_name="context")
def retries(context: df.DurableOrchestrationContext):
    """`failures`: how often each of the parallel activities fails before it succeeds."""
    settings = context.get_input()
    options = df.RetryOptions(
        first_retry_interval_in_milliseconds=settings.get("interval", 50),
        max_number_of_attempts=settings["max"],
    )
    tasks = [
        context.call_activity_with_retry(
            "flaky", options, {"key": f"{context.instance_id}/{i}", "failures": n}
        )
        for i, n in enumerate(settings["failures"])
    ]
    try:
        attempts = yield context.task_all(tasks)
    except Exception as error:
        return str(error)
    after = yield context.call_activity("echo", "after")
    return [attempts, after]


@bp.orchestration_trigger(context_name="context")
def retries_child(context: df.DurableOrchestrationContext):
    options = df.RetryOptions(50, 3)
    attempts = yield context.call_sub_orchestrator_with_retry("flaky_child", options, context.instance_id)
    return attempts


@bp.orchestration_trigger(context_name="context")
def flaky_child(context: df.DurableOrchestrationContext):
    attempts = yield context.call_activity("flaky", {"key": context.get_input(), "failures": 2})
    return attempts


@bp.orchestration_trigger(context_name="context")
def nested(context: df.DurableOrchestrationContext):
    """A task_any of task_alls within a task_all."""
    quick = context.task_all([context.call_activity("echo", i) for i in (1, 2)])
    slow = context.task_all([context.call_activity("echo", {"sleep": 0.4}), context.call_activity("echo", 3)])
    first = context.task_any([quick, slow])
    results = yield context.task_all([first, context.call_activity("echo", 4)])
    return [results[0].result, results[1]]


@bp.orchestration_trigger(context_name="context")
def empty_all(context: df.DurableOrchestrationContext):
    nothing = yield context.task_all([])
    after = yield context.call_activity("echo", "after")
    return [nothing, after]


@bp.orchestration_trigger(context_name="context")
def ids(context: df.DurableOrchestrationContext):
    first = [context.new_uuid(), context.new_uuid(), str(context.new_guid())]
    yield context.call_activity("echo", 1)
    return {"before": first, "after": context.new_uuid()}


@bp.activity_trigger(input_name="payload")
async def module(payload: dict) -> int:
    await asyncio.sleep(payload.get("sleep", 0))
    return payload["i"]


@bp.activity_trigger(input_name="payload")
async def echo(payload):
    if isinstance(payload, dict) and "sleep" in payload:
        await asyncio.sleep(payload["sleep"])
    return payload


@bp.activity_trigger(input_name="n")
def number(n: int) -> int:
    return n


@bp.activity_trigger(input_name="word")
def boom(word: str) -> str:
    raise ValueError(f"boom {word}")


@bp.activity_trigger(input_name="payload")
def flaky(payload: dict) -> int:
    with _LOCK:
        ATTEMPTS[payload["key"]] += 1
        attempt = ATTEMPTS[payload["key"]]
    if attempt <= payload["failures"]:
        raise ValueError(f"attempt {attempt}")
    return attempt


app.register_functions(bp)
