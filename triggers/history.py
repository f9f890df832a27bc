"""Timer: removing the histories of orchestrations that ended long ago."""

from __future__ import annotations

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.orchestrations import Orchestrations

blueprint = df.Blueprint()


@blueprint.timer_trigger(schedule="0 30 3 * * *", arg_name="timer", run_on_startup=False)
@blueprint.durable_client_input(client_name="client")
async def purge_histories(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:  # noqa: ARG001
    """Every night: what has ended and was started more than HISTORY_KEPT_DAYS ago."""
    from shared.services.history import HistoryPurge  # cold start does not need it

    await HistoryPurge(get_clients(), Orchestrations(client)).purge()
