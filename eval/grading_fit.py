"""Fit the grader's coefficients: the judge of points, and the score of a free reference.

Of labelled answers only the development split is used. Weights may only rise with
similarity, so that no answer loses by saying more of what is wanted.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chat import grade_order
from chat.grade import VERDICTS
from chat.grade_entailment import entailment
from chat.grade_mistakes import denials
from chat.grade_model import (
    FILE,
    ON_DENIAL,
    ON_POINT,
    ON_REFERENCE,
    Floats,
    bent,
    on_verdict,
    parsed,
    point_features,
    softmax,
    verdict_of,
)
from chat.grade_points import nearest, read_together, reference_features
from chat.grade_polarity import denied
from chat.grade_reading import Encoder, Reading, normalised, pieces_of, read_all
from chat.grade_rubric import ReadRubric, read_rubric, stemmed
from eval.grading_labelled import Labelled
from eval.grading_sets import Graded
from ingest.index import Index
from ingest.questions import InterviewQuestion

SET_WEIGHTS = {"mohler": 2500.0, "saf": 1000.0, "beetle": 500.0, "scientsbank": 250.0}
"""How much each set counts; the nearest to this guide's subject and form counts most."""
_KNOTS = (0.2, 0.4, 0.6, 0.8)
_RIDGE = 100.0
_INVERSE_PENALTY = 0.05
_INVERSE_PENALTY_OF_VERDICTS = 0.1
_INVERSE_PENALTY_OF_DENIALS = 0.2
_BATCH = 256


def fit(
    index: Index,
    bank: Sequence[InterviewQuestion],
    labelled: Sequence[Labelled],
    sets: Mapping[str, Sequence[Graded]],
    encoder: Encoder,
    target: Path = FILE,
    order: Path = grade_order.FILE,
) -> dict[str, Any]:
    """Fit everything on development data and write `target` and `order`; what was chosen."""
    write_order(index, order)
    aliases = stemmed(index.aliases)
    worded = labelled_points(bank, labelled, aliases, encoder)
    alone = labelled_points(one_wording(bank), labelled, aliases, encoder)
    features = {name: reference_rows(rows, encoder) for name, rows in sets.items()}
    scores = {name: np.asarray([row.score for row in rows]) for name, rows in sets.items()}
    questions = {name: np.asarray([row.question_id for row in rows]) for name, rows in sets.items()}
    wrong = denial_model(bank, labelled, aliases, encoder)
    values: dict[str, Any] = {
        "on_point": list(ON_POINT),
        "worded": point_model(worded),
        "alone": point_model(alone),
        "on_denial": list(ON_DENIAL),
        "denied": wrong,
        "on_reference": list(ON_REFERENCE),
        "reference": calibration(features, scores, questions),
        "fitted_on": {
            "points": f"{len(worded.verdicts)} key points in {len(labelled)} answers of the "
            "development split of eval/golden/grading.jsonl",
            "reference": ", ".join(f"{len(rows)} of {name}" for name, rows in sets.items())
            + " (answers graded by people; development parts, not in this repository)",
        },
    }
    parsed(values)
    target.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    chosen = {name: {"partial": values[name]["partial"]} for name in ("worded", "alone")}
    return {**chosen, "fitted_on": values["fitted_on"]}


@dataclass(frozen=True)
class LabelledPoints:
    """All key points of some labelled answers, one a row."""

    features: Floats
    """(points, `ON_POINT`)"""
    entailed: Floats
    """(points, 4)"""
    verdicts: np.ndarray
    questions: np.ndarray


def point_model(rows: LabelledPoints) -> dict[str, Any]:
    """The judge of a point: both regressions, what weighs them, and when it says what."""
    both = held_out(rows)
    seen = on_verdict(both[:, 0], both[:, 1], rows.entailed)
    chances = np.zeros((len(seen), len(VERDICTS)))
    for train, rest in folds(rows.questions, seed=1):
        chances[rest] = weighed(multinomial(seen[train], rows.verdicts[train]), seen[rest])
    return {
        "said": logistic(rows.features, np.isin(rows.verdicts, ("covered", "partial"))),
        "covered": logistic(rows.features, rows.verdicts == "covered"),
        **multinomial(seen, rows.verdicts),
        "partial": readiness(chances, rows.verdicts),
    }


def one_wording(bank: Sequence[InterviewQuestion]) -> list[InterviewQuestion]:
    """The same questions with each point in its main wording only, as strangers give them."""
    return [
        replace(question, points=tuple(replace(point, also=()) for point in question.points))
        for question in bank
    ]


def write_order(index: Index, target: Path = grade_order.FILE) -> None:
    """Count the pairs of words in the guide's prose and lists."""
    texts = [p.text for p in index.passages if p.kind in {"prose", "list"}]
    values = {
        "counted_in": "the prose and lists of corpus/",
        "pairs": grade_order.count(texts),
    }
    target.write_text(json.dumps(values, separators=(",", ":")) + "\n", encoding="utf-8")


