"""Spelling mistakes in names of subjects: "pyhton" is Python, "javascrpt" is JavaScript.

Only what is one slip of the fingers away from a long name is corrected, in a name of several words one in
each, and never one word of the language into another: whoever writes "closure" does not mean Clojure.
"""

from __future__ import annotations

from functools import cache

from shared.models.specification import normalise
from shared.planning.goals.names import canonical_name, known_names

# In a shorter name one other letter is another word ("rest" and "Rust").
_LEAST_LETTERS = 6
# What people learn most and no table of other names needs to hold.
_COMMON = """
Photography, Mathematics, Psychology, Philosophy, Economics, Accounting, Marketing, Statistics, Chemistry,
Physics, Biology, Astronomy, Programming, Algorithms, Data science, Data analysis, Data engineering,
Cybersecurity, Cryptography, Web development, Game development, Project management, Public speaking,
Graphic design, Spanish, French, German, Italian, English, Japanese, Chinese, Korean, Portuguese, Russian,
Arabic, Guitar, Violin, Drawing, Painting, Cooking, Gardening, Knitting, Woodworking, Calligraphy, Meditation,
Linear algebra, Calculus, Geometry, Blockchain, Entrepreneurship, Journalism, Architecture, Geography
"""
# Words of their own that are one letter away from a name.
_NO_MISTAKES = frozenset(
    {"closure", "docket", "drawling", "crooking", "panting", "pointing", "germane", "rushing"}
)


@cache
def _by_letter() -> dict[str, dict[str, str]]:
    """Return the names that may be meant and how to write them, by their first letter."""
    found: dict[str, dict[str, str]] = {}
    for name in known_names():
        _add(found, name, canonical_name(name) or name)
    for name in _COMMON.replace("\n", " ").split(","):
        _add(found, normalise(name), name.strip())
    return found


def _add(found: dict[str, dict[str, str]], name: str, shown: str) -> None:
    if len(name) >= _LEAST_LETTERS and name.replace(" ", "").isalpha():
        found.setdefault(name[0], {})[name] = shown


def corrected(text: str) -> str | None:
    """Return the subject that a misspelt name means; None when it is spelt well or nothing is close.

    A plural is no mistake.
    """
    name = normalise(text)
    names = _by_letter().get(name[:1], {})
    if name in names or name.removesuffix("s") in names or name in _NO_MISTAKES or canonical_name(name):
        return None
    meant = {shown for known, shown in names.items() if _is_meant(name, known)}
    return meant.pop() if len(meant) == 1 else None


def _is_meant(typed: str, meant: str) -> bool:
    """Tell whether a name is one slip away, or each of its words is; short words must be right."""
    words = list(zip(typed.split(), meant.split(), strict=False))
    several = len(words) > 1 and len(typed.split()) == len(meant.split())
    return _one_slip(typed, meant) or (
        several
        and all(
            one == other or (len(other) >= _LEAST_LETTERS and _one_slip(one, other)) for one, other in words
        )
    )


def _one_slip(typed: str, meant: str) -> bool:
    """Tell whether one letter is missing, doubled or wrong, or letters changed places."""
    if abs(len(typed) - len(meant)) > 1:
        return False
    if len(typed) == len(meant):
        wrong = [index for index, letter in enumerate(typed) if letter != meant[index]]
        return len(wrong) == 1 or (len(wrong) <= 3 and sorted(typed) == sorted(meant))
    shorter, longer = sorted((typed, meant), key=len)
    return any(longer[:index] + longer[index + 1 :] == shorter for index in range(len(longer)))
