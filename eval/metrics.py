"""Ranking metrics, and a paired bootstrap for the difference of two systems."""

from collections.abc import Sequence

import numpy as np

CUTS = (1, 3, 5, 10)


def recall_at(relevant: Sequence[bool], k: int) -> float:
    """1.0 when one of the first `k` results is relevant."""
    return float(any(relevant[:k]))


def reciprocal_rank(relevant: Sequence[bool]) -> float:
    """1/rank of the first relevant result, 0.0 without one."""
    return next((1 / rank for rank, hit in enumerate(relevant, start=1) if hit), 0.0)


def ndcg_at(relevant: Sequence[bool], k: int = 10) -> float:
    """nDCG@k with binary gains; the ideal ranks all relevant results seen in the first k."""
    gains = [1 / np.log2(rank + 1) for rank, hit in enumerate(relevant[:k], start=1) if hit]
    ideal = sum(1 / np.log2(rank + 1) for rank in range(1, len(gains) + 1))
    return float(sum(gains) / ideal) if gains else 0.0


def summary(rows: Sequence[Sequence[bool]]) -> dict[str, float]:
    """The mean of each metric over questions, each given as the relevance of its ranking."""
    if not rows:
        return {}
    figures = {f"recall@{k}": float(np.mean([recall_at(row, k) for row in rows])) for k in CUTS}
    figures["mrr"] = float(np.mean([reciprocal_rank(row) for row in rows]))
    figures["ndcg@10"] = float(np.mean([ndcg_at(row) for row in rows]))
    return {name: round(value, 4) for name, value in figures.items()}


def bootstrap_difference(
    ours: Sequence[float], theirs: Sequence[float], rounds: int = 2000
) -> tuple[float, float, float]:
    """Mean of the paired differences and its 95 % interval; the seed is fixed."""
    differences = np.asarray(ours) - np.asarray(theirs)
    if len(differences) == 0:
        return 0.0, 0.0, 0.0
    generator = np.random.default_rng(0)
    picks = generator.integers(0, len(differences), (rounds, len(differences)))
    means = differences[picks].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(differences.mean()), float(low), float(high)
