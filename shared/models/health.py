"""What is answered to those who watch the app."""

from __future__ import annotations

from typing import Literal

from shared.models.base import Model


class Health(Model):
    """The app process answers."""

    status: Literal["ok"] = "ok"


class Readiness(Model):
    """Whether the app can do its work, and for each part what was found."""

    ready: bool
    checks: dict[str, str]
