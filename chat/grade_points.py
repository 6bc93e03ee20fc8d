"""The offline judge: does an answer make a key point?

For each key point the answer's best sentence (or pair of neighbours) is compared with
every wording of the point: by meaning, by terms weighted by rarity with the question's
own words counted less, and by numbers with units. A logistic regression over these
turns them into a probability; its coefficients were fitted on the guide's own other
wordings (`python -m eval fit-grading`), each against the rest of its point.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.embedding import MiniLM
from ingest.quantities import quantities_of
from ingest.terms import terms_of

FEATURES = ("meaning", "best_terms", "all_terms", "numbers", "has_numbers")
_FILE = Path(__file__).with_name("grade_model.json")
_QUESTION_WEIGHT = 0.3


@dataclass(frozen=True)
class Spoken:
    """A piece of an answer that may make a point."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Match:
    """How well an answer makes one point, and the piece that does it best."""

    probability: float
    piece: Spoken | None


@dataclass(frozen=True)
class Judge:
    """The fitted coefficients and the cuts between the verdicts."""

    weights: NDArray[np.float64]
    bias: float
    covered: float
    partial: float

    def probability(self, features: Sequence[float]) -> float:
        """Probability that the point is made."""
        return float(1 / (1 + np.exp(-(np.asarray(features) @ self.weights + self.bias))))


@cache
def judge() -> Judge:
    """The committed coefficients."""
    values = json.loads(_FILE.read_text(encoding="utf-8"))
    assert tuple(values["features"]) == FEATURES
    return Judge(
        np.asarray(values["weights"]),
        float(values["bias"]),
        float(values["covered"]),
        float(values["partial"]),
    )


class AnswerReader:
    """One answer, encoded once, against any number of wordings."""

    def __init__(
        self, question: str, pieces: Sequence[Spoken], rarity: Mapping[str, float]
    ) -> None:
        self._pieces = [*pieces, *_neighbours(pieces)]
        self._vectors = MiniLM.shared().queries([piece.text for piece in self._pieces])
        self._terms = [set(terms_of(piece.text)) for piece in self._pieces]
        self._all = set().union(*self._terms) if self._terms else set()
        self._asked = set(terms_of(question))
        self._rarity = rarity

    def match(self, wordings: Sequence[str]) -> Match:
        """The best match over the wordings of one point."""
        vectors = MiniLM.shared().queries(list(wordings))
        best = Match(0.0, None)
        for wording, vector in zip(wordings, vectors, strict=True):
            similar = self._vectors @ vector
            covered = np.asarray([self._coverage(wording, terms) for terms in self._terms])
            place = int(np.argmax(similar + 0.5 * covered))
            features = self.features(wording, float(similar[place]), place)
            probability = judge().probability(features)
            if probability > best.probability:
                best = Match(probability, self._pieces[place])
        return best

    def features(self, wording: str, meaning: float, place: int) -> list[float]:
        """The judge's signals for one wording and one piece, in the order of `FEATURES`."""
        wanted = quantities_of(wording)
        stated = quantities_of(self._pieces[place].text)
        found = sum(any(w.same(s) for s in stated) for w in wanted)
        return [
            meaning,
            self._coverage(wording, self._terms[place]),
            self._coverage(wording, self._all),
            found / len(wanted) if wanted else 0.0,
            float(bool(wanted)),
        ]

    def best_features(self, wording: str) -> list[float]:
        """The signals of the best piece for a wording; what the judge is fitted on."""
        (vector,) = MiniLM.shared().queries([wording])
        similar = self._vectors @ vector
        covered = np.asarray([self._coverage(wording, terms) for terms in self._terms])
        place = int(np.argmax(similar + 0.5 * covered))
        return self.features(wording, float(similar[place]), place)

    def _coverage(self, wording: str, held: set[str]) -> float:
        weights = {
            term: self._rarity.get(term, 1.0) * (_QUESTION_WEIGHT if term in self._asked else 1.0)
            for term in terms_of(wording)
        }
        whole = sum(weights.values())
        return sum(w for term, w in weights.items() if term in held) / whole if whole else 0.0


def _neighbours(pieces: Sequence[Spoken]) -> list[Spoken]:
    return [
        Spoken(f"{one.text} {other.text}", one.start, other.end)
        for one, other in itertools.pairwise(pieces)
    ]
