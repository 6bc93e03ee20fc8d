"""Do the documents answer this question? A calibrated probability, not a guessed cut.

Logistic regression over a few signals of one retrieval. Coefficients, what they were
fitted on and the threshold stand in `answerability.json`; `python -m eval fit` fits them
again on the development split of a golden set, over the whole index and over parts of it,
so that they hold for a handful of documents as for hundreds.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chat.extractive import Chosen, Style, score_statements
from chat.query import Query, names_in
from chat.reranking import document_frequency
from chat.reranking import rarity as rarity_in
from chat.retrieval import Retrieval
from chat.word_match import word_match
from ingest.index import Index
from ingest.terms import terms_of

FEATURES = (
    "words",
    "rare_words",
    "weakest_words",
    "held",
    "statement",
    "statement_ahead",
    "lift_ahead",
    "sources",
    "missing_names",
    "terms",
    "phrases",
)
_FIRST = 5
"""Passages, and statements, that are looked at."""
_FILE = Path(__file__).with_name("answerability.json")


@dataclass(frozen=True)
class Calibration:
    """A fitted logistic regression and the probability from which an answer is given."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: float
    threshold: float

    def probability(self, features: Sequence[float]) -> float:
        """The calibrated probability that the documents answer."""
        x = (np.asarray(features) - self.mean) / self.scale
        return float(1 / (1 + np.exp(-(x @ self.weights + self.bias))))


@cache
def calibration() -> Calibration:
    """The committed coefficients."""
    values = json.loads(_FILE.read_text(encoding="utf-8"))
    assert tuple(values["features"]) == FEATURES, "answerability.json is of another version"
    return Calibration(
        np.asarray(values["mean"]),
        np.asarray(values["scale"]),
        np.asarray(values["weights"]),
        float(values["bias"]),
        float(values["threshold"]),
    )


def features_of(index: Index, retrieval: Retrieval) -> list[float]:
    """The signals of one retrieval, in the order of `FEATURES`.

    How well one statement matches the question's words, by their rarity in English and in
    the documents, and the two that it matches worst; the share of the question's rarity that
    one holds to the letter; how well the best one fits as a whole, and how far that and its
    lift over the rest exceed what is usual between the documents; over how many documents the
    first passages are scattered; the share of the question's rarity that lies in names which
    they do not have; how many terms it has; neighbouring terms found as neighbours. They are
    those of the built-in order, whatever a reranker made of it.
    """
    retrieval = retrieval.as_found()
    ranked = [r for r in retrieval.ranked if r.passage.kind != "question"]
    statements = score_statements(index, retrieval, Style())
    if not ranked or not statements:
        return [*np.zeros(7), float(_FIRST), 1.0, 0.0, 0.0]
    query = retrieval.query
    rarity = _rarities(index, query)
    total = sum(rarity.values()) or 1.0
    first = ranked[:_FIRST]
    held = set(terms_of(" ".join([" ".join([*r.passage.trail, r.passage.text]) for r in first])))
    names = set(terms_of(" ".join(names_in(query.text))))
    long_forms = query.search_text.removeprefix(query.mended).strip()
    said = [_in_context(chosen) for chosen in statements[:_FIRST]]
    match = word_match(query.mended, said, partial(_rarity_of_word, index), long_forms)
    return [
        match.mean,
        match.rare,
        match.weakest,
        max(_share(rarity, terms_of(text)) for text in said) / total,
        statements[0].score,
        statements[0].score - retrieval.usual.nearest,
        retrieval.lift - retrieval.usual.lift,
        float(len({r.passage.source for r in first})),
        _share(rarity, names - held) / total,
        float(len(rarity)),
        max(r.phrases for r in ranked[:3]),
    ]


def _in_context(chosen: Chosen) -> str:
    """A statement behind the last two of its headings, which name what it speaks of."""
    return ": ".join([*chosen.passage.trail[-2:], chosen.statement.reading])


def _rarities(index: Index, query: Query) -> dict[str, float]:
    """Inverse document frequency of the question's terms and of its unknown words."""
    known = [t for t in query.terms if document_frequency(index, t)]
    unknown = [t for word in query.unknown for t in terms_of(word)]
    return {term: rarity_in(index, document_frequency(index, term)) for term in (*known, *unknown)}


def _rarity_of_word(index: Index, word: str) -> float:
    """That of the commonest of a word's terms."""
    found = (document_frequency(index, term) for term in terms_of(word))
    return rarity_in(index, max(found, default=0))


def _share(rarity: Mapping[str, float], terms: Iterable[str]) -> float:
    return sum(rarity.get(term, 0.0) for term in set(terms))
