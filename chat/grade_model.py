"""The grader's fitted coefficients (`python -m eval fit-grading`) and how they are applied."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat.grade_features import FEATURES, NEGATIVE

FILE = Path(__file__).with_name("grade_model.json")
ON_POINT = tuple(f"{part}_{name}" for part in ("point", "wordings") for name in FEATURES)
ON_REFERENCE = (
    "whole_soft_recall", "points_soft_recall", "best_soft_recall", "whole_news_meaning",
    "whole_trigrams", "points_trigrams", "whole_recall",
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
    """The point is made, at least partly."""
    covered: Logistic
    low: float
    """Mean probability from which a point counts as partly made."""
    high: float
    """Mean probability from which it counts as covered."""


@dataclass(frozen=True)
class Coefficients:
    """Everything that was fitted."""

    worded: PointModel
    """Of a point that is given in several wordings, of which the best match counts."""
    alone: PointModel
    """Of a point in one wording: the same answer is seldom as near to it."""
    reference: Calibration

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
    )


def _point_model(values: dict[str, Any]) -> PointModel:
    said, covered = (
        Logistic(np.asarray(values[name]["weights"]), values[name]["bias"])
        for name in ("said", "covered")
    )
    return PointModel(said, covered, values["low"], values["high"])


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
