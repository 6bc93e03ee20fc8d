"""A second look at the first candidates: do they say what the question asks, in one place?

The first ranking adds up scores of whole passages, so that a long passage on the topic
can pass a short one that answers. Here each candidate's best single statement is held
against the question's terms, weighted by rarity, and the question's neighbouring terms
are looked for as neighbours. Both signals are plain counts: they need no model, and no
word of any one corpus.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from chat.query import Query
from ingest.index import Index
from ingest.terms import terms_of

CONTEXT_SHARE = 0.5
"""What a term in the headings counts, beside one in the statement itself."""


@dataclass(frozen=True)
class PassageTerms:
    """The terms of one passage, as the second look needs them."""

    trail: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    """Neighbouring terms of the text."""
    statements: tuple[frozenset[str], ...]


class SecondLook:
    """Scores candidates of one index. Safe to share between threads."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._terms = lru_cache(maxsize=8192)(self._read)

    def coverage(self, query: Query, position: int) -> float:
        """0..1: the share of the question's rarity that the passage's best statement holds."""
        rarity = rarity_of(self._index, query.terms)
        terms = self._terms(position)
        return max((held(own, terms.trail, rarity) for own in terms.statements), default=0.0)

    def phrases(self, query: Query, position: int) -> float:
        """0..1: the share of the question's neighbouring terms that are neighbours here too."""
        wanted = set(pairwise(query.terms))
        return len(wanted & self._terms(position).pairs) / len(wanted) if wanted else 0.0

    def _read(self, position: int) -> PassageTerms:
        passage = self._index.passages[position]
        return PassageTerms(
            frozenset(terms_of(" ".join(passage.trail))),
            frozenset(pairwise(terms_of(passage.text))),
            tuple(frozenset(terms_of(s.reading)) for s in passage.statements),
        )


def held(own: Collection[str], context: Collection[str], rarity: Mapping[str, float]) -> float:
    """The share of the question's rarity in a statement; its headings count half."""
    return sum(
        weight * (1.0 if term in own else CONTEXT_SHARE if term in context else 0.0)
        for term, weight in rarity.items()
    )


def rarity_of(index: Index, terms: Sequence[str]) -> dict[str, float]:
    """Inverse document frequency of each term, scaled to a sum of 1."""
    weights = {term: rarity(index, document_frequency(index, term)) for term in terms}
    whole = sum(weights.values()) or 1.0
    return {term: weight / whole for term, weight in weights.items()}


def rarity(index: Index, frequency: int) -> float:
    """Inverse document frequency of what stands in so many passages."""
    return float(np.log(1 + len(index.passages) / (1 + frequency)))


def document_frequency(index: Index, term: str) -> int:
    """In how many passages a term stands."""
    position = index.bm25.vocab_dict.get(term)
    if position is None:
        return 0
    pointers = index.bm25.scores["indptr"]
    if position + 1 >= len(pointers):
        return 0  # bm25s keeps one entry for the empty term
    return int(pointers[position + 1] - pointers[position])
