"""How long a lesson takes to read."""

from __future__ import annotations

import math
import re

from shared.models.content import LessonContent

WORDS_PER_MINUTE = 238
"""Silent reading of English non-fiction: Brysbaert (2019), Journal of Memory and Language 109."""
CHARACTERS_PER_MINUTE = 255
"""Chinese: Trauzettel-Klosinski and Dietz (2012), Investigative Ophthalmology & Visual Science 53."""

_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


def reading_minutes(content: LessonContent) -> int:
    """Return the minutes that the lesson's text takes, rounded up: 1 to 600; practice is not counted."""
    texts = [content.summary, *content.objectives]
    texts += [f"{concept.term} {concept.definition}" for concept in content.key_concepts]
    texts += [f"{section.heading} {section.markdown}" for section in content.sections]
    return minutes_of(" ".join(texts))


def minutes_of(text: str) -> int:
    """Return the minutes for a text, in scripts with and without spaces between words."""
    unspaced = len(_UNSPACED.findall(text))
    words = len(_UNSPACED.sub(" ", text).split())
    return min(max(math.ceil(words / WORDS_PER_MINUTE + unspaced / CHARACTERS_PER_MINUTE), 1), 600)
