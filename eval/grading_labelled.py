"""The guide's own labelled answers: read them, and compare grades with their labels."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chat.grade import VERDICTS, Grade
from chat.grading import Grader
from ingest.errors import GuideError

LABELLED = Path(__file__).parent / "golden" / "grading.jsonl"
_APART = 2.0


class LabelledError(GuideError):
    """The labelled answers are missing or out of form."""


@dataclass(frozen=True)
class Labelled:
    """An answer to one of the guide's questions, with a person's verdicts and score."""

    id: str
    question_id: str
    question: str
    answer: str
    points: tuple[str, ...]
    score: float
    split: str
    style: str = ""


def load(path: Path = LABELLED) -> list[Labelled]:
    """Read labelled answers.

    Raises:
        LabelledError: the file is missing or a line is out of form.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise LabelledError(f"{path} can't be read ({error.strerror}).") from None
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            found.append(
                Labelled(
                    row["id"],
                    row["question_id"],
                    row["question"],
                    row["answer"],
                    tuple(row["points"]),
                    float(row["score"]),
                    row["split"],
                    row.get("style", ""),
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            raise LabelledError(f"{path}, line {number}: {error!r}") from None
    return found


def evaluate(grader: Grader, rows: Sequence[Labelled], plain: bool = False) -> dict[str, Any]:
    """Figures by split; with `plain`, the key points alone are given as the rubric."""
    points = {q.id: [p.text for p in q.points] for q in grader.question_bank()}
    grades = {
        row.id: grader.grade(row.question, row.answer, points[row.question_id] if plain else None)
        for row in rows
    }
    splits = sorted({row.split for row in rows})
    return {
        split: figures([row for row in rows if split in ("all", row.split)], grades)
        for split in (*splits, "all")
    }


def figures(rows: Sequence[Labelled], grades: Mapping[str, Grade]) -> dict[str, float]:
    """Error of the score, agreement of the verdicts, order of pairs."""
    told = np.asarray([grades[row.id].score for row in rows])
    wanted = np.asarray([row.score for row in rows])
    pairs = [
        (v, p.verdict) for r in rows for v, p in zip(r.points, grades[r.id].points, strict=True)
    ]
    by_verdict = {name: f1(pairs, name) for name in VERDICTS}
    present = [name for name in VERDICTS if any(name in pair for pair in pairs)]
    said_wrong = [pair for pair in pairs if pair[1] == "wrong"]
    return {
        "answers": len(rows),
        "mean absolute error": round(float(np.abs(told - wanted).mean()), 3),
        "pearson r": round(float(np.corrcoef(told, wanted)[0, 1]), 3),
        "macro-F1": round(float(np.mean([by_verdict[name] for name in present])), 3),
        **{f"F1 {name}": round(value, 3) for name, value in by_verdict.items()},
        "precision wrong": round(
            sum(w == "wrong" for w, _ in said_wrong) / len(said_wrong) if said_wrong else 1.0, 3
        ),
        "pairs in order": round(in_order(rows, told), 3),
    }


def f1(pairs: Sequence[tuple[str, str]], name: str) -> float:
    """F1 of one verdict over (wanted, told) pairs."""
    hits = sum(wanted == told == name for wanted, told in pairs)
    named = sum((wanted == name) + (told == name) for wanted, told in pairs)
    return 2 * hits / named if named else 0.0


def in_order(rows: Sequence[Labelled], told: np.ndarray) -> float:
    """Share of the pairs of one question, 2 or more apart, that are told apart rightly."""
    right = whole = 0.0
    for (a, one), (b, other) in itertools.combinations(enumerate(rows), 2):
        if one.question_id != other.question_id or abs(one.score - other.score) < _APART:
            continue
        whole += 1
        difference = (told[a] - told[b]) * (one.score - other.score)
        right += 1.0 if difference > 0 else 0.5 if difference == 0 else 0.0
    return right / whole if whole else 1.0
