"""Timer: sending what was stored to be sent and is still there."""

from __future__ import annotations

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients

blueprint = df.Blueprint()


@blueprint.timer_trigger(schedule="30 * * * * *", arg_name="timer", run_on_startup=False)
async def send_outbox(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    """Every minute: events and messages that no process has sent within 30 seconds."""
    clients = get_clients()
    if clients.service_bus is None:
        return
    from shared.services.outbox import OutboxSweep  # cold start does not need it

    await OutboxSweep(clients).sweep()
