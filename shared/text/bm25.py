"""Okapi BM25: which of some documents answers a query best.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the inverse
document frequency of Lucene, which is never negative.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from shared.text.tokens import tokenise


class Bm25:
    """An index over a fixed list of documents, each given as its tokens."""

    def __init__(self, documents: Sequence[Sequence[str]], *, k1: float = 1.2, b: float = 0.75) -> None:
        """Index the documents; `k1` bounds what repetition earns, `b` how much length is held against one."""
        self._k1 = k1
        self._counts = [Counter(document) for document in documents]
        mean_length = sum(map(len, documents)) / len(documents) if documents else 0.0
        self._norms = [
            k1 * (1 - b + b * len(document) / mean_length) if mean_length else k1 for document in documents
        ]
        frequencies = Counter(token for counts in self._counts for token in counts)
        self._weights = {
            token: math.log(1 + (len(documents) - frequency + 0.5) / (frequency + 0.5))
            for token, frequency in frequencies.items()
        }

    @classmethod
    def of_texts(cls, texts: Iterable[str]) -> Bm25:
        """Index plain texts."""
        return cls([tokenise(text) for text in texts])

    def scores(self, query: Iterable[str]) -> list[float]:
        """Return each document's score for a query's tokens, in the documents' order; 0 for no match."""
        weighted = [(token, self._weights[token]) for token in sorted(set(query)) if token in self._weights]
        return [
            sum(
                weight * counts[token] * (self._k1 + 1) / (counts[token] + norm)
                for token, weight in weighted
                if token in counts
            )
            for counts, norm in zip(self._counts, self._norms, strict=True)
        ]

    def rank(self, query: Iterable[str]) -> list[tuple[int, float]]:
        """Return (index, score) of the documents that match at all, best first, ties in order."""
        scored = [(index, score) for index, score in enumerate(self.scores(query)) if score > 0]
        return sorted(scored, key=lambda pair: (-pair[1], pair[0]))
