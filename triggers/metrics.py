"""HTTP: what operators see of the app's work.

Each handler imports what it works with when it is first called: cold start is a feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.durable_functions as df
import azure.functions as func

from shared.clients import get_clients
from triggers.answers import json_answer
from triggers.endpoints import Access, endpoint, ok

if TYPE_CHECKING:
    from shared.models.metrics import MetricsQuery
    from shared.models.queries import PageQuery

blueprint = df.Blueprint()


@endpoint(
    blueprint,
    "GET",
    "ops/metrics",
    access=Access.ADMIN,
    query="metrics.MetricsQuery",
    answers=(ok("metrics.Metrics"),),
)
async def get_metrics(query: MetricsQuery) -> func.HttpResponse:
    """Read hit rates, providers, cost, versions and regenerations by day, and the state of now.

    It is answered from counts by day. Learners appear as counts alone; what rests on a sample says so.
    """
    from shared.services.metrics import Operations

    return json_answer(await Operations(get_clients()).metrics(query.days))


@endpoint(
    blueprint,
    "GET",
    "ops/tasks",
    access=Access.ADMIN,
    query="queries.PageQuery",
    answers=(ok("metrics.AllTasks"),),
)
async def list_all_tasks(query: PageQuery) -> func.HttpResponse:
    """List the tasks of all learners, newest first, and tell how many there are of each status."""
    from shared.services.metrics import Operations

    return json_answer(await Operations(get_clients()).tasks(query.limit, query.continuation))
