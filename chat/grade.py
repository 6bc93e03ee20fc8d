"""A grade and what it is made of; how verdicts become a score."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from chat.citations import Citation
from chat.grade_feedback import ANCHORS as ANCHORS
from ingest.errors import GuideError
from ingest.questions import InterviewQuestion, KeyPoint, Mistake

Verdict = Literal["covered", "partial", "missing", "wrong"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
_VALUE = {"covered": 1.0, "partial": 0.5, "missing": 0.0, "wrong": -0.35}
_MISTAKE_COST = 1.5


class RubricError(GuideError):
    """There is nothing to grade an answer against."""


@dataclass(frozen=True)
class PointGrade:
    """The verdict on one key point and the words of the answer that decided it."""

    point: str
    verdict: Verdict
    evidence: str
    start: int = -1
    end: int = -1
    weight: str = "vital"
    confidence: float = 0.0
    note: str = ""
    """Why it is wrong, or what to check."""


@dataclass(frozen=True)
class Rubric:
    """What an answer is graded against."""

    question: str
    points: tuple[KeyPoint, ...]
    mistakes: tuple[Mistake, ...] = ()
    source: InterviewQuestion | None = None
    reference: str = ""
    """The free reference that the points are the statements of."""


@dataclass(frozen=True)
class Grade:
    """A graded answer."""

    question: str
    question_id: str
    answer: str
    score: float
    points: tuple[PointGrade, ...]
    mistakes: tuple[str, ...]
    feedback: str
    citations: tuple[Citation, ...]
    follow_up: str
    model: str
    seconds: float
    band: tuple[float, float]
    gate: str = ""
    unsure: bool = False
    notes: tuple[str, ...] = ()
    rubric_version: str = ""
    id: str = ""
    anchor: str = ""
    """The score in words."""
    better: str = ""
    """A sentence that would have made the most valuable lost point."""
    rubric: Rubric | None = field(default=None, repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """The output line of `python -m chat grade`, without the line's `id`."""
        return {
            "question": self.question,
            "question_id": self.question_id,
            "score": self.score,
            "anchor": self.anchor,
            "band": list(self.band),
            "points": [asdict(point) for point in self.points],
            "mistakes": list(self.mistakes),
            "feedback": self.feedback,
            "better": self.better,
            "citations": [citation.to_json() for citation in self.citations],
            "follow_up": self.follow_up,
            "gate": self.gate,
            "unsure": self.unsure,
            "notes": list(self.notes),
            "model": self.model,
            "seconds": round(self.seconds, 3),
        }


def score_of(points: Sequence[PointGrade], mistakes: int) -> float:
    """0..10: weighted share of the points (a vital one counts twice), less the mistakes."""
    weights = [_weight(point) for point in points]
    earned = sum(w * _VALUE[p.verdict] for w, p in zip(weights, points, strict=True))
    return round(max(0.0, 10 * earned / (sum(weights) or 1.0) - _MISTAKE_COST * mistakes), 1)


def weighted(points: Sequence[PointGrade], verdict: Verdict) -> float:
    """Weighted share of the points with a verdict, 0..1."""
    whole = sum(_weight(point) for point in points) or 1.0
    return sum(_weight(point) for point in points if point.verdict == verdict) / whole


def _weight(point: PointGrade) -> float:
    return 2.0 if point.weight == "vital" else 1.0
