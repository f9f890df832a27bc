"""What every resolver is given: who asks, and what it works with."""

from __future__ import annotations

from dataclasses import dataclass

from strawberry.types import Info

from shared.clients import Clients
from shared.orchestrations import Orchestrations
from shared.security.identity import Caller


@dataclass(frozen=True, slots=True)
class Context:
    """One request."""

    clients: Clients
    caller: Caller
    orchestrations: Orchestrations
    idempotency_key: str | None


Asked = Info[Context, None]
