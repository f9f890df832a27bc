"""HTTP: GraphQL, the operations and names of the first front end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from shared.orchestrations import Orchestrations
from shared.security.identity import Caller
from triggers.answers import json_answer
from triggers.endpoints import Access, endpoint, ok
from triggers.questions import idempotency_key

if TYPE_CHECKING:
    from shared.models.graphql import GraphQLRequest

blueprint = df.Blueprint()


@endpoint(
    blueprint,
    "POST",
    "graphql",
    access=Access.LEARNER,
    body="graphql.GraphQLRequest",
    headers=("Idempotency-Key",),
    answers=(ok("graphql.GraphQLAnswer"),),
)
async def execute_graphql(
    req: func.HttpRequest, caller: Caller, body: GraphQLRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Execute a GraphQL operation.

    Errors of operations stand in `errors`, each with the code of the HTTP API in `extensions`; the status is
    200. Depth, aliases and tokens are bounded, and outside development the schema is not told.
    """
    from triggers.graphql_schema.context import Context
    from triggers.graphql_schema.execution import execute

    context = Context(get_clients(), caller, Orchestrations(client), idempotency_key(req))
    return json_answer(await execute(body, context))
