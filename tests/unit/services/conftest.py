"""A fake model provider for the tests of a file; each of them finds it without rules and requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.model_provider import ModelProvider


@pytest.fixture(scope="module")
def _running_provider() -> Iterator[ModelProvider]:
    with ModelProvider() as provider:
        yield provider


@pytest.fixture
def provider(_running_provider: ModelProvider) -> ModelProvider:
    """Answer every step as a good model would, unless a test scripts it."""
    _running_provider.reset()
    return _running_provider
