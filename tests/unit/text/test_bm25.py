"""BM25: the textbook's properties and figures."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.bm25 import Bm25


def test_the_passage_about_the_query_wins() -> None:
    index = Bm25.of_texts(["Tuples are immutable sequences.", "Lists are mutable.", "The weather is fine."])
    assert [document for document, _ in index.rank(["mutable", "list"])] == [1]
    assert index.rank(["nothing"]) == []


def test_score_follows_the_formula() -> None:
    index = Bm25([["a", "a", "b"], ["b"]])
    weight = math.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    norm = 1.2 * (1 - 0.75 + 0.75 * 3 / 2)
    assert index.scores(["a"]) == [pytest.approx(weight * 2 * 2.2 / (2 + norm)), 0]


def test_rare_words_weigh_more_than_common_ones() -> None:
    index = Bm25([["common", "rare"], ["common", "other"], ["common", "third"]])
    assert index.scores(["rare"])[0] > index.scores(["common"])[0] > 0


def test_ties_keep_the_order_and_an_empty_index_answers() -> None:
    assert [document for document, _ in Bm25([["x"], ["x"], ["x"]]).rank(["x"])] == [0, 1, 2]
    assert Bm25([]).rank(["x"]) == []
    assert Bm25([[], []]).scores(["x"]) == [0, 0]


@given(
    st.lists(st.lists(st.sampled_from("abcdef"), max_size=8), max_size=6),
    st.lists(st.sampled_from("abcdefg")),
)
def test_scores_are_never_negative_and_repeating_the_query_changes_nothing(
    documents: list[list[str]], query: list[str]
) -> None:
    index = Bm25(documents)
    scores = index.scores(query)
    assert all(score >= 0 for score in scores)
    assert index.scores(query + query) == scores
