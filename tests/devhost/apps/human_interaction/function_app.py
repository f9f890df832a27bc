"""Human interaction: a challenge is sent, three answers are allowed, then the time is up."""

from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="verify/{instanceId}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def answer(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    await client.raise_event(req.route_params["instanceId"], "SmsChallengeResponse", req.get_json()["code"])
    return func.HttpResponse(status_code=202)


@app.orchestration_trigger(context_name="context")
def phone_verification(context: df.DurableOrchestrationContext):
    request = context.get_input()
    code = yield context.call_activity("send_challenge", request["phone"])
    due = context.current_utc_datetime + timedelta(seconds=request["seconds"])
    timeout_task = context.create_timer(due)
    context.set_custom_status("challenge sent")
    authorized = False
    for _ in range(3):
        challenge_response_task = context.wait_for_external_event("SmsChallengeResponse")
        winner = yield context.task_any([challenge_response_task, timeout_task])
        if winner == timeout_task:
            break
        if int(challenge_response_task.result) == code:
            authorized = True
            break
    if not timeout_task.is_completed:
        timeout_task.cancel()
    return authorized


@app.orchestration_trigger(context_name="context")
def approval(context: df.DurableOrchestrationContext):
    """Two kinds of answer; whichever comes first decides."""
    context.set_custom_status("awaiting decision")
    approve = context.wait_for_external_event("Approve")
    reject = context.wait_for_external_event("Reject")
    winner = yield context.task_any([approve, reject])
    return {"approved": winner == approve, "by": winner.result}


@app.orchestration_trigger(context_name="context")
def all_signatures(context: df.DurableOrchestrationContext):
    """Several named events at once."""
    signatures = yield context.task_all(
        [context.wait_for_external_event(name) for name in ("Ann", "Bob", "Cem")]
    )
    return signatures


@app.activity_trigger(input_name="phone")
def send_challenge(phone: str) -> int:
    return int(phone[-4:])
