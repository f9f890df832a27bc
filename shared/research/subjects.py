"""What a subject is called where it is looked up: its plain name, its tag, and whether it is software at all.

A subject may say which of several meanings it has: "Go (programming language)", "Go (board game)".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.models.specification import normalise
from shared.research.protocol import Hit, Question, SourceSkipped
from shared.text.queries import query_of
from shared.text.stems import search_tokens

MAX_QUERY_CHARACTERS = 200

_qualified = re.compile(r"(.+?)\s*\(([^()]+)\)")
_software = re.compile(r"\b(?:programming|software|framework|library|engine|database|subset|protocol)\b")
# Signs that mean something in a search or begin a word; "C++", "C#", ".NET" and "Node.js" keep theirs.
_signs = re.compile(r"(?<!\S)[^\w\s.]+|[\"~*:|!(){}\[\]\\`<>?/,;]")

# Tags that are not the subject's name with hyphens: on Stack Overflow, and on Dev.to, which has no signs.
_TAGS = {
    "react": ("reactjs", "react"),
    "vue.js": ("vue.js", "vue"),
    "node.js": ("node.js", "node"),
    "next.js": ("next.js", "nextjs"),
    "c++": ("c++", "cpp"),
    "c#": ("c#", "csharp"),
    "f#": ("f#", "fsharp"),
    ".net": (".net", "dotnet"),
    "bash": ("bash", "bash"),
    "git": ("git", "git"),
}

# A page about software shows code or speaks of it.
_SOFTWARE_WORDS = frozenset(
    search_tokens(
        "program programming programmer code software compiler interpreter function variable class method "
        "syntax library framework runtime developer application API server database query script command"
    )
)


@dataclass(frozen=True, slots=True)
class SearchWords:
    """What to search for: `narrow` names subject and lesson; tags are empty where none can exist."""

    name: str
    meaning: str
    tag: str
    compact_tag: str
    narrow: str


def split_meaning(subject: str) -> tuple[str, str]:
    """Return a subject's plain name and which meaning of it is meant, empty if it does not say."""
    match = _qualified.fullmatch(subject.strip())
    return (match[1], normalise(match[2])) if match else (subject.strip(), "")


def is_software(meaning: str) -> bool:
    """Tell whether a meaning is one of software; a subject that does not say may be."""
    return not meaning or _software.search(meaning) is not None


def search_words(question: Question) -> SearchWords:
    """Return what to look a question up by where software is discussed."""
    name, meaning = split_meaning(question.subject)
    plain = normalise(name)
    slug = re.sub(r"[^\w.+#]+", "-", plain).strip("-")
    tag, compact = _TAGS.get(plain, (slug, re.sub(r"[\W_]", "", plain)))
    asked = [word for word in question.lesson_title.split() if query_of(word)]
    words = _signs.sub(" ", f"{name} {question.focus} {' '.join(asked)}").split()
    unique = dict.fromkeys(words)
    narrow = " ".join(unique)[:MAX_QUERY_CHARACTERS].strip()
    return SearchWords(name, meaning, tag[:35], compact[:30] if compact.isascii() else "", narrow)


def software_words(question: Question) -> SearchWords:
    """Return what to look a question up by; raises SourceSkipped for a subject that is no software."""
    words = search_words(question)
    if not is_software(words.meaning) or not words.compact_tag:
        raise SourceSkipped("covers software only")
    return words


def of_other_subject(question: Question, hit: Hit) -> bool:
    """Tell whether a page is about something else of the same name: a "Go" lesson has no board game.

    A page is judged only where the subject says which meaning it has: its title names another meaning, or
    neither title nor text shows a word of the one that is meant.
    """
    name, meaning = split_meaning(question.subject)
    if not meaning:
        return False
    wanted = set(search_tokens(meaning))
    titled, other = split_meaning(hit.title)
    if other and normalise(titled) == normalise(name) and not wanted & set(search_tokens(other)):
        return True
    if hit.language != "en" and not hit.language.startswith("en-"):
        return False  # the words below are English
    if is_software(meaning) and any(passage.kind == "code" for passage in hit.passages):
        return False
    evidence = _SOFTWARE_WORDS if is_software(meaning) else wanted
    needed = min(2, len(evidence))
    shown: set[str] = set(search_tokens(hit.title))
    for passage in hit.passages:
        shown |= set(search_tokens(passage.text))
    return len(shown & evidence) < needed
