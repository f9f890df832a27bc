"""Fan out, fan in: a list is fetched, each entry handled on its own, the results put together."""

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="backup", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start_backup(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    instance_id = await client.start_new("backup_site", client_input=req.get_json())
    return client.create_check_status_response(req, instance_id)


@app.orchestration_trigger(context_name="context")
def backup_site(context: df.DurableOrchestrationContext):
    files = yield context.call_activity("list_files", context.get_input()["files"])
    tasks = [context.call_activity("copy_file", file) for file in files]
    sizes = yield context.task_all(tasks)
    return sum(sizes)


@app.orchestration_trigger(context_name="context")
def in_rounds(context: df.DurableOrchestrationContext):
    """Rounds of bounded width, each gathered before the next."""
    total = 0
    for start in range(0, 12, 4):
        sizes = yield context.task_all(
            [context.call_activity("copy_file", f"f{n}") for n in range(start, start + 4)]
        )
        total += len(sizes)
        context.set_custom_status({"copied": total})
    return total


@app.orchestration_trigger(context_name="context")
def first_of_many(context: df.DurableOrchestrationContext):
    """Every task is read as it finishes: task_any over what is left."""
    left = [context.call_activity("copy_file", "a" * n) for n in range(1, 6)]
    sizes = []
    while left:
        done = yield context.task_any(left)
        sizes.append(done.result)
        left.remove(done)
    return sorted(sizes)


@app.activity_trigger(input_name="count")
def list_files(count: int) -> list:
    return [f"file-{n:03}" for n in range(count)]


@app.activity_trigger(input_name="path")
async def copy_file(path: str) -> int:
    return len(path)
