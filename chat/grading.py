"""An answer and a rubric -> a Grade: the judge decides points, code computes the score."""

import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal
from uuid import uuid4

import numpy as np

from chat.answering import Answerer, checked
from chat.batch import LineError, required_text
from chat.citations import Citation, cite
from chat.grade_gates import MAX_ANSWER, gate, normalised, without_orders
from chat.grade_points import AnswerReader, Spoken, judge
from chat.reranking import document_frequency
from chat.settings import Settings
from ingest.embedding import MiniLM
from ingest.index import Index
from ingest.questions import InterviewQuestion, KeyPoint, Mistake, questions_of
from ingest.statements import sentences

Verdict = Literal["covered", "partial", "missing", "wrong"]
ANCHORS = {
    0: "nothing that can be graded",
    3: "a beginning: one important point, most are missing",
    5: "half of what matters",
    7: "solid: the vital points, details are missing",
    10: "complete",
}
_VALUE = {"covered": 1.0, "partial": 0.5, "missing": 0.0, "wrong": 0.0}
_MISTAKE_COST = 1.5
_SAME_QUESTION = 0.80
_MISTAKE_MEANING = 0.72


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

    def to_json(self) -> dict[str, Any]:
        """The output line of `python -m chat grade`, without the line's `id`."""
        return {
            "question": self.question,
            "score": self.score,
            "points": [asdict(point) for point in self.points],
            "mistakes": list(self.mistakes),
            "feedback": self.feedback,
            "citations": [citation.to_json() for citation in self.citations],
            "model": self.model,
            "seconds": round(self.seconds, 3),
            "band": list(self.band),
            "gate": self.gate,
            "follow_up": self.follow_up,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Rubric:
    """What an answer is graded against."""

    question: str
    points: tuple[KeyPoint, ...]
    mistakes: tuple[Mistake, ...] = ()
    source: InterviewQuestion | None = None


class Grader:
    """Grades answers offline. One a process; safe to share between threads."""

    def __init__(self, settings: Settings, answerer: Answerer | None = None) -> None:
        self._answerer = answerer or Answerer(settings)
        self._bank: tuple[str, list[InterviewQuestion], np.ndarray] | None = None

    def question_bank(self) -> list[InterviewQuestion]:
        """The guide's interview questions."""
        return self._questions()[1]

    def grade(
        self,
        question: str,
        answer: str,
        key_points: Sequence[str] | None = None,
        reference: str | None = None,
    ) -> Grade:
        """Grade an answer.

        Raises:
            QuestionError: the question is empty or too long.
            BadIndexError: there is no usable index.
        """
        started = time.perf_counter()
        question = checked(question)
        index = self._answerer.service().index
        rubric = self._rubric(index, question, key_points, reference)
        pieces = _pieces(answer)
        texts, orders = without_orders([normalised(piece.text) for piece in pieces])
        kept = [piece for piece in pieces if normalised(piece.text) in texts]
        closed = gate(question, normalised(answer), texts)
        if closed:
            grade = _gated(rubric, answer, closed)
        else:
            grade = self._judged(index, rubric, answer, kept)
        if orders and not closed:
            grade = replace(
                grade, notes=(*grade.notes, "Instructions to the grader were left out.")
            )
        source = rubric.source
        return replace(
            grade,
            seconds=time.perf_counter() - started,
            question_id=source.id if source else "",
            rubric_version=source.version if source else "",
            id=uuid4().hex,
        )

    def _judged(self, index: Index, rubric: Rubric, answer: str, pieces: list[Spoken]) -> Grade:
        whole = len(index.passages)
        rarity = {
            term: float(np.log(1 + whole / (1 + document_frequency(index, term))))
            for term in index.bm25.vocab_dict
        }
        reader = AnswerReader(rubric.question, pieces, rarity)
        points = []
        for point in rubric.points:
            match = reader.match([point.text, *point.also])
            verdict: Verdict = "missing"
            if match.probability >= judge().covered:
                verdict = "covered"
            elif match.probability >= judge().partial:
                verdict = "partial"
            found = match.piece if verdict != "missing" else None
            points.append(
                PointGrade(
                    point.text,
                    verdict,
                    answer[found.start : found.end] if found else "",
                    found.start if found else -1,
                    found.end if found else -1,
                    "vital" if point.vital else "okay",
                    round(match.probability, 3),
                )
            )
        mistakes = _mistakes_made(rubric, pieces)
        score = score_of(points, len(mistakes))
        unsure = sum(abs(p.confidence - judge().covered) < 0.12 for p in points)
        band = (
            max(0.0, round(score - 0.5 - unsure * 0.4, 1)),
            min(10.0, score + 0.5 + unsure * 0.4),
        )
        return Grade(
            rubric.question,
            "",
            answer,
            score,
            tuple(points),
            tuple(f"{m.claim} - {m.why}".rstrip(" -") for m in mistakes),
            _feedback(points, mistakes, score),
            _citations(index, rubric, points, mistakes),
            _follow_up(points),
            "extractive",
            0.0,
            (band[0], round(band[1], 1)),
        )

    def _rubric(
        self,
        index: Index,
        question: str,
        key_points: Sequence[str] | None,
        reference: str | None,
    ) -> Rubric:
        if key_points:
            return Rubric(question, tuple(KeyPoint(point, -1, -1) for point in key_points))
        if reference:
            spans = sentences(reference, 0, len(reference))
            return Rubric(question, tuple(KeyPoint(reference[a:b], -1, -1) for a, b in spans))
        _, bank, vectors = self._questions()
        if bank:
            similar = vectors @ MiniLM.shared().queries([question])[0]
            best = int(np.argmax(similar))
            if similar[best] >= _SAME_QUESTION:
                found = bank[best]
                return Rubric(found.text, found.points, found.mistakes, found)
        answer = self._answerer.ask(question)
        quotes = [KeyPoint(c.quote.strip("-* |"), -1, -1) for c in answer.citations]
        if not quotes:
            raise LineError("The guide has no rubric for this question; give key_points.")
        return Rubric(question, tuple(quotes))

    def _questions(self) -> tuple[str, list[InterviewQuestion], np.ndarray]:
        index = self._answerer.service().index
        if self._bank is None or self._bank[0] != index.manifest.id:
            bank = questions_of(index.documents.values())
            vectors = MiniLM.shared().queries([question.text for question in bank])
            self._bank = (index.manifest.id, bank, vectors)
        return self._bank


def score_of(points: Sequence[PointGrade], mistakes: int) -> float:
    """0..10: weighted share of the points (a vital one counts twice), less the mistakes."""
    weights = [2.0 if point.weight == "vital" else 1.0 for point in points]
    earned = sum(w * _VALUE[p.verdict] for w, p in zip(weights, points, strict=True))
    return round(max(0.0, 10 * earned / (sum(weights) or 1.0) - _MISTAKE_COST * mistakes), 1)


def _pieces(answer: str) -> list[Spoken]:
    pieces = []
    position = 0
    for line in answer.split("\n"):
        for start, end in sentences(answer, position, position + len(line)):
            pieces.append(Spoken(answer[start:end], start, end))
        position += len(line) + 1
    return pieces


def _gated(rubric: Rubric, answer: str, reason: str) -> Grade:
    points = tuple(
        PointGrade(p.text, "missing", "", weight="vital" if p.vital else "okay")
        for p in rubric.points
    )
    return Grade(
        rubric.question,
        "",
        answer,
        0.0,
        points,
        (),
        reason,
        (),
        "",
        "extractive",
        0.0,
        (0.0, 0.0),
        reason,
    )


def _mistakes_made(rubric: Rubric, pieces: Sequence[Spoken]) -> list[Mistake]:
    """Mistakes of the rubric that a sentence of the answer states, and does not reject."""
    if not rubric.mistakes or not pieces:
        return []
    model = MiniLM.shared()
    spoken = model.queries([piece.text for piece in pieces])
    right = model.queries([point.text for point in rubric.points])
    made = []
    for mistake in rubric.mistakes:
        claims = model.queries([mistake.claim, *mistake.also])
        similar = (spoken @ claims.T).max(axis=1)
        for row, piece in enumerate(pieces):
            rejects = re.search(
                r"\b(not|never|avoid|wrong|mistake|instead|n't)\b", piece.text, re.I
            )
            claimed = re.search(r"\b(not|never|avoid|n't)\b", mistake.claim, re.I)
            if similar[row] < _MISTAKE_MEANING or bool(rejects) != bool(claimed):
                continue
            if similar[row] > float((spoken[row] @ right.T).max()) + 0.05:
                made.append(mistake)
                break
    return made


def _feedback(points: Sequence[PointGrade], mistakes: Sequence[Mistake], score: float) -> str:
    covered = [p for p in points if p.verdict == "covered"]
    missed = sorted(
        (p for p in points if p.verdict != "covered"),
        key=lambda p: (p.weight != "vital", p.confidence),
    )
    anchor = ANCHORS[max(level for level in ANCHORS if level <= score + 1e-9)]
    lines = [f"{len(covered)} of {len(points)} key points: {anchor}."]
    if covered:
        lines.append(f"Good: {covered[0].point}")
    for mistake in mistakes[:2]:
        lines.append(f'Wrong: "{mistake.claim}" {mistake.why}')
    for point in missed[:2]:
        lines.append(
            f"{'Say more about' if point.verdict == 'partial' else 'Missing'}: {point.point}"
        )
    return "\n".join(lines)


def _follow_up(points: Sequence[PointGrade]) -> str:
    missed = [p for p in points if p.verdict in {"missing", "partial"}]
    if not missed:
        return ""
    probe = min(missed, key=lambda p: (p.weight != "vital", p.verdict != "missing"))
    words = probe.point.rstrip(".").split()
    return f"You have not spoken of this: {' '.join(words[:5])} .. What would you say about it?"


def _citations(
    index: Index, rubric: Rubric, points: Sequence[PointGrade], mistakes: Sequence[Mistake]
) -> tuple[Citation, ...]:
    """Where the guide says what was missed or got wrong, at most four places."""
    source = rubric.source
    if source is None:
        return ()
    wanted = [
        (point.start, point.end)
        for point, graded in zip(rubric.points, points, strict=True)
        if graded.verdict != "covered"
    ]
    wanted = [(m.start, m.end) for m in mistakes] + wanted
    document = index.documents[source.source]
    found: list[Citation] = []
    for start, end in wanted[:4]:
        for passage in index.passages:
            inside = passage.source == source.source and passage.start <= start < passage.end
            if inside:
                found.append(cite(len(found) + 1, document, passage, start, min(end, passage.end)))
                break
    return tuple(found)


def grade_row(grader: Grader, row: dict[str, Any]) -> dict[str, Any]:
    """Grade one line of a batch.

    Raises:
        LineError: a field is missing or of the wrong form.
    """
    question = required_text(row, "question", 4000)
    answer = row.get("answer")
    if not isinstance(answer, str):
        raise LineError('the line needs "answer", a string')
    if len(answer) > 50 * MAX_ANSWER:
        raise LineError(f'"answer" has {len(answer):,} characters')
    points = row.get("key_points")
    listed = isinstance(points, list) and all(isinstance(p, str) and p.strip() for p in points)
    if points is not None and not (listed and points):
        raise LineError('"key_points" is not a list of texts')
    reference = row.get("reference")
    if reference is not None and not isinstance(reference, str):
        raise LineError('"reference" is not a string')
    return grader.grade(question, answer, points, reference).to_json()


def readable_grade(grade: Grade) -> str:
    """A grade for the terminal."""
    lines = [f"{grade.score}/10 (between {grade.band[0]} and {grade.band[1]})", grade.feedback, ""]
    marks = {"covered": "+", "partial": "~", "missing": "-", "wrong": "x"}
    for point in grade.points:
        lines.append(f"{marks[point.verdict]} {point.point}")
        if point.evidence:
            lines.append(f'    you said: "{" ".join(point.evidence.split())}"')
    for citation in grade.citations:
        lines.append(f"[{citation.n}] {citation.source} > {' > '.join(citation.trail[1:])}")
    if grade.follow_up:
        lines += ["", grade.follow_up]
    return "\n".join([*lines, *(f"Note: {note}" for note in grade.notes)])
