"""What tests of Service Bus have in common: an embedded broker with the app's queues and topics."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import BrokerProcess
from tests.support.service_bus import Namespace, app_entities, broker_folder


@pytest.fixture
def broken_connections_collected() -> Iterator[None]:
    """Run the garbage collector after the test, and not in the middle of another one.

    The SDK leaves the sockets of connections that break to it.
    """
    yield
    gc.collect()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    """Run a broker for one test."""
    with BrokerProcess(broker_folder(tmp_path), app_entities()) as broker:
        yield broker


@pytest.fixture
def namespace(broker: BrokerProcess) -> Namespace:
    """Speak to the broker as another back end or an operator does."""
    return Namespace(broker.connection_string)
