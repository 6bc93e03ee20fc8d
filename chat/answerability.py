"""Do the documents answer this question? A calibrated probability, not a guessed cut.

Logistic regression over a few signals of one retrieval. Coefficients, what they were
fitted on and the threshold stand in `answerability.json`; `python -m eval fit` fits them
again on the development split of a golden set.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chat.extractive import Style, score_statements
from chat.query import Query, names_in
from chat.reranking import document_frequency
from chat.retrieval import Retrieval
from ingest.index import Index
from ingest.terms import terms_of

FEATURES = (
    "statement",
    "missing_names",
    "phrases",
    "agreement",
    "sources",
    "standout",
)
_FIRST = 5
"""Passages that are looked at."""
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

    How well the best statement fits; the share of the question's rarity that lies in names
    which the first passages do not have; neighbouring terms found as neighbours; whether
    meaning and words find the same passages; over how many documents the first are
    scattered; and how far the best statement stands out from the rest.
    """
    ranked = [r for r in retrieval.ranked if r.passage.kind != "question"]
    if not ranked:
        return [0.0, 1.0, 0.0, 0.0, float(_FIRST), 0.0]
    query = retrieval.query
    rarity = _rarities(index, query)
    total = sum(rarity.values()) or 1.0
    first = ranked[:_FIRST]
    held = set(terms_of(" ".join([" ".join([*r.passage.trail, r.passage.text]) for r in first])))
    names = set(terms_of(" ".join(names_in(query.text))))
    statements = score_statements(index, retrieval, Style())
    return [
        statements[0].score if statements else 0.0,
        sum(rarity.get(term, 0.0) for term in names - held) / total,
        max(r.phrases for r in ranked[:3]),
        retrieval.agreement,
        float(len({r.passage.source for r in first})),
        retrieval.standout,
    ]


def _rarities(index: Index, query: Query) -> dict[str, float]:
    """Inverse document frequency of the question's terms and of its unknown words."""
    known = [t for t in query.terms if document_frequency(index, t)]
    unknown = [t for word in query.unknown for t in terms_of(word)]
    whole = len(index.passages)
    return {
        term: float(np.log(1 + whole / (1 + document_frequency(index, term))))
        for term in (*known, *unknown)
    }
