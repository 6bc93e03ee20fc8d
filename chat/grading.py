"""An answer and a rubric -> a Grade: the judge decides points, code computes the score."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import numpy as np

from chat.answering import Answerer, checked
from chat.batch import LineError, required_text
from chat.grade import (
    ANCHORS,
    Grade,
    PointGrade,
    Rubric,
    RubricError,
    Verdict,
    score_of,
    weighted,
)
from chat.grade_feedback import anchor_of, better_sentence, citations, feedback, follow_up
from chat.grade_gates import MAX_ANSWER, gate, sift
from chat.grade_llm import ModelJudge
from chat.grade_points import Judged, Judgement, judge, nearest
from chat.grade_reading import (
    Encoder,
    Reading,
    normalised,
    normalised_with_places,
    pieces_of,
    slices,
)
from chat.grade_rubric import ReadRubric, read_rubric, stemmed
from chat.grade_second import ModelView, second_opinion
from chat.grade_topic import elsewhere
from chat.settings import Settings
from ingest.embedding import MiniLM
from ingest.index import Index
from ingest.questions import InterviewQuestion, KeyPoint, questions_of
from ingest.statements import sentences

__all__ = [
    "ANCHORS", "Grade", "Grader", "PointGrade", "Rubric", "RubricError", "Verdict", "grade_row",
    "readable_grade", "score_of",
]  # fmt: skip
OFFLINE = "extractive"
_SAME_QUESTION = 0.80
_KEPT_RUBRICS = 64
_CLEAR = 0.55
_REFERENCE_PENALTY = 2.5


class Grader:
    """Grades answers. One a process; safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        answerer: Answerer | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        self._settings = settings
        self._answerer = answerer or Answerer(settings)
        self._encoder = encoder
        self._judge = ModelJudge(settings)
        self._lock = threading.Lock()
        self._bank: tuple[str, list[InterviewQuestion]] | None = None
        self._vectors: tuple[str, np.ndarray] | None = None
        self._read: dict[tuple[str, Rubric], ReadRubric] = {}

    def question_bank(self) -> list[InterviewQuestion]:
        """The guide's interview questions."""
        index = self._answerer.service().index
        with self._lock:
            if self._bank is None or self._bank[0] != index.manifest.id:
                self._bank = (index.manifest.id, questions_of(index.documents.values()))
            return self._bank[1]

    def grade(
        self,
        question: str,
        answer: str,
        key_points: Sequence[str] | None = None,
        reference: str | Sequence[str] | None = None,
        model: str | None = None,
        previous: Grade | None = None,
    ) -> Grade:
        """Grade an answer.

        Args:
            question: the interview question.
            answer: what the candidate said.
            key_points: what a good answer says; the guide's own rubric when None.
            reference: a good answer in free words, instead of key points; of several, the one
                nearest to the answer counts.
            model: a model string, the configured one when None; its verdicts count, the
                offline judge runs beside it.
            previous: the grade of the turns before; this answer is added to theirs and
                graded against the same rubric.

        Raises:
            QuestionError: the question is empty or too long.
            BadIndexError: there is no usable index.
            RubricError: there is nothing to grade against.
        """
        started = time.perf_counter()
        spec = model or self._settings.model
        index = self._answerer.service().index
        if previous is not None:
            answer = f"{previous.answer}\n{answer}"
        if previous is not None and previous.rubric is not None:
            rubric = previous.rubric
        elif previous is not None and key_points is None and reference is None:
            rubric = self._known(previous)
        else:
            rubric = self._rubric(checked(question), key_points, reference, answer)
        text, places = normalised_with_places(answer)
        pieces = pieces_of(text)
        texts = [piece.text for piece in pieces]
        sifted = sift(texts)
        closed = gate(rubric.question, text, texts, sifted)
        if closed:
            grade = _gated(rubric, answer, closed)
        else:
            kept = [pieces[n] for n in sifted.kept]
            reading = slices(text, kept, self._encoder)
            out = [
                (places[pieces[n].start], places[pieces[n].end - 1] + 1)
                for n in (*sifted.orders, *sifted.heaps)
            ]
            grade = self._judged(index, rubric, answer, reading, places, spec, out)
            closed = elsewhere(index, rubric, reading, grade.score)
            grade = _gated(rubric, answer, closed) if closed else grade
        notes = list(grade.notes)
        if sifted.orders:
            notes.append("Instructions to the grader were left out; the rest is graded.")
        if sifted.heaps and not closed:
            notes.append("Bare lists of terms earn nothing; say what you would do with them.")
        source = rubric.source
        return replace(
            grade,
            notes=tuple(notes),
            seconds=time.perf_counter() - started,
            question_id=source.id if source else "",
            rubric_version=source.version if source else "",
            rubric=rubric,
            id=uuid4().hex,
        )

    def _judged(
        self,
        index: Index,
        rubric: Rubric,
        answer: str,
        reading: Reading,
        places: Sequence[int],
        model: str,
        left_out: Sequence[tuple[int, int]],
    ) -> Grade:
        read = self._reading_of(index, rubric)
        found = judge(read, reading, stemmed(index.aliases))
        points = [
            _point(key, judged, reading, places, answer)
            for key, judged in zip(rubric.points, found.points, strict=True)
        ]
        made = list(found.made_at)
        view = ModelView(OFFLINE)
        if model != OFFLINE:
            view = second_opinion(self._judge, model, rubric, points, made, answer, left_out)
            points, made = list(view.points), list(view.mistakes)
        offline = view.model == OFFLINE
        claims = found.claims if offline else ()
        score = _score(points, len(made), len(claims), found if offline else None, rubric)
        mistakes = [rubric.mistakes[n] for n in made]
        wrong = [f"{_said(reading, n)} - {turned.reason}: {turned.truth}" for n, turned in claims]
        doubtful = sum(max(judged.chances) < _CLEAR for judged in found.points)
        width = 0.5 + 4.0 * doubtful / (len(points) or 1) / 2
        return Grade(
            rubric.question,
            "",
            answer,
            score,
            tuple(points),
            (*(f"{m.claim} - {m.why}".rstrip(" -") for m in mistakes), *wrong),
            feedback(points, mistakes, score, wrong),
            citations(index, rubric, points, mistakes),
            follow_up(points, rubric.question),
            view.model,
            0.0,
            (max(0.0, round(score - width, 1)), min(10.0, round(score + width, 1))),
            unsure=view.unsure,
            notes=view.notes,
            anchor=anchor_of(score),
            better=better_sentence(points, rubric),
        )

    def _rubric(
        self,
        question: str,
        key_points: Sequence[str] | None,
        reference: str | Sequence[str] | None,
        answer: str,
    ) -> Rubric:
        if key_points:
            return Rubric(question, tuple(KeyPoint(point, -1, -1) for point in key_points))
        given = [reference] if isinstance(reference, str) else reference or ()
        references = [normalised(text) for text in given if text.strip()]
        if references:
            text = references[0]
            if len(references) > 1:
                texts = [normalised(answer), *references]
                encoder = self._encoder or MiniLM.shared()
                (said, *read), _ = encoder.encode_spans(texts, [()] * len(texts))
                text = references[nearest(said, read)]
            points = [piece.text for piece in pieces_of(text)] or [text]
            return Rubric(
                question, tuple(KeyPoint(point, -1, -1) for point in points), reference=text
            )
        exact = (q for q in self.question_bank() if q.text.strip() == question.strip())
        known = next(exact, None) or self._nearest(question)
        if known is not None:
            return _of(known)
        found = self._answerer.ask(question)
        quotes = [KeyPoint(c.quote.strip("-* |"), -1, -1) for c in found.citations]
        if not quotes:
            raise RubricError(
                "The guide says nothing about this question, so there is nothing to grade against. "
                "Give key_points or a reference answer."
            )
        return Rubric(question, tuple(quotes))

    def _known(self, previous: Grade) -> Rubric:
        """The rubric of an earlier grade that was stored without it."""
        for question in self.question_bank():
            if previous.question_id and question.id == previous.question_id:
                return _of(question)
        points = tuple(
            KeyPoint(point.point, -1, -1, point.weight == "vital") for point in previous.points
        )
        return Rubric(previous.question, points)

    def _reading_of(self, index: Index, rubric: Rubric) -> ReadRubric:
        key = (index.manifest.id, rubric)
        with self._lock:
            kept = self._read.get(key)
        if kept is None:
            kept = read_rubric(
                rubric.question,
                rubric.points,
                rubric.mistakes,
                _truths(index, rubric),
                rubric.reference or None,
                self._encoder,
            )
            with self._lock:
                if len(self._read) >= _KEPT_RUBRICS:
                    self._read.pop(next(iter(self._read)))
                self._read[key] = kept
        return kept

    def _nearest(self, question: str) -> InterviewQuestion | None:
        """The guide's own question that asks the same in other words."""
        # The vectors are made when a question is compared for the first time, not before:
        # whoever only lists the questions need not wait for the embedding model.
        version, bank = self._answerer.service().index.manifest.id, self.question_bank()
        if not bank:
            return None
        with self._lock:
            if self._vectors is None or self._vectors[0] != version:
                vectors = MiniLM.shared().queries([question.text for question in bank])
                self._vectors = (version, vectors)
            similar = self._vectors[1] @ MiniLM.shared().queries([question])[0]
        best = int(np.argmax(similar))
        return bank[best] if similar[best] >= _SAME_QUESTION else None


