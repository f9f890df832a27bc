"""Functions that the real host refuses, beside ones that it loads."""

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def answer(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.url)


def add(name: str, route: str | None, methods: list[str] | None = None) -> None:
    """Add one HTTP function."""
    app.function_name(name)(app.route(route=route, methods=methods)(answer))


add("good", "good")
add("administer", "administer")
add("running", "runtime/x")
add("1digit", "digit")
add("host", "hosting")
add("first", "same/{id}", ["GET"])
add("second", "SAME/{id}", ["GET", "POST"])
add("third", "same/{id}", ["PUT"])
add("any_method", "any/{id}")
add("one_method", "any/{id}", ["GET"])
add("zulu", "in-the-order-of-names")
add("alpha", "in-the-order-of-names")
add("twin", "twin")
add("TWIN", "other-twin")
add("slashed", "/slashed")
add("brace", "a/{b")
add("unknown_constraint", "c/{d:prime}")


@app.timer_trigger(schedule="61 * * * * *", arg_name="timer")
def bad_schedule(timer: func.TimerRequest) -> None:
    """Never runs."""


@app.timer_trigger(schedule="%NOT_SET%", arg_name="timer")
def unset_schedule(timer: func.TimerRequest) -> None:
    """Never runs."""


@app.queue_trigger(arg_name="message", queue_name="q", connection="AzureWebJobsStorage")
def storage_queue(message: func.QueueMessage) -> None:
    """Never runs: the binding is not emulated."""


@app.route(route="switched-off")
def switched_off(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("still reachable with the master key")
