"""Hostile and fair answers through the grader, and what it should have done with them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from chat.grading import Grader
from eval.attacks import EACH, Attack, attacks
from eval.entailment_data import seen_questions
from eval.grading_labelled import Labelled

_NOTHING, _LOST, _MOVED = 3.0, 2.0, 1.0


def made(grader: Grader, labelled: Sequence[Labelled], each: int = EACH) -> list[Attack]:
    """The attacks on the guide's questions; good labelled answers serve as their bases.

    Questions that the cross-encoder was fitted on are left out: there it knows too much.
    """
    good = [(row.question_id, row.answer, row.score) for row in labelled]
    fitted_on = seen_questions()
    bank = [question for question in grader.question_bank() if question.text not in fitted_on]
    return attacks(bank, good, each)


def evaluate(grader: Grader, rows: Sequence[Attack]) -> dict[str, Any]:
    """Figures by split: the four wanted shares, and each family's own."""
    scores: dict[tuple[str, str], float] = {}
    closed: dict[tuple[str, str], bool] = {}

    def score(question: str, answer: str) -> float:
        key = (question, answer)
        if key not in scores:
            grade = grader.grade(question, answer)
            scores[key] = grade.score
            closed[key] = bool(grade.gate)
        return scores[key]

    outcome: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    families: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    failed = []
    for row in rows:
        told = score(row.question, row.answer)
        base = score(row.question, row.base) if row.base else 0.0
        right = {
            "worthless": told <= _NOTHING,
            "changed": base - told >= _LOST,
            "fair": abs(base - told) <= _MOVED,
            "good": not closed[row.question, row.answer],
        }[row.kind]
        for split in (row.split, "all"):
            outcome[split][row.kind].append(right)
            families[split][row.family].append(right)
        if not right:
            failed.append({"family": row.family, "split": row.split, "score": told, "base": base,
                           "question": row.question, "answer": row.answer[:300]})  # fmt: skip
    return {
        "splits": {
            split: {
                "worthless at most 3": _mean(kinds["worthless"]),
                "changed loses 2": _mean(kinds["changed"]),
                "fair moves at most 1": _mean(kinds["fair"]),
                "good gated refusals": round(1 - _mean(kinds["good"]), 4),
            }
            for split, kinds in sorted(outcome.items())
        },
        "families": {
            split: {family: _mean(values) for family, values in kinds.items()}
            for split, kinds in sorted(families.items())
        },
        "failed": failed,
    }


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 4) if values else 1.0
