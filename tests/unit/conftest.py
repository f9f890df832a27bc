"""What tests of Service Bus have in common: an embedded broker with the app's queues and topics."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import BrokerProcess
from tests.support.sdk_sockets import closed_for_the_sdk
from tests.support.service_bus import Namespace, app_entities, broker_folder


@pytest.fixture
def broken_connections_collected() -> Iterator[None]:
    """Close what the blocking clients of a test leave open, and collect the rest before another test begins.

    The SDK leaves the sockets of connections that break to the garbage collector; what is collected here was
    left by the app.
    """
    with closed_for_the_sdk():
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
