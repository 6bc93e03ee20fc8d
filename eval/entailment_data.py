"""What the cross-encoder learns from: pairs of a key point and what a candidate says.

`training/claims.jsonl` has, for each key point, sentences that state it, half state it, miss
it and deny it; `training/answers.jsonl` whole answers with the verdict of each point. No
question of `golden/grading.jsonl` is among them.
"""

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chat.grade import VERDICTS
from chat.grade_features import compare
from chat.grade_reading import normalised, read_all
from ingest.embedding import MiniLM

FOLDER = Path(__file__).parent / "training"
HELD_OUT = 25
"""Every so manieth question is kept from training, to watch the fit and to bear attacks."""
_SMOOTHED = 0.06
_OTHER_POINT = {
    "covered": (0.08, 0.06, 0.84, 0.02),
    "partial": (0.05, 0.09, 0.84, 0.02),
    "wrong": (0.02, 0.04, 0.84, 0.10),
}
"""What a sentence about another point tells of this one: next to nothing, but not never."""
_READ_AT_ONCE = 100


@dataclass(frozen=True)
class Claims:
    """What candidates say about one key point, by verdict."""

    question: str
    point: str
    also: tuple[str, ...]
    said: tuple[tuple[str, str], ...]
    """(sentence, verdict)"""


@dataclass(frozen=True)
class Pair:
    """One example: a key point, what was said, the wanted probabilities and its weight."""

    point: str
    said: str
    wanted: tuple[float, ...]
    weight: float = 1.0


def claims(folder: Path = FOLDER) -> list[Claims]:
    """All key points with their sentences."""
    found = []
    for line in (folder / "claims.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        said = tuple((text, verdict) for verdict in VERDICTS for text in row[verdict])
        found.append(Claims(row["question"], row["point"], tuple(row["also"]), said))
    return found


def held_out(questions: Sequence[str]) -> frozenset[str]:
    """The questions that are kept from training."""
    return frozenset(list(dict.fromkeys(questions))[3::HELD_OUT])


def seen_questions(folder: Path = FOLDER) -> frozenset[str]:
    """The questions whose key points the cross-encoder was fitted on."""
    every = [row.question for row in claims(folder)]
    return frozenset(every) - held_out(every)


def answer_pairs(points: Mapping[str, Sequence[str]], folder: Path = FOLDER) -> list[Pair]:
    """Of each whole answer and each key point, the words that the judge would look at."""
    rows = [
        json.loads(line)
        for line in (folder / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    rows = [row for row in rows if row["question"] in points]
    pairs = []
    for first in range(0, len(rows), _READ_AT_ONCE):
        chosen = rows[first : first + _READ_AT_ONCE]
        wordings = list(
            dict.fromkeys(t for r in chosen for t in (r["question"], *points[r["question"]]))
        )
        read = dict(zip(wordings, read_all(wordings), strict=True))
        answers = read_all([normalised(row["answer"]) for row in chosen])
        for row, answer in zip(chosen, answers, strict=True):
            for point, verdict in zip(points[row["question"]], row["points"], strict=True):
                best = compare(read[point], answer, read[row["question"]])
                if best.first >= 0:
                    said = answer.between(best.first, best.last)
                    pairs.append(Pair(point, said, wanted(verdict)))
    return pairs


def wanted(verdict: str) -> tuple[float, ...]:
    """The probabilities that a label stands for; no label is certain."""
    rest = _SMOOTHED / (len(VERDICTS) - 1)
    return tuple(1 - _SMOOTHED if name == verdict else rest for name in VERDICTS)


def neighbours(rows: Sequence[Claims]) -> list[list[int]]:
    """Of each key point, points of other questions on a near subject that say something else."""
    vectors = MiniLM.shared().queries([row.point for row in rows])
    similar = vectors @ vectors.T
    found = []
    for number, row in enumerate(rows):
        order = np.argsort(-similar[number])[:40]
        near = [
            int(n)
            for n in order
            if rows[n].question != row.question and 0.4 < similar[number, n] < 0.72
        ]
        found.append(near[:6])
    return found


def epoch(
    rows: Sequence[Claims], near: Sequence[Sequence[int]], chance: random.Random
) -> list[Pair]:
    """One round of examples; what stands beside a sentence, and its spelling, is drawn anew."""
    by_question: dict[str, list[Claims]] = {}
    for row in rows:
        by_question.setdefault(row.question, []).append(row)
    pairs: list[Pair] = []
    for number, row in enumerate(rows):
        others = [other for other in by_question[row.question] if other is not row]

        def add(
            said: str,
            values: tuple[float, ...],
            weight: float = 1.0,
            beside: float = 0.35,
            row: Claims = row,
            others: Sequence[Claims] = others,
        ) -> None:
            if others and chance.random() < beside:
                said = _beside(said, chance.choice(others), chance)
            point = chance.choice(row.also) if row.also and chance.random() < 0.2 else row.point
            pairs.append(Pair(point, misspelt(said, chance), values, weight))

        for text, verdict in row.said:
            add(text, wanted(verdict))
        if row.also and chance.random() < 0.6:
            add(chance.choice(row.also), wanted("covered"), 0.7)
        if chance.random() < 0.08:
            add(row.point, wanted("covered"), 0.7)
        for _ in range(2 if others else 0):
            text, verdict = chance.choice(chance.choice(others).said)
            if verdict in _OTHER_POINT:
                add(text, _OTHER_POINT[verdict], 0.6, 0.3)
        if near[number]:
            text, verdict = chance.choice(rows[chance.choice(near[number])].said)
            if verdict in _OTHER_POINT:
                add(text, _OTHER_POINT[verdict], 0.5, 0.2)
    return pairs


def _beside(said: str, other: Claims, chance: random.Random) -> str:
    """What is said, with a sentence on another point before or after it."""
    more = chance.choice(other.said)[0]
    return f"{said} {more}" if chance.random() < 0.5 else f"{more} {said}"


def misspelt(text: str, chance: random.Random) -> str:
    """The text, sometimes without capitals or marks, sometimes with typing errors."""
    if chance.random() < 0.08:
        text = text.lower()
    if chance.random() < 0.06:
        text = re.sub(r"[.,;:]", "", text)
    if chance.random() >= 0.12:
        return text
    words = text.split()
    for _ in range(1 + len(words) // 15):
        place = chance.randrange(len(words))
        word = words[place]
        if len(word) > 4 and word.isalpha():
            at = chance.randrange(1, len(word) - 2)
            swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            words[place] = chance.choice(
                [swapped, word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]]
            )
    return " ".join(words)
