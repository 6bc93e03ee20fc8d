"""The grader against people, on answers to questions that its coefficients have not seen.

Held out: each set's questions in ten folds; the coefficients come from the other folds
and the other sets. Transfer: from the other sets alone. Beside them, in the same run,
what needs no grader: one score for all, the answer's length, the plain cosine.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chat.grade_model import Floats, bent
from chat.grade_reading import normalised, read_all
from eval.grading_fit import calibration, reference_rows
from eval.grading_sets import Graded, KeptEncoder

FOLDS = 10
ROUNDS = 1000
_LEVELS = 5


def evaluate(sets: Mapping[str, Sequence[Graded]], encoder: KeptEncoder) -> dict[str, Any]:
    """Rows of figures by set, and the gain over the plain cosine with its interval."""
    features = {name: reference_rows(rows, encoder) for name, rows in sets.items()}
    scores = {name: np.asarray([row.score for row in rows]) for name, rows in sets.items()}
    questions = {name: np.asarray([row.question_id for row in rows]) for name, rows in sets.items()}
    held_out = _held_out(features, scores, questions)
    result: dict[str, Any] = {}
    for name, rows in sets.items():
        folds = _folds(questions[name])
        told = {
            "constant": np.zeros(len(rows)),
            "length": np.log1p([len(row.answer.split()) for row in rows]),
            "cosine": cosines(rows, encoder),
            "grader, transfer": _transfer(name, features, scores, questions),
            "grader, held out": held_out[name],
        }
        figures = {
            label: agreement(values, scores[name], questions[name], folds)
            for label, values in told.items()
        }
        if all(len(row.graders) == 2 for row in rows):
            figures["two people"] = _two_people(rows)
        gain = bootstrap(told["grader, held out"], told["cosine"], scores[name], questions[name])
        result[name] = {
            "answers": len(rows),
            "questions": len(set(questions[name])),
            "rows": figures,
            "gain over cosine": gain,
        }
    return result


def cosines(rows: Sequence[Graded], encoder: KeptEncoder) -> Floats:
    """Plain cosine similarity of answer and nearest reference."""
    texts = list(
        dict.fromkeys(normalised(t) for row in rows for t in (row.answer, *row.references))
    )
    whole = {}
    for first in range(0, len(texts), 256):
        chosen = texts[first : first + 256]
        for text, reading in zip(chosen, read_all(chosen, encoder), strict=True):
            whole[text] = reading.whole
    return np.asarray(
        [
            max(float(whole[normalised(row.answer)] @ whole[normalised(t)]) for t in row.references)
            for row in rows
        ]
    )


def agreement(
    told: Floats, people: Floats, questions: np.ndarray, folds: Sequence[np.ndarray]
) -> dict[str, float]:
    """Pearson r with its interval; RMSE and QWK after a line fitted on the other folds."""
    scaled = np.zeros(len(told))
    for unseen in folds:
        seen = ~unseen
        if told[seen].std() < 1e-9:
            scaled[unseen] = people[seen].mean()
            continue
        slope, shift = np.polyfit(told[seen], people[seen], 1)
        scaled[unseen] = slope * told[unseen] + shift
    scaled = np.clip(scaled, 0, 1)
    figures = {
        "RMSE": round(float(np.sqrt(((scaled - people) ** 2).mean())), 3),
        "QWK": round(weighted_kappa(scaled, people), 3),
    }
    if told.std() < 1e-9:
        return figures
    low, high = _interval([pearson(told[i], people[i]) for i in resampled(questions)])
    return {"r": round(pearson(told, people), 3), "r low": low, "r high": high, **figures}


def pearson(one: Floats, other: Floats) -> float:
    """Pearson correlation, 0.0 when one of them does not vary."""
    if one.std() < 1e-12 or other.std() < 1e-12:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def weighted_kappa(told: Floats, people: Floats) -> float:
    """Quadratic weighted kappa of scores 0..1 in six levels."""
    a = np.rint(np.clip(told, 0, 1) * _LEVELS).astype(int)
    b = np.rint(np.clip(people, 0, 1) * _LEVELS).astype(int)
    table = np.zeros((_LEVELS + 1, _LEVELS + 1))
    np.add.at(table, (a, b), 1)
    steps = np.arange(_LEVELS + 1)
    cost = (steps[:, None] - steps[None, :]) ** 2
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    expected = float((cost * chance).sum())
    return 1 - float((cost * table).sum()) / expected if expected else 1.0


def bootstrap(
    ours: Floats, theirs: Floats, people: Floats, questions: np.ndarray
) -> dict[str, float]:
    """Difference of the correlations, and its 95 % interval over resampled questions."""
    differences = [
        pearson(ours[i], people[i]) - pearson(theirs[i], people[i]) for i in resampled(questions)
    ]
    low, high = _interval(differences)
    mean = pearson(ours, people) - pearson(theirs, people)
    return {"mean": round(mean, 3), "low": low, "high": high}


def resampled(questions: np.ndarray) -> list[np.ndarray]:
    """Row numbers of resampled questions, the same in every run."""
    generator = np.random.default_rng(0)
    names = np.unique(questions)
    rows = [np.flatnonzero(questions == name) for name in names]
    picks = generator.integers(0, len(names), (ROUNDS, len(names)))
    return [np.concatenate([rows[n] for n in pick]) for pick in picks]


def _interval(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return round(float(low), 3), round(float(high), 3)


def _folds(questions: np.ndarray) -> list[np.ndarray]:
    """Masks of the held-out rows; whole questions, shuffled with a fixed seed."""
    names = np.random.default_rng(0).permutation(np.unique(questions))
    return [np.isin(questions, names[n::FOLDS]) for n in range(FOLDS)]


def _held_out(
    features: Mapping[str, Floats],
    scores: Mapping[str, Floats],
    questions: Mapping[str, np.ndarray],
) -> dict[str, Floats]:
    folds = {name: _folds(values) for name, values in questions.items()}
    told = {name: np.zeros(len(values)) for name, values in scores.items()}
    for number in range(FOLDS):
        seen = {name: ~masks[number] for name, masks in folds.items()}
        fitted = calibration(
            {name: values[seen[name]] for name, values in features.items()},
            {name: values[seen[name]] for name, values in scores.items()},
            {name: values[seen[name]] for name, values in questions.items()},
        )
        for name, values in features.items():
            told[name][~seen[name]] = _applied(fitted, values[~seen[name]])
    return told


def _transfer(
    name: str,
    features: Mapping[str, Floats],
    scores: Mapping[str, Floats],
    questions: Mapping[str, np.ndarray],
) -> Floats:
    others = [other for other in features if other != name]
    if not others:
        return np.zeros(len(features[name]))
    fitted = calibration(
        {other: features[other] for other in others},
        {other: scores[other] for other in others},
        {other: questions[other] for other in others},
    )
    return _applied(fitted, features[name])


def _applied(fitted: Mapping[str, Any], features: Floats) -> Floats:
    return np.asarray(bent(features, np.asarray(fitted["knots"])) @ np.asarray(fitted["weights"]))


def _two_people(rows: Sequence[Graded]) -> dict[str, float]:
    """What two people reach with each other."""
    one = np.asarray([row.graders[0] for row in rows])
    other = np.asarray([row.graders[1] for row in rows])
    questions = np.asarray([row.question_id for row in rows])
    low, high = _interval([pearson(one[i], other[i]) for i in resampled(questions)])
    mean = (one + other) / 2
    return {
        "r": round(pearson(one, other), 3),
        "r low": low,
        "r high": high,
        "RMSE": round(float(np.sqrt(((one - mean) ** 2).mean())), 3),
        "QWK": round(weighted_kappa(one, other), 3),
    }
