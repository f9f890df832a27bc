"""The queue as services need it: there, or a problem that names the setting."""

from __future__ import annotations

from http import HTTPStatus

from shared.clients import Clients
from shared.errors import Problem
from shared.messaging.service_bus import ServiceBus

NO_QUEUE = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "queue_unavailable",
    "There is no queue: set ServiceBusConnection or ServiceBusConnection__fullyQualifiedNamespace.",
)


def queue_of(clients: Clients) -> ServiceBus:
    """Return the namespace; raises a 503 Problem that names the setting where there is none."""
    if clients.service_bus is None:
        raise NO_QUEUE
    return clients.service_bus
