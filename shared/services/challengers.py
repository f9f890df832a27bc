"""Which version a new learner of a shared lesson is given: the best, or for a small share a challenger.

Without challengers a new version would never be judged: nobody would see it beside an older one with votes.
"""

from __future__ import annotations

import hashlib

from shared.models.library import LessonHead
from shared.models.ranking import VersionStanding, challengers
from shared.security.pseudonym import pseudonym
from shared.settings import Settings

_DRAWS = 2**64


def version_for(settings: Settings, user_id: str, head: LessonHead) -> VersionStanding | None:
    """Return the version for a learner who has none yet; None when there is none to be served.

    The draw depends on learner and lesson alone, so a repeat draws the same among the same versions.
    """
    ranking = head.ranking
    if not ranking:
        return None
    trying = challengers(ranking)
    digest = hashlib.sha256(f"{pseudonym(settings, user_id)} {head.key}".encode()).digest()
    draw, choice = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:16], "big")
    if not trying or draw >= settings.challenger_share * _DRAWS:
        return ranking[0]
    return trying[choice % len(trying)]
