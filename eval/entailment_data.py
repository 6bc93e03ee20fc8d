"""What the cross-encoder learns from: pairs of a key point and what a candidate says.

`training/claims.jsonl` has, for each key point of the guide's questions, sentences that state
it, half state it, miss it and deny it, half of them in the tone of another verdict;
`training/answers.jsonl` whole answers to these questions with the verdict of each point, and
`training/elsewhere.jsonl` questions on other subjects with their points and answers.
`training/mistakes.jsonl` has sentences that make, deny or only come near to a common mistake
or another thing that candidates have wrong.
No question of `golden/grading.jsonl` is among them.
"""

import json
import random
import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chat.grade import VERDICTS
from chat.grade_features import compare
from chat.grade_points import read_together
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
_JUMBLED = 0.06
"""Share of the covered points that are shown once more with their words out of order."""
_UNSURE_OF_JUMBLED = 0.15


@dataclass(frozen=True)
class Claims:
    """What candidates say about one key point, by verdict."""

    question: str
    point: str
    also: tuple[str, ...]
    said: tuple[tuple[str, str], ...]
    """(sentence, verdict)"""


@dataclass(frozen=True)
class WholeAnswer:
    """An answer with the verdict of each key point of its question."""

    question: str
    points: tuple[str, ...]
    answer: str
    verdicts: tuple[str, ...]


@dataclass(frozen=True)
class WrongClaim:
    """What candidates say who have something wrong, and sentences that are like it."""

    question: str
    wordings: tuple[str, ...]
    denies: tuple[str, ...]
    """Key points."""
    said: tuple[tuple[str, str], ...]
    """(sentence, verdict): covered makes the claim, wrong denies it, missing does neither."""


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
    for row in _lines(folder / "claims.jsonl"):
        said = tuple((text, verdict) for verdict in VERDICTS for text in row[verdict])
        found.append(Claims(row["question"], row["point"], tuple(row["also"]), said))
    return found


def held_out(questions: Sequence[str]) -> frozenset[str]:
    """The questions that are kept from training."""
    return frozenset(list(dict.fromkeys(questions))[3::HELD_OUT])


def seen_questions(folder: Path = FOLDER) -> frozenset[str]:
    """The guide's questions whose key points the cross-encoder was fitted on."""
    every = [row.question for row in claims(folder)]
    return frozenset(every) - held_out(every)


def whole_answers(folder: Path = FOLDER) -> list[WholeAnswer]:
    """All whole answers, the guide's first."""
    points: dict[str, list[str]] = {}
    for row in claims(folder):
        points.setdefault(row.question, []).append(row.point)
    found = []
    for line in _lines(folder / "answers.jsonl"):
        question = line["question"]
        found.append(
            WholeAnswer(question, tuple(points[question]), line["answer"], tuple(line["points"]))
        )
    for line in _lines(folder / "elsewhere.jsonl"):
        for answer in line["answers"]:
            found.append(
                WholeAnswer(
                    line["question"],
                    tuple(line["points"]),
                    answer["answer"],
                    tuple(answer["points"]),
                )
            )
    return found


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def answer_pairs(answers: Sequence[WholeAnswer]) -> list[Pair]:
    """Of each whole answer and each key point, the words that the judge would look at."""
    pairs = []
    for first in range(0, len(answers), _READ_AT_ONCE):
        chosen = answers[first : first + _READ_AT_ONCE]
        wordings = list(dict.fromkeys(t for row in chosen for t in (row.question, *row.points)))
        read = dict(zip(wordings, read_all(wordings), strict=True))
        answered = read_all([normalised(row.answer) for row in chosen])
        for row, answer in zip(chosen, answered, strict=True):
            question = read[row.question]
            for point, verdict in zip(row.points, row.verdicts, strict=True):
                best = compare(read[point], answer, question)
                if best.first >= 0:
                    _, said = read_together([read[point]], answer, question, best)
                    pairs.append(Pair(point, said, wanted(verdict)))
    return pairs