def _of(question: InterviewQuestion) -> Rubric:
    return Rubric(question.text, question.points, question.mistakes, question)


def _truths(index: Index, rubric: Rubric) -> list[str]:
    """What the guide says around the question: the model answer and the lesson's statements."""
    source = rubric.source
    if source is None:
        return []
    answer = source.model_answer
    said = [answer[a:b] for a, b in sentences(answer, 0, len(answer))]
    lesson = [
        statement.reading
        for passage in index.passages
        if passage.source == source.source and passage.kind != "question"
        for statement in passage.statements
    ]
    return [*said, *lesson]


def _point(
    key: KeyPoint, judged: Judged, reading: Reading, places: Sequence[int], answer: str
) -> PointGrade:
    verdict = judged.verdict
    start = end = -1
    if verdict != "missing" and judged.first >= 0:
        start = places[reading.pieces[judged.first].start]
        end = places[reading.pieces[judged.last].end - 1] + 1
    return PointGrade(
        key.text,
        verdict,
        answer[start:end] if start >= 0 else "",
        start,
        end,
        "vital" if key.vital else "okay",
        round(judged.value, 3),
        judged.reason or judged.note,
    )


def _said(reading: Reading, piece: int) -> str:
    return f'"{" ".join(reading.pieces[piece].text.split())}"'


