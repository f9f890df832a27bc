"""Timer: starting again what was left behind."""

from __future__ import annotations

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.orchestrations import Orchestrations

blueprint = df.Blueprint()


@blueprint.timer_trigger(schedule="0 * * * * *", arg_name="timer", run_on_startup=False)
@blueprint.durable_client_input(client_name="client")
async def reconcile(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:  # noqa: ARG001
    """Every minute: documents whose orchestration is gone get a new attempt, or an honest end."""
    from shared.services.reconciliation import Reconciler  # cold start does not need it

    await Reconciler(get_clients(), Orchestrations(client)).sweep()
