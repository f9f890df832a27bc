"""A learner is removed after an hour without a broker: subscribers hear of every end all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.services.removal import LearnerRemoval
from shared.store.documents import Documents
from tests.support.broker import BrokerProcess, need_broker
from tests.support.flow import Flow
from tests.support.furnishing import furnish, processes
from tests.support.model_provider import ModelProvider
from tests.support.service_bus import Namespace
from tests.support.store_file import stored_documents

need_broker()

pytestmark = pytest.mark.usefixtures("broken_connections_collected")


@pytest.fixture
def provider() -> Iterator[ModelProvider]:
    with ModelProvider(modules=2) as provider:
        yield provider


async def test_what_was_not_told_yet_is_sent_by_the_last_sweep(
    tmp_path: Path, provider: ModelProvider, broker: BrokerProcess, namespace: Namespace
) -> None:
    connection = broker.connection_string
    async with processes(tmp_path, provider, ServiceBusConnection=connection) as [clients]:
        clients._documents = Documents(clients.documents.store, lambda _: None)  # nothing is sent at once
        flow = Flow([clients])
        await furnish(clients, flow, "ada")
        await LearnerRemoval(clients, flow.orchestrations).request("ada")
        flow.started = [one for one in flow.started if one[0] == "removal_orchestrator"]
        await flow.run_all()
        assert stored_documents(tmp_path / "skillsync.db", "Outbox") == []
        assert stored_documents(tmp_path / "skillsync.db", "Removal") == []
        told = {event["type"] for event in await asyncio.to_thread(namespace.events)}
        assert told >= {"skillsync.roadmap.completed", "skillsync.roadmap.canceled"}
        assert told >= {"skillsync.lesson.completed", "skillsync.lesson.canceled"}
