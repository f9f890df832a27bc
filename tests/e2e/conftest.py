"""Hosts shared by the tests of one file: one without any provider, one with a fake provider at the wire.

Never by the tests of two files: lessons are shared between learners, so that a file would find what another
one has left in the library, or not, as the files happen to be dealt out to processes.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.app import app_host, with_provider
from tests.support.local_host import LocalHost
from tests.support.model_provider import ModelProvider
from tests.support.source_servers import in_own_process
from tests.support.tokens import KeySetServer, Signer


@pytest.fixture(scope="module")
def bare_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHost]:
    """The app with no key and no network."""
    with app_host(tmp_path_factory.mktemp("bare"), settings={"LLM_CHAIN": "groq"}) as host:
        yield host


@pytest.fixture(scope="session")
def signer() -> Signer:
    """The identity provider's key."""
    return Signer()


@pytest.fixture(scope="module")
def token_host(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[LocalHost]:
    """The app with no key and no network, where callers must bring tokens."""
    folder = tmp_path_factory.mktemp("tokens")
    with KeySetServer(signer) as keys, app_host(folder, settings=keys.settings()) as host:
        yield host


@pytest.fixture(scope="session")
def provider() -> Iterator[ModelProvider]:
    with ModelProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def model_host(tmp_path_factory: pytest.TempPathFactory, provider: ModelProvider) -> Iterator[LocalHost]:
    """The app with one provider, on two app processes."""
    folder = tmp_path_factory.mktemp("model")
    with app_host(folder, workers=2, settings=with_provider(provider)) as host:
        yield host


@pytest.fixture
def origin() -> Iterator[str]:
    """The fakes of all sources, as a process of their own."""
    with in_own_process() as origin:
        yield origin


@pytest.fixture(autouse=True)
def _forget_rules(provider: ModelProvider) -> None:
    provider.reset()
