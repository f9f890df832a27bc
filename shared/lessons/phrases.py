"""The frame's own sentences (headings, tasks, labels) in the learner's language, from `phrases.json`.

A new language is one more object in that file with the keys of "en"; a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

FALLBACK = "en"


@lru_cache(maxsize=1)
def all_phrases() -> dict[str, dict[str, str]]:
    """Return every language's table, read once per process."""
    content = Path(__file__).with_name("phrases.json").read_text(encoding="utf-8")
    return cast("dict[str, dict[str, str]]", json.loads(content))


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's table; `language` is the tag of the table, not always the one that was asked for."""

    language: str
    table: Mapping[str, str]

    @classmethod
    def of(cls, language: str) -> Phrases:
        """Return the table of a language tag ("de-AT" has that of "de"), else the English one."""
        primary = primary_language(language)
        tables = all_phrases()
        chosen = primary if primary in tables else FALLBACK
        return cls(chosen, tables[chosen])

    def __call__(self, key: str, **values: object) -> str:
        """Return a phrase with its places filled."""
        return self.table[key].format(**values)

    def name_of(self, language: str) -> str:
        """Return a language's name in this language, or its tag where the table has none."""
        primary = primary_language(language)
        return self.table.get(f"language_{primary}", primary)


def primary_language(tag: str) -> str:
    """Return the language of a tag without its region: "pt-BR" is "pt"."""
    return tag.replace("_", "-").split("-", 1)[0].casefold() or FALLBACK
