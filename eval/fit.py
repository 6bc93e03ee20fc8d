"""Fit the answerability regression on the development split and write its coefficients."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chat import answerability
from chat.answerability import FEATURES, features_of
from chat.answering import PASSAGES, Answerer
from chat.conversation import standalone
from eval.golden import Case

_TARGET = Path(answerability.__file__).with_name("answerability.json")
_MAX_FALSE_REFUSALS = 0.035


def fit(answerer: Answerer, cases: Sequence[Case], target: Path = _TARGET) -> dict[str, Any]:
    """Fit on `cases`, choose the threshold by cross-validation, write `target`.

    The threshold is the highest that keeps false refusals at 3.5 % of the answerable on
    folds that the coefficients have not seen.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

    service = answerer.service()
    # Half of all people type without capitals: each question is also learned in lower case.
    texts = [standalone(c.question, c.history) for c in cases]
    x = np.asarray(
        [
            features_of(service.index, service.retriever.retrieve(text, PASSAGES))
            for text in (*texts, *(text.lower() for text in texts))
        ]
    )
    y = np.tile(np.asarray([case.answerable for case in cases]), 2)
    pairs = np.tile(np.arange(len(cases)), 2)
    mean, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    scaled = (x - mean) / scale
    model = LogisticRegression(C=0.3, class_weight="balanced", max_iter=1000)
    folds = StratifiedGroupKFold(6, shuffle=True, random_state=0)
    held_out = cross_val_predict(model, scaled, y, groups=pairs, cv=folds, method="predict_proba")[
        :, 1
    ]
    threshold = float(np.quantile(held_out[y], _MAX_FALSE_REFUSALS))
    model.fit(scaled, y)
    values: dict[str, Any] = {
        "features": list(FEATURES),
        "mean": [round(float(v), 5) for v in mean],
        "scale": [round(float(v), 5) for v in scale],
        "weights": [round(float(v), 5) for v in model.coef_[0]],
        "bias": round(float(model.intercept_[0]), 5),
        "threshold": round(threshold, 4),
        "fitted_on": f"{int(y.sum()) // 2} answerable and {int((~y).sum()) // 2} unanswerable "
        "questions of the development split of eval/golden/questions.jsonl, over corpus/",
    }
    target.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    return {
        "threshold": threshold,
        "weights": dict(zip(FEATURES, values["weights"], strict=True)),
        "held-out refusals of the unanswerable": round(float((held_out[~y] < threshold).mean()), 4),
        "held-out false refusals": round(float((held_out[y] < threshold).mean()), 4),
    }
