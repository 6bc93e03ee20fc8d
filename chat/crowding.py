"""How much statements of different documents resemble each other: what a resemblance is worth.

In documents that all speak of one subject, something is near to any question about it; where
they speak of many, little is. The likeness of a question and a statement is therefore held
against the likeness that statements have across the documents of the same index.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.index import Index
from ingest.passages import Passage

_SAMPLE = 300
"""Statements that are compared with all others."""
_AT_ONCE = 50
_SHARE, _FEWEST = 20, 100
_LEAST_NEAREST, _LEAST_LIFT = 0.5, 0.12
"""About the least that was met in the fit; a handful of unrelated pages would give any less."""


@dataclass(frozen=True)
class Crowding:
    """What is usual between a statement and the statements of other documents."""

    nearest: float = _LEAST_NEAREST
    """Median cosine similarity with the nearest one."""
    lift: float = _LEAST_LIFT
    """Median of what `lift` gives."""


def crowding_of(index: Index) -> Crowding:
    """Compare a sample of statements with those of other documents.

    Of one document, its chapters are compared. Sampled with a fixed seed.
    """
    groups = _groups(index.passages)
    group = np.repeat(groups, np.diff(index.first_statement))
    if len(set(groups)) < 2 or not len(group):
        return Crowding()
    chance = np.random.default_rng(0)
    picked = chance.choice(len(group), min(_SAMPLE, len(group)), replace=False)
    nearest, lifts = [], []
    for first in range(0, len(picked), _AT_ONCE):
        rows = picked[first : first + _AT_ONCE]
        for row, similarities in zip(
            rows, index.statements[rows] @ index.statements.T, strict=True
        ):
            others = similarities[group != group[row]]
            if len(others):
                nearest.append(float(others.max()))
                lifts.append(lift(others))
    return Crowding(
        max(_LEAST_NEAREST, float(np.median(nearest))), max(_LEAST_LIFT, float(np.median(lifts)))
    )


def lift(similarities: NDArray[np.float32]) -> float:
    """By how much the best of some similarities exceeds the mean of their best twentieth.

    Of few, than that of the best hundred. 0 without any.
    """
    if len(similarities) == 0:
        return 0.0
    count = min(max(_FEWEST, len(similarities) // _SHARE), len(similarities))
    best = -np.partition(-similarities, count - 1)[:count]
    return float(best.max() - best.mean())


def _groups(passages: Sequence[Passage]) -> NDArray[np.int64]:
    """The document of each passage as a number; of one document, its chapter."""
    names = [passage.source for passage in passages]
    if len(set(names)) < 2:
        names = [" > ".join(passage.trail[:2]) for passage in passages]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.asarray([numbers[name] for name in names], np.int64)