def wrong_claims(folder: Path = FOLDER) -> list[WrongClaim]:
    """The guide's common mistakes, and other errors that candidates make."""
    names = {"made": "covered", "denied": "wrong", "neither": "missing"}
    found = []
    for row in _lines(folder / "mistakes.jsonl"):
        said = tuple((text, verdict) for name, verdict in names.items() for text in row[name])
        wordings = (row["mistake"], *row["also"])
        found.append(WrongClaim(row["question"], wordings, tuple(row["denies"]), said))
    return found


def claim_pairs(rows: Sequence[WrongClaim], chance: random.Random) -> list[Pair]:
    """Wrong claims read as points that may be stated, and the key points that they deny."""
    pairs = []
    for row in rows:
        for text, verdict in row.said:
            claim = chance.choice([row.wordings[0], *row.wordings])
            pairs.append(Pair(claim, misspelt(text, chance), wanted(verdict)))
            if verdict == "covered":
                said = misspelt(text, chance)
                pairs += [Pair(point, said, wanted("wrong")) for point in row.denies]
    return pairs


def jumbled(pairs: Sequence[Pair], chance: random.Random) -> list[Pair]:
    """Some of the covered pairs with the words out of order, which state nothing."""
    nothing = tuple(
        1 - _UNSURE_OF_JUMBLED if name == "missing" else _UNSURE_OF_JUMBLED / (len(VERDICTS) - 1)
        for name in VERDICTS
    )
    found = []
    for pair in pairs:
        words = pair.said.split()
        if len(words) < 5 or pair.wanted != wanted("covered") or chance.random() >= _JUMBLED:
            continue
        chance.shuffle(words)
        found.append(Pair(pair.point, " ".join(words), nothing, 0.7))
    return found


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
        pairs += [_pair(row, text, wanted(verdict), others, chance) for text, verdict in row.said]
        if row.also and chance.random() < 0.6:
            other_wording = chance.choice(row.also)
            pairs.append(_pair(row, other_wording, wanted("covered"), others, chance, 0.7))
        if chance.random() < 0.08:
            pairs.append(_pair(row, row.point, wanted("covered"), others, chance, 0.7))
        for _ in range(2 if others else 0):
            text, verdict = chance.choice(chance.choice(others).said)
            if verdict in _OTHER_POINT:
                values = _OTHER_POINT[verdict]
                pairs.append(_pair(row, text, values, others, chance, 0.6, 0.3))
        if near[number]:
            text, verdict = chance.choice(rows[chance.choice(near[number])].said)
            if verdict in _OTHER_POINT:
                values = _OTHER_POINT[verdict]
                pairs.append(_pair(row, text, values, others, chance, 0.5, 0.2))
    return pairs


def _pair(
    row: Claims,
    said: str,
    values: tuple[float, ...],
    others: Sequence[Claims],
    chance: random.Random,
    weight: float = 1.0,
    beside: float = 0.35,
) -> Pair:
    """What is said of a point; with probability `beside`, next to a sentence on another one."""
    if others and chance.random() < beside:
        said = _beside(said, chance.choice(others), chance)
    point = chance.choice(row.also) if row.also and chance.random() < 0.2 else row.point
    return Pair(point, misspelt(said, chance), values, weight)


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
    for _ in range(1 + len(words) // 10):
        place = chance.randrange(len(words))
        word = words[place]
        if len(word) > 3 and word.isalpha():
            at = chance.randrange(len(word) - 1)
            letter = chance.choice(string.ascii_lowercase)
            before, here, after, rest = word[:at], word[at], word[at + 1], word[at + 2 :]
            words[place] = before + chance.choice(
                [
                    after + here + rest,
                    after + rest,
                    here + here + after + rest,
                    letter + after + rest,
                ]
            )
    return " ".join(words)
