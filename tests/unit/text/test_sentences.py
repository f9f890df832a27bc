"""Sentences are cut where a reader would cut them, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.sentences import split_sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["Lists are mutable.", "Tuples are not."],
        ["Since Python 3.11 this works, e.g. in loops, i.e. everywhere.", "It is faster."],
        ["Call `a. B()` first.", "`b()` follows."],
        ['The value is ".. A. B" here.', '"range()" is next.'],
        ["It holds (if any. Or none.) a value.", "See it?", "Yes!"],
        ["(This is one sentence. In brackets.)", "Next one."],
        ["He said “Go. Come.” and left.", "Then J. R. Smith came."],
        ["See https://example.org/a.B?c=D for more.", "Then go on."],
        ["Das gilt z.B. Listen, d.h. Folgen.", "Es bleibt so."],
        ["これは文です。", "次の文です。", "終わり"],
        ["Only 3.5 percent of U.S. Farms agree.", "Dr. Smith said so."],
        ["No end"],
    ],
)
def test_sentences(sentences: list[str]) -> None:
    joined = "".join(sentence + ("" if sentence.endswith("。") else " ") for sentence in sentences)
    assert split_sentences(joined) == [*sentences[:-1], sentences[-1].strip()]


@given(st.text(alphabet=st.sampled_from("ab A.!?\"'`()[]“”。\n 1")))
def test_nothing_is_lost(text: str) -> None:
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())
