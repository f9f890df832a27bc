"""The app on the local host, with its settings for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from tests.support.local_host import ROOT, LocalHost
from tests.support.model_provider import ModelProvider

# What a machine may have set for itself must not reach the app under test.
_BLANK = (
    "CONTAINER_NAME",
    "COSMOS_ENDPOINT",
    "WEBSITE_INSTANCE_ID",
    "WEBSITE_SITE_NAME",
    "ServiceBusConnection",
    "LLM__DEEPSEEK__API_KEY",
    "LLM__GROQ__API_KEY",
    "LLM__GEMINI__API_KEY",
)


def app_settings(folder: Path, **settings: str) -> dict[str, str]:
    """Return settings for a developer's machine with an empty store in `folder` and no network."""
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
        "AUTH_MODE": "development",
        "TASK_HUB": "Tests",
        "LESSON_QUEUE": "lesson-generation",
        "SQLITE_PATH": str(folder / "skillsync.db"),
        "RESEARCH_SOURCES": "pydoc",
        "QUOTA_ROADMAPS_PER_DAY": "1000",
        "QUOTA_LESSONS_PER_DAY": "1000",
        "QUOTA_REGENERATIONS_PER_DAY": "1000",
        # Which version a learner is given must not depend on the random names of tests.
        "CHALLENGER_SHARE": "0",
        **settings,
    }


def with_provider(provider: ModelProvider, name: str = "fake", timeout_seconds: float = 10) -> dict[str, str]:
    """Return the settings of a chain that is this provider alone."""
    return {
        "LLM_CHAIN": name,
        f"LLM__{name.upper()}__BASE_URL": provider.base_url,
        f"LLM__{name.upper()}__MODEL": "fake-1",
        f"LLM__{name.upper()}__PRICE_IN": "1",
        f"LLM__{name.upper()}__PRICE_OUT": "2",
        f"LLM__{name.upper()}__TIMEOUT_S": f"{timeout_seconds:g}",
    }


def app_host(
    folder: Path,
    *,
    workers: int = 1,
    on_worker_exit: Literal["fail", "redeliver"] = "fail",
    settings: dict[str, str] | None = None,
    app: Path = ROOT,
) -> LocalHost:
    """Return the local host for this app, or for a copy of it in `app`; a context manager."""
    return LocalHost(
        app,
        settings=app_settings(folder, **(settings or {})),
        env=dict.fromkeys(_BLANK, "") | (settings or {}),
        workers=workers,
        on_worker_exit=on_worker_exit,
        data=folder / "host",
    )
