"""Without a connection string: a managed identity's token, over TLS, as in Azure."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest
from pytest_httpserver import HTTPServer

from shared.errors import QueueUnavailable
from shared.messaging.service_bus import Message, ServiceBus
from shared.models.outbox import Destination
from shared.settings import load_settings
from tests.support.app import app_settings
from tests.support.broker import BrokerProcess, need_broker
from tests.support.certificates import loopback_tls
from tests.support.service_bus import Namespace
from tests.support.tls_entrance import TlsEntrance

need_broker()

CLIENT_ID = "0f1e2d3c-0000-4000-8000-000000000000"
TOKEN = "header.managed-identity.signature"
ENDPOINT: dict[str, Any] = {"method": "GET", "uri": "/msi/token"}


@pytest.fixture
def entrance(tmp_path: Path, broker: BrokerProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[TlsEntrance]:
    """The broker behind TLS, with a certificate that the client is made to trust."""
    context = loopback_tls(tmp_path)
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "loopback.pem"))
    with TlsEntrance(context, broker.port) as entrance:
        yield entrance


@pytest.fixture
async def service_bus(
    tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ServiceBus]:
    """The app's own client, on an App Service instance with a user-assigned identity."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", httpserver.url_for("/msi/token"))
    monkeypatch.setenv("IDENTITY_HEADER", "of-this-instance")
    settings = load_settings(
        app_settings(
            tmp_path,
            ServiceBusConnection__fullyQualifiedNamespace="127.0.0.1",
            ServiceBusConnection__clientId=CLIENT_ID,
            ServiceBusConnection__credential="managedidentity",
        )
    )
    service_bus = ServiceBus(settings, answer_seconds=5.0)
    yield service_bus
    await service_bus.close()


def an_event() -> Message:
    return Message("m-1", "skillsync.lesson.completed", {"number": 1})


async def test_the_apps_identity_opens_the_namespace(
    entrance: TlsEntrance, service_bus: ServiceBus, httpserver: HTTPServer, namespace: Namespace
) -> None:
    answer = {
        "access_token": TOKEN,
        "expires_on": str(int(time.time()) + 3600),
        "resource": "https://servicebus.azure.net/",
        "token_type": "Bearer",
    }
    httpserver.expect_request(**ENDPOINT).respond_with_json(answer)
    await service_bus.send(Destination.EVENTS, [an_event()])
    assert namespace.events() == [{"number": 1}]

    [asked] = [request for request, _ in httpserver.log]
    assert asked.headers["X-IDENTITY-HEADER"] == "of-this-instance"
    assert asked.args["client_id"] == CLIENT_ID
    assert asked.args["resource"].startswith("https://servicebus.azure.net")
    # The claims-based security of AMQP: a token of an identity is a `jwt`, that of a key a `sastoken`.
    assert all(word in entrance.said for word in (b"put-token", b"jwt", TOKEN.encode()))
    assert b"servicebus.windows.net:sastoken" not in entrance.said


@pytest.mark.usefixtures("entrance")
async def test_an_identity_that_gets_no_token_leaves_the_event_to_be_sent_later(
    service_bus: ServiceBus, httpserver: HTTPServer, namespace: Namespace
) -> None:
    httpserver.expect_request(**ENDPOINT).respond_with_json({"error": "no such identity"}, status=400)
    with pytest.raises(QueueUnavailable):
        await service_bus.send(Destination.EVENTS, [an_event()])
    assert namespace.events() == []
    assert service_bus.trouble[Destination.EVENTS]
