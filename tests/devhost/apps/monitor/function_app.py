"""Monitor: poll until a condition holds or the time is up, sleeping on durable timers between."""

from collections import Counter
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
POLLS: Counter[str] = Counter()


@app.orchestration_trigger(context_name="context")
def monitor_job(context: df.DurableOrchestrationContext):
    job = context.get_input()
    expiry = context.current_utc_datetime + timedelta(seconds=job["expires_after"])
    while context.current_utc_datetime < expiry:
        status = yield context.call_activity("get_job_status", {**job, "id": context.instance_id})
        context.set_custom_status(status)
        if status == "Completed":
            sent = yield context.call_activity("send_alert", context.instance_id)
            return sent
        next_check = context.current_utc_datetime + timedelta(seconds=job["interval"])
        yield context.create_timer(next_check)
    return "expired"


@app.activity_trigger(input_name="job")
def get_job_status(job: dict) -> str:
    POLLS[job["id"]] += 1
    return "Completed" if POLLS[job["id"]] >= job["polls"] else "Running"


@app.activity_trigger(input_name="machine")
def send_alert(machine: str) -> str:
    return f"alert for {machine}"
