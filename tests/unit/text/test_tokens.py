"""Tokens: comparable across scripts, cases and plurals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.tokens import tokenise


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The Lists of a dictionary's keys", ["list", "dictionary", "s", "key"]),
        ("queries, classes and processes", ["query", "classe", "and", "processe"]),
        ("for x in y: while not with", ["for", "x", "in", "y", "while", "not", "with"]),
        ("C++ or C# or R", ["c++", "or", "c#", "or", "r"]),
        ("__init__ and str.format()", ["__init__", "and", "str", "format"]),
        ("ＰＹＴＨＯＮ Straße", ["python", "strasse"]),
        ("日本語", ["日本", "本語"]),
        ("Python入門", ["python", "入門"]),
        ("水", ["水"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("", []),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert tokenise(text) == tokens


@given(st.text())
def test_any_text_has_tokens_without_spaces(text: str) -> None:
    tokens = tokenise(text)
    assert all(token and not any(character.isspace() for character in token) for token in tokens)
    assert tokenise(text.strip()) == tokens