def _score(
    points: Sequence[PointGrade],
    mistakes: int,
    claims: int,
    found: Judgement | None,
    rubric: Rubric,
) -> float:
    """The score from the verdicts; of a free reference, its calibrated similarity."""
    if found is None or found.reference is None:
        return score_of(points, mistakes + claims)
    wrong = weighted(points, "wrong")
    loss = max(_REFERENCE_PENALTY, 10 * wrong) if wrong else _REFERENCE_PENALTY * bool(claims)
    return round(max(0.0, 10 * found.reference - loss), 1)


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
        OFFLINE,
        0.0,
        (0.0, 0.0),
        reason,
        anchor=ANCHORS[0],
    )


def grade_row(grader: Grader, row: dict[str, Any], model: str | None = None) -> dict[str, Any]:
    """Grade one line of a batch.

    Raises:
        LineError: a field is missing or of the wrong form.
        GuideError: there is nothing to grade against, or no index.
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
    several = isinstance(reference, list) and all(isinstance(text, str) for text in reference)
    if reference is not None and not (isinstance(reference, str) or several):
        raise LineError('"reference" is neither a string nor a list of strings')
    return grader.grade(question, answer, points, reference, model).to_json()


def readable_grade(grade: Grade) -> str:
    """A grade for the terminal."""
    lines = [f"{grade.score}/10 (between {grade.band[0]} and {grade.band[1]})", grade.feedback, ""]
    marks = {"covered": "+", "partial": "~", "missing": "-", "wrong": "x"}
    for point in grade.points:
        lines.append(f"{marks[point.verdict]} {point.point}")
        if point.evidence:
            lines.append(f'    you said: "{" ".join(point.evidence.split())}"')
        if point.note:
            lines.append(f"    {point.note}")
    if grade.better and not grade.gate:
        lines += ["", f'You could say: "{grade.better}"']
    for citation in grade.citations:
        lines.append(f"[{citation.n}] {citation.source} > {' > '.join(citation.trail[1:])}")
    if grade.follow_up:
        lines += ["", grade.follow_up]
    return "\n".join([*lines, *(f"Note: {note}" for note in grade.notes)])
