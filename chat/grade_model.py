"""The grader's fitted coefficients (`python -m eval fit-grading`) and how they are applied."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat.grade import Verdict
from chat.grade_features import FEATURES, NEGATIVE, Compared, compare
from chat.grade_reading import Reading

FILE = Path(__file__).with_name("grade_model.json")
ON_POINT = tuple(f"{part}_{name}" for part in ("point", "wordings") for name in FEATURES)
ON_REFERENCE = (
    "whole_soft_recall", "points_soft_recall", "best_soft_recall", "whole_news_meaning",
    "whole_trigrams", "points_trigrams", "whole_recall",
)  # fmt: skip
ON_DENIAL = (
    "meaning", "words", "same_stance", "mistake_stated", "mistake_denied", "point_denied",
    "point_stated",
)  # fmt: skip
SIGNS = np.asarray([-1.0 if name in NEGATIVE else 1.0 for name in FEATURES])
_ALL = tuple(f"{part}_{name}" for part in ("whole", "points", "best") for name in FEATURES)
_CHOSEN = [_ALL.index(name) for name in ON_REFERENCE]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Logistic:
    """A logistic regression over standardised features."""

    weights: Floats
    bias: float

    def __call__(self, features: Floats) -> Floats:
        """Probability for each row of `features`, (rows, features) -> (rows,)."""
        return np.asarray(1 / (1 + np.exp(-(features @ self.weights + self.bias))))


@dataclass(frozen=True)
class Calibration:
    """A rising piecewise linear score of a free reference's features."""

    knots: Floats
    """(knots, features)"""
    weights: Floats
    scale: float
    shift: float

    def __call__(self, features: Floats) -> Floats:
        """Score 0..1 for each row of chosen features."""
        return np.clip(self.scale * (bent(features, self.knots) @ self.weights) + self.shift, 0, 1)


@dataclass(frozen=True)
class PointModel:
    """The judge of one point."""

    said: Logistic
    """The point is made, at least partly, as far as likeness tells."""
    covered: Logistic
    weights: Floats
    """(likeness and entailment, verdicts): what the two together say."""
    bias: Floats
    partial: float
    """How much more a partial point counts than its probability: it hides between the others."""

    def chances(self, said: Floats, covered: Floats, entailed: Floats) -> Floats:
        """Probabilities of `VERDICTS` for each row, (rows, 4).

        Args:
            said: (rows,), the regressions' probabilities.
            covered: (rows,)
            entailed: (rows, 4), the cross-encoder's probabilities for the best words.
        """
        logits = on_verdict(said, covered, entailed) @ self.weights
        return softmax(logits + self.bias)

    def verdict(self, chances: Floats) -> Verdict:
        """The verdict on one point, from its row of `chances`."""
        return verdict_of(chances, self.partial)


def verdict_of(chances: Floats, partial: float) -> Verdict:
    """The verdict on one point; `partial` is `PointModel.partial`.

    What is likely wrong is not made, and no more: no probability of this model is high
    enough to blame somebody for. That takes evidence of its own (`grade_points`).
    """
    covered, half, missing = chances[0], partial * chances[1], chances[2] + chances[3]
    if half >= max(covered, missing):
        return "partial"
    return "covered" if covered >= missing else "missing"


@dataclass(frozen=True)
class Coefficients:
    """Everything that was fitted."""

    worded: PointModel
    """Of a point that is given in several wordings, of which the best match counts."""
    alone: PointModel
    """Of a point in one wording: the same answer is seldom as near to it."""
    reference: Calibration
    denied: Logistic
    """A key point is wrong by a mistake (`grade_mistakes`), from `ON_DENIAL`."""

    def of(self, wordings: int) -> PointModel:
        """The judge of a point that is given in so many wordings."""
        return self.worded if wordings > 1 else self.alone


@cache
def coefficients() -> Coefficients:
    """The committed coefficients."""
    return parsed(json.loads(FILE.read_text(encoding="utf-8")))


def parsed(values: dict[str, Any]) -> Coefficients:
    """Coefficients from their JSON form."""
    assert tuple(values["on_point"]) == ON_POINT
    assert tuple(values["on_reference"]) == ON_REFERENCE
    assert tuple(values["on_denial"]) == ON_DENIAL
    reference = values["reference"]
    return Coefficients(
        _point_model(values["worded"]),
        _point_model(values["alone"]),
        Calibration(
            np.asarray(reference["knots"]),
            np.asarray(reference["weights"]),
            reference["scale"],
            reference["shift"],
        ),
        _logistic(values["denied"]),
    )


def _point_model(values: dict[str, Any]) -> PointModel:
    return PointModel(
        _logistic(values["said"]),
        _logistic(values["covered"]),
        np.asarray(values["weights"]),
        np.asarray(values["bias"]),
        values["partial"],
    )


def _logistic(values: dict[str, Any]) -> Logistic:
    return Logistic(np.asarray(values["weights"]), values["bias"])


def on_verdict(said: Floats, covered: Floats, entailed: Floats) -> Floats:
    """Log odds of both regressions and of the cross-encoder's verdicts, (rows, 6)."""
    return logit(np.concatenate([said[:, None], covered[:, None], entailed], axis=1))


def logit(chances: Floats) -> Floats:
    """Log odds, kept finite."""
    kept = np.clip(chances, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(kept) - np.log(1 - kept))


def bent(features: Floats, knots: Floats) -> Floats:
    """Features and, for each row of knots, the features cut off there: a rising basis."""
    return np.concatenate([features, *(np.minimum(features, knot) for knot in knots)], axis=1)


def on_point(main: Floats, wordings: Sequence[Floats]) -> Floats:
    """The judge's features of one point: its own, and the best of all its wordings."""
    rows = np.asarray([main, *wordings]) * SIGNS
    return np.concatenate([main, rows.max(axis=0) * SIGNS])


def on_reference(whole: Floats, points: Sequence[Floats], lengths: Floats, need: int) -> Floats:
    """The calibration's features of one reference.

    Args:
        whole: features of the reference as one text.
        points: features of its statements.
        lengths: weight of each statement.
        need: how many of the statements the question asks for.
    """
    signed = np.asarray(points) * SIGNS
    if need < len(points):
        order = np.argsort(-signed[:, FEATURES.index("soft_window")])[:need]
        mean = signed[order].mean(axis=0)
    else:
        mean = (lengths / (lengths.sum() or 1.0)) @ signed
    values = np.concatenate([whole * SIGNS, mean, signed.max(axis=0)])
    return np.asarray(values[_CHOSEN])


def softmax(logits: Floats) -> Floats:
    """Probabilities of each row."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def point_features(
    group: Sequence[Reading],
    answer: Reading,
    question: Reading,
    aliases: Mapping[str, Sequence[str]],
) -> tuple[Floats, Compared]:
    """The judge's features of a point, and the comparison that decides its place."""
    compared = [compare(wording, answer, question, aliases) for wording in group]
    values = on_point(compared[0].values, [c.values for c in compared[1:]])
    window = FEATURES.index("soft_window")
    return values, max(compared, key=lambda c: float(c.values[window] + c.values[0]))
