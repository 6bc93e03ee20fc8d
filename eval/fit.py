"""Fit the answerability regression on the development split and write its coefficients.

Each question is asked of the whole index and of random parts of it (`parts.py`), as typed
and in lower case: half of all people type without capitals.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat import answerability
from chat.answerability import FEATURES, features_of
from chat.answering import PASSAGES, Answerer
from chat.conversation import standalone
from chat.retrieval import GuideRetriever
from eval.golden import Case
from eval.parts import document_parts, part_of, places
from ingest.embedding import Embedder
from ingest.index import Index

_TARGET = Path(answerability.__file__).with_name("answerability.json")
_MAX_FALSE_REFUSALS = 0.035
_FOLDS, _SHUFFLES = 6, 5
"""The threshold hangs on a few questions; one shuffle would move it by chance."""
_WEIGHTS = {
    (False, True): 1.0,
    (False, False): 0.8,
    (True, True): 1.2,
    (True, False): 0.9,
}
"""What all rows of a kind count together, by (over a part of the index, answerable)."""


@dataclass(frozen=True)
class Asked:
    """One question as it was asked of an index, or of a part of it."""

    case: str
    part: bool
    answerable: bool
    features: list[float]


def fit(answerer: Answerer, cases: Sequence[Case], target: Path = _TARGET) -> dict[str, Any]:
    """Fit on `cases`, choose the threshold by cross-validation, write `target`.

    The threshold is the highest that keeps false refusals at 3.5 % of the answerable, over
    the whole index and on folds that the coefficients have not seen.
    """
    service = answerer.service()
    rows = list(_rows(service.index, service.retriever.embedder, cases))
    x = np.asarray([row.features for row in rows])
    y = np.asarray([row.answerable for row in rows])
    part = np.asarray([row.part for row in rows])
    weights = np.zeros(len(rows))
    for (of_part, answerable), weight in _WEIGHTS.items():
        chosen = (part == of_part) & (y == answerable)
        weights[chosen] = weight / max(1, chosen.sum())
    weights *= len(rows) / weights.sum()
    mean, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    scaled = (x - mean) / scale
    held_out = _held_out(scaled, y, weights, [row.case for row in rows])
    whole = ~part
    threshold = float(np.quantile(held_out[y & whole], _MAX_FALSE_REFUSALS))
    model = _model().fit(scaled, y, sample_weight=weights)
    values: dict[str, Any] = {
        "features": list(FEATURES),
        "mean": [round(float(v), 5) for v in mean],
        "scale": [round(float(v), 5) for v in scale],
        "weights": [round(float(v), 5) for v in model.coef_[0]],
        "bias": round(float(model.intercept_[0]), 5),
        "threshold": round(threshold, 4),
        "fitted_on": f"{int((y & whole).sum()) // 2} answerable and "
        f"{int((~y & whole).sum()) // 2} unanswerable questions of the development split of "
        f"eval/golden/questions.jsonl, over corpus/; {int((y & part).sum())} and "
        f"{int((~y & part).sum())} over parts of it",
    }
    target.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    refused = held_out < threshold
    return {
        "threshold": threshold,
        "weights": dict(zip(FEATURES, values["weights"], strict=True)),
        "held-out refusals of the unanswerable": _share(refused[~y & whole]),
        "held-out false refusals": _share(refused[y & whole]),
        "held-out refusals of the unanswerable, parts": _share(refused[~y & part]),
        "held-out false refusals, parts": _share(refused[y & part]),
    }


def _share(chosen: NDArray[np.bool_]) -> float:
    return round(float(chosen.mean()), 4) if len(chosen) else 0.0


def _model() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.3, max_iter=1000)


def _held_out(
    x: NDArray[np.float64], y: NDArray[np.bool_], weights: NDArray[np.float64], groups: list[str]
) -> NDArray[np.float64]:
    """Each row's mean probability by models that have seen no row of the same question."""
    from sklearn.model_selection import GroupKFold

    held_out = np.zeros(len(y))
    for shuffle in range(_SHUFFLES):
        folds = GroupKFold(min(_FOLDS, len(set(groups))), shuffle=True, random_state=shuffle)
        for seen, unseen in folds.split(x, y, groups):
            model = _model().fit(x[seen], y[seen], sample_weight=weights[seen])
            held_out[unseen] += model.predict_proba(x[unseen])[:, 1] / _SHUFFLES
    return held_out


def _rows(index: Index, embedder: Embedder, cases: Sequence[Case]) -> Iterator[Asked]:
    retriever = GuideRetriever(index=index, embedder=embedder)
    for case in cases:
        for text in _as_typed(case):
            features = features_of(index, retriever.retrieve(text, PASSAGES))
            yield Asked(case.id, False, case.answerable, features)
    where = places(index, [case for case in cases if case.answerable])
    for number, kept in enumerate(document_parts(index)):
        part = part_of(index, kept)
        retriever = GuideRetriever(index=part, embedder=embedder)
        for place, case in enumerate(cases):
            answered = where[case.id].answered_by(kept) if case.answerable else False
            if answered is not None:
                text = _as_typed(case)[(number + place) % 2]
                features = features_of(part, retriever.retrieve(text, PASSAGES))
                yield Asked(case.id, True, answered, features)


def _as_typed(case: Case) -> tuple[str, str]:
    text = standalone(case.question, case.history)
    return text, text.lower()
