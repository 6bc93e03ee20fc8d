"""How far somebody is: readiness by topic, and the key points that were missed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chat.spaced_review import chance_to_know
from ingest.questions import InterviewQuestion

_GRAVITY = {"wrong": 1.0, "missing": 0.8, "partial": 0.4}


@dataclass(frozen=True)
class TopicReadiness:
    """One topic of the guide and how well somebody knows it."""

    topic: str
    questions: int
    tried: int
    mean: float | None
    """Of the last score at each question tried, 0..10; None when none was."""
    due: int
    """Questions whose review is due."""
    readiness: float
    """0..1: over all questions of the topic, the mean of the last score (as a share of ten)
    times the chance that it is still known. A question never tried counts as 0."""


@dataclass(frozen=True)
class WeakPoint:
    """A key point that the last attempt at its question did not cover."""

    point: str
    question: InterviewQuestion
    verdict: str
    """In the last attempt: wrong, missing or partial."""
    missed: int
    """Attempts that did not cover it."""
    tried: int
    """Attempts whose rubric had it."""
    when: float
    """Time of the last attempt, seconds since 1970."""


def readiness(
    bank: Sequence[InterviewQuestion],
    scores: Mapping[str, float],
    cards: Mapping[str, tuple[float, str]],
    now: float,
) -> list[TopicReadiness]:
    """One row a topic.

    Args:
        bank: the guide's questions.
        scores: question id -> last score.
        cards: question id -> (due, card).
        now: seconds since 1970.
    """
    by_topic: dict[str, list[InterviewQuestion]] = {}
    for question in bank:
        by_topic.setdefault(question.topic, []).append(question)
    rows = []
    for topic, questions in by_topic.items():
        tried = [question.id for question in questions if question.id in scores]
        known = sum(
            scores[key] / 10 * (chance_to_know(cards[key][1], now) if key in cards else 1.0)
            for key in tried
        )
        mean = sum(scores[key] for key in tried) / len(tried) if tried else None
        due = sum(key in cards and cards[key][0] <= now for key in tried)
        rows.append(
            TopicReadiness(topic, len(questions), len(tried), mean, due, known / len(questions))
        )
    return rows


def weakest(
    bank: Sequence[InterviewQuestion], attempts: Sequence[Mapping[str, Any]]
) -> list[WeakPoint]:
    """Points that the last attempt at their question missed, the most telling first.

    Vital points come before the others, then the worse verdicts and the more often missed.

    Args:
        bank: the guide's questions; attempts at others are left out.
        attempts: oldest first, `grade` as a dict.
    """
    known = {question.id: question for question in bank}
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    last: dict[str, Mapping[str, Any]] = {}
    for attempt in attempts:
        if attempt["question"] not in known:
            continue
        last[attempt["question"]] = attempt
        for point in attempt["grade"].get("points", []):
            key = (attempt["question"], point["point"])
            missed, tried = counts.get(key, (0, 0))
            counts[key] = (missed + (point["verdict"] in _GRAVITY), tried + 1)
    found: list[tuple[tuple[bool, float, float], WeakPoint]] = []
    for question_id, attempt in last.items():
        for point in attempt["grade"].get("points", []):
            verdict = point["verdict"]
            if verdict not in _GRAVITY:
                continue
            missed, tried = counts[(question_id, point["point"])]
            weak = WeakPoint(
                point["point"], known[question_id], verdict, missed, tried, attempt["created"]
            )
            okay = point.get("weight") == "okay"
            found.append(((okay, -missed * _GRAVITY[verdict], -weak.when), weak))
    return [weak for _, weak in sorted(found, key=lambda row: row[0])]
