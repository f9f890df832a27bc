"""Queue: what other back ends and the app's own batches ask for."""

from __future__ import annotations

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.models.base import in_utc
from shared.orchestrations import Orchestrations

blueprint = df.Blueprint()


@blueprint.service_bus_queue_trigger(
    arg_name="message", queue_name="%LESSON_QUEUE%", connection="ServiceBusConnection"
)
@blueprint.durable_client_input(client_name="client")
async def take_message(message: func.ServiceBusMessage, client: df.DurableOrchestrationClient) -> None:
    """Take one message: begin what it asks for and return; what raises is delivered again."""
    from shared.services.intake import Delivery, Intake  # cold start does not need it

    delivery = Delivery(
        body=message.get_body(),
        # A sender need not give an id; the broker's number is the next best name.
        message_id=message.message_id or f"number-{message.sequence_number}",
        correlation_id=message.correlation_id,
        # The host hands it over without its zone.
        enqueued_at=in_utc(message.enqueued_time_utc) if message.enqueued_time_utc else None,
    )
    await Intake(get_clients(), Orchestrations(client)).take(delivery)