def labelled_points(
    bank: Sequence[InterviewQuestion],
    labelled: Sequence[Labelled],
    aliases: Mapping[str, Sequence[str]],
    encoder: Encoder,
) -> LabelledPoints:
    """All points of some labelled answers, as the judge sees them."""
    features, readings, verdicts, questions = [], [], [], []
    for row, answer, rubric in _read_labelled(bank, labelled, encoder):
        names = {**aliases, **rubric.aliases}
        for group, verdict in zip(rubric.points, row.points, strict=True):
            values, best = point_features(group, answer, rubric.question, names)
            features.append(values)
            readings.append(read_together(group, answer, rubric.question, best))
            verdicts.append(verdict)
            questions.append(row.question_id)
    return LabelledPoints(
        np.asarray(features),
        entailment(readings),
        np.asarray(verdicts),
        np.asarray(questions),
    )


def _read_labelled(
    bank: Sequence[InterviewQuestion], labelled: Sequence[Labelled], encoder: Encoder
) -> Iterator[tuple[Labelled, Reading, ReadRubric]]:
    """Each labelled answer, read, with the rubric of its question."""
    by_id = {question.id: question for question in bank}
    rubrics: dict[str, ReadRubric] = {}
    answers = read_all([normalised(row.answer) for row in labelled], encoder)
    for row, answer in zip(labelled, answers, strict=True):
        if row.question_id not in rubrics:
            question = by_id[row.question_id]
            rubrics[row.question_id] = read_rubric(
                question.text, question.points, question.mistakes, encoder=encoder
            )
        yield row, answer, rubrics[row.question_id]


def denial_model(
    bank: Sequence[InterviewQuestion],
    labelled: Sequence[Labelled],
    aliases: Mapping[str, Sequence[str]],
    encoder: Encoder,
) -> dict[str, Any]:
    """The regression that says whether a point is wrong by a mistake that denies it."""
    features, wrong = [], []
    for row, answer, rubric in _read_labelled(bank, labelled, encoder):
        refused = denied([piece.text for piece in answer.pieces])
        for denial in denials(rubric, answer, {**aliases, **rubric.aliases}, refused):
            features.append(denial.features)
            wrong.append(row.points[denial.point] == "wrong")
    if len(set(wrong)) < 2:
        # Nothing to learn from: then no mistake makes a point wrong.
        return {"weights": [0.0] * len(ON_DENIAL), "bias": -10.0}
    return logistic(np.asarray(features), np.asarray(wrong), _INVERSE_PENALTY_OF_DENIALS)


def logistic(
    features: Floats, wanted: np.ndarray, inverse_penalty: float = _INVERSE_PENALTY
) -> dict[str, Any]:
    """A logistic regression, its scaling folded into the weights."""
    from sklearn.linear_model import LogisticRegression

    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    model = LogisticRegression(C=inverse_penalty, max_iter=2000)
    model.fit((features - mean) / scale, wanted)
    weights = model.coef_[0] / scale
    bias = float(model.intercept_[0] - weights @ mean)
    return {"weights": [round(float(w), 5) for w in weights], "bias": round(bias, 5)}


def probabilities(fitted: dict[str, Any], features: Floats) -> Floats:
    """Probabilities of a regression that `logistic` fitted."""
    weights = np.asarray(fitted["weights"])
    return np.asarray(1 / (1 + np.exp(-(features @ weights + fitted["bias"]))))


