"""A queue trigger that takes its time, and notes when it begins and ends."""

import asyncio
import json
import os
from pathlib import Path

import azure.functions as func

app = func.FunctionApp()


@app.service_bus_queue_trigger(arg_name="message", queue_name="work", connection="ServiceBusConnection")
async def work(message: func.ServiceBusMessage) -> None:
    seconds = float(message.get_body())
    note(event="begun", id=message.message_id, deliveries=message.delivery_count, process=os.getpid())
    await asyncio.sleep(seconds)
    note(event="ended", id=message.message_id, deliveries=message.delivery_count)


def note(**fields: object) -> None:
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(json.dumps(fields) + "\n")
