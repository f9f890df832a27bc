"""Why a brief can become no lesson."""

from __future__ import annotations

from shared.errors import SkillSyncError


class NothingToCompose(SkillSyncError):
    """The brief cannot carry an honest lesson; the text says why, for people."""