def folds(questions: np.ndarray, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit on and rows to judge; no question is in both."""
    from sklearn.model_selection import GroupKFold

    parts = GroupKFold(min(8, len(set(questions))), shuffle=True, random_state=seed)
    yield from parts.split(questions, groups=questions)


def held_out(rows: LabelledPoints) -> Floats:
    """Both regressions' probabilities of each point, from folds that have not seen its question."""
    values = np.zeros((len(rows.features), 2))
    for seen, unseen in folds(rows.questions, seed=0):
        made = np.isin(rows.verdicts, ("covered", "partial")), rows.verdicts == "covered"
        for column, wanted in enumerate(made):
            fitted = logistic(rows.features[seen], wanted[seen])
            values[unseen, column] = probabilities(fitted, rows.features[unseen])
    return values


def multinomial(features: Floats, verdicts: np.ndarray) -> dict[str, Any]:
    """A logistic regression over all verdicts, its scaling folded into the weights."""
    from sklearn.linear_model import LogisticRegression

    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    model = LogisticRegression(C=_INVERSE_PENALTY_OF_VERDICTS, max_iter=5000)
    model.fit((features - mean) / scale, verdicts)
    rows = [list(model.classes_).index(name) for name in VERDICTS]
    weights = (model.coef_[rows] / scale).T
    bias = model.intercept_[rows] - mean @ weights
    return {
        "weights": [[round(float(w), 5) for w in row] for row in weights],
        "bias": [round(float(b), 5) for b in bias],
    }


def weighed(fitted: dict[str, Any], features: Floats) -> Floats:
    """Probabilities of a regression that `multinomial` fitted, (rows, 4)."""
    return softmax(features @ np.asarray(fitted["weights"]) + np.asarray(fitted["bias"]))


def readiness(chances: Floats, verdicts: np.ndarray) -> float:
    """How readily to say partial: what errs least on held-out questions."""
    from sklearn.metrics import f1_score

    worth = {"covered": 1.0, "partial": 0.5, "missing": 0.0, "wrong": 0.0}
    wanted = np.asarray([worth[verdict] for verdict in verdicts])
    names = ["covered", "partial", "missing"]
    # Beyond 2.5 a remark in passing would earn half of a point.
    choices = np.arange(1.0, 3.0, 0.25)
    merits = []
    for partial in choices:
        told = [verdict_of(row, float(partial)) for row in chances]
        f1 = float(f1_score(verdicts, told, average="macro", labels=names))
        error = float(np.abs(np.asarray([worth[name] for name in told]) - wanted).mean())
        merits.append(f1 - error)
    # Neighbours count too: with so few partial points, a single peak is luck.
    smooth = np.convolve(merits, np.ones(3) / 3, mode="valid")
    return float(choices[1 + int(np.argmax(smooth))])


def reference_rows(rows: Sequence[Graded], encoder: Encoder) -> Floats:
    """The calibration's features of answers that were graded against a reference."""
    kept: dict[str, Reading] = {}
    parts: dict[str, list[str]] = {}
    for reference in {normalised(text) for row in rows for text in row.references}:
        parts[reference] = [p.text for p in pieces_of(reference)] or [reference]
    texts = dict.fromkeys(normalised(t) for r in rows for t in (r.answer, r.question))
    texts |= dict.fromkeys(parts)
    every = list(dict.fromkeys([*texts, *(part for group in parts.values() for part in group)]))
    for first in range(0, len(every), _BATCH):
        chosen = every[first : first + _BATCH]
        kept.update(zip(chosen, read_all(chosen, encoder), strict=True))
    features = []
    for row in rows:
        answer = kept[normalised(row.answer)]
        if not answer.words:
            features.append(np.zeros(len(ON_REFERENCE)))
            continue
        read = [kept[normalised(text)].whole for text in row.references]
        reference = normalised(row.references[nearest(answer.whole, read)])
        groups = [(kept[part],) for part in parts[reference]]
        question = kept[normalised(row.question)]
        features.append(reference_features(kept[reference], groups, answer, question, {}))
    return np.asarray(features)


def calibration(
    features: Mapping[str, Floats],
    scores: Mapping[str, Floats],
    questions: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """Weights that order the answers within each question, and the scale of people's scores.

    Differences between questions are taken out before fitting: with few questions, how
    hard each one was would be mistaken for what its features say.
    """
    from sklearn.linear_model import Ridge

    pooled = np.concatenate(list(features.values()))
    knots = np.quantile(pooled, _KNOTS, axis=0)
    scale = bent(pooled, knots).std(axis=0) + 1e-9
    rows, wanted, weights = [], [], []
    for name, values in features.items():
        basis = bent(values, knots) / scale
        people = (scores[name] - scores[name].mean()) / (scores[name].std() or 1.0)
        for question in np.unique(questions[name]):
            mine = questions[name] == question
            rows.append(basis[mine] - basis[mine].mean(axis=0))
            wanted.append(people[mine] - people[mine].mean())
            share = SET_WEIGHTS.get(name, 250.0) / len(values)
            weights.append(np.full(int(mine.sum()), share))
    model = Ridge(_RIDGE, positive=True, fit_intercept=False)
    model.fit(np.concatenate(rows), np.concatenate(wanted), sample_weight=np.concatenate(weights))
    coefficients = model.coef_ / scale
    slope, shift = _scale(features, scores, knots, coefficients)
    return {
        "knots": [[round(float(v), 5) for v in knot] for knot in knots],
        "weights": [round(float(w), 6) for w in coefficients],
        "scale": round(slope, 5),
        "shift": round(shift, 5),
    }


def _scale(
    features: Mapping[str, Floats], scores: Mapping[str, Floats], knots: Floats, weights: Floats
) -> tuple[float, float]:
    """The line from weighted features to people's scores, sets weighted as in the fit."""
    told = np.concatenate([bent(values, knots) @ weights for values in features.values()])
    people = np.concatenate([scores[name] for name in features])
    share = np.concatenate(
        [np.full(len(v), SET_WEIGHTS.get(name, 250.0) / len(v)) for name, v in features.items()]
    )
    design = np.stack([told, np.ones_like(told)], axis=1) * np.sqrt(share)[:, None]
    (slope, shift), *_ = np.linalg.lstsq(design, people * np.sqrt(share), rcond=None)
    return float(slope), float(shift)
