"""Sub-orchestrations: devices are provisioned by a child each, some of which have children again."""

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.orchestration_trigger(context_name="context")
def provision_new_devices(context: df.DurableOrchestrationContext):
    device_ids = yield context.call_activity("get_new_device_ids")
    tasks = []
    for n, device_id in enumerate(device_ids):
        child_id = f"{context.instance_id}:{n}"
        tasks.append(context.call_sub_orchestrator("provision_device", device_id, child_id))
    results = yield context.task_all(tasks)
    return results


@app.orchestration_trigger(context_name="context")
def provision_device(context: df.DurableOrchestrationContext):
    device_id = context.get_input()
    package = yield context.call_activity("create_package", device_id)
    installed = yield context.call_sub_orchestrator("install", package)
    return installed


@app.orchestration_trigger(context_name="context")
def install(context: df.DurableOrchestrationContext):
    yield context.call_activity("create_package", context.get_input())
    return {"package": context.get_input(), "parent": context.parent_instance_id}


@app.orchestration_trigger(context_name="context")
def one_fails(context: df.DurableOrchestrationContext):
    """Each child on its own: one failure does not take the others' results away."""
    outcomes = []
    for device_id in ("good", "bad", "also good"):
        try:
            outcomes.append((yield context.call_sub_orchestrator("fragile", device_id)))
        except Exception as error:
            outcomes.append(str(error).split(" \n ")[0])
    return outcomes


@app.orchestration_trigger(context_name="context")
def fragile(context: df.DurableOrchestrationContext):
    if context.get_input() == "bad":
        raise RuntimeError("cannot provision")
    package = yield context.call_activity("create_package", context.get_input())
    return package


@app.orchestration_trigger(context_name="context")
def waits_for_child(context: df.DurableOrchestrationContext):
    try:
        result = yield context.call_sub_orchestrator("waits", None, f"{context.instance_id}-child")
    except Exception as error:
        return f"child ended: {str(error).split(chr(10))[0].strip()}"
    return result


@app.orchestration_trigger(context_name="context")
def waits(context: df.DurableOrchestrationContext):
    value = yield context.wait_for_external_event("Go")
    return value


@app.orchestration_trigger(context_name="context")
def eternal_child_parent(context: df.DurableOrchestrationContext):
    result = yield context.call_sub_orchestrator("counts_up", 0)
    return result


@app.orchestration_trigger(context_name="context")
def counts_up(context: df.DurableOrchestrationContext):
    yield context.call_activity("create_package", context.get_input())
    if context.get_input() < 3:
        context.continue_as_new(context.get_input() + 1)
        return None
    return [context.get_input(), context.parent_instance_id]


@app.activity_trigger(input_name="unused")
def get_new_device_ids(unused) -> list:
    return ["device-a", "device-b", "device-c"]


@app.activity_trigger(input_name="device")
def create_package(device) -> str:
    return f"package for {device}"
