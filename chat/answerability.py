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

from chat.reranking import document_frequency
from chat.retrieval import Retrieval
from ingest.index import Index
from ingest.terms import terms_of

FEATURES = (
    "dense",
    "statement",
    "coverage",
    "statement_coverage",
    "rarest",
    "unknown",
    "margin",
    "length",
)
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
    """The signals of one retrieval, in the order of `FEATURES`."""
    ranked = [r for r in retrieval.ranked[:5] if r.passage.kind != "question"]
    query = retrieval.query
    weights = {term: _rarity(index, term) for term in query.terms}
    for word in query.unknown:
        weights.setdefault(word, _rarity(index, word))
    total = sum(weights.values()) or 1.0
    if not ranked:
        return [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, float(np.log1p(len(weights)))]
    found = {term: _holders(index, term, [r.index for r in ranked]) for term in query.terms}
    best_coverage = max(
        sum(weights[t] for t, holders in found.items() if r.index in holders) / total
        for r in ranked
    )
    in_statement = 0.0
    for result in ranked[:3]:
        context = set(terms_of(" ".join(result.passage.trail)))
        for statement in result.passage.statements:
            own = set(terms_of(statement.reading)) | context
            in_statement = max(
                in_statement, sum(weights[t] for t in query.terms if t in own) / total
            )
    rarest = max(weights, key=lambda term: weights[term]) if weights else ""
    similar = [r.statement for r in ranked]
    return [
        max(r.dense for r in ranked),
        max(similar),
        best_coverage,
        in_statement,
        1.0 if found.get(rarest) else 0.0,
        sum(_rarity(index, word) for word in query.unknown) / total,
        max(similar) - float(np.mean([r.statement for r in retrieval.ranked])),
        float(np.log1p(len(weights))),
    ]


def _rarity(index: Index, term: str) -> float:
    return float(np.log(1 + len(index.passages) / (1 + document_frequency(index, term))))


def _holders(index: Index, term: str, passages: Sequence[int]) -> set[int]:
    scores = index.lexical([term])
    return {position for position in passages if scores[position] > 0}
