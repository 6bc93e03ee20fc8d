"""A mock interview: a few questions over chosen topics, and no word on the answers until the end.

Each answer is stored as it is given, so that a reload or a crash costs nothing; the grading
at the end can be repeated without counting an attempt twice.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from chat.grading import Grade
from ingest.errors import GuideError
from ingest.questions import InterviewQuestion

if TYPE_CHECKING:
    from chat.practice import Practice

QUESTIONS = 5


@dataclass(frozen=True)
class MockResult:
    """One question of a mock interview, graded."""

    question: InterviewQuestion
    answer: str
    grade: Grade
    attempt: str
    """Its id in the history."""


@dataclass(frozen=True)
class MockSummary:
    """What a mock interview showed."""

    score: float
    """Mean over all questions, 0..10; one without an answer counts as 0."""
    by_topic: tuple[tuple[str, float], ...]
    """(topic, mean score), best first."""
    strongest: MockResult
    weakest: MockResult
    results: tuple[MockResult, ...]
    """In the order in which they were asked."""
    practise_next: tuple[str, ...]
    """Topics, the weakest first; empty when all went well."""
    seconds: float

    @property
    def text(self) -> str:
        """The summary in a few plain sentences."""
        count = len(self.results)
        lines = [f"{self.score:g} of 10 over {count} question{'s' * (count > 1)}."]
        if len(self.results) > 1 and self.strongest.grade.score > self.weakest.grade.score:
            best, worst = self.strongest, self.weakest
            lines.append(f"Strongest, {best.grade.score:g}: {best.question.text}")
            lines.append(f"Weakest, {worst.grade.score:g}: {worst.question.text}")
        if self.practise_next:
            lines.append("Practise next: " + "; ".join(self.practise_next) + ".")
        else:
            lines.append("Nothing stood out as weak: take harder questions next.")
        return "\n".join(lines)


class MockInterview:
    """One mock interview. Safe to share between threads."""

    def __init__(
        self,
        practice: "Practice",
        owner: str,
        questions: Sequence[InterviewQuestion],
        answers: Sequence[tuple[str, float]] = (),
        id: str = "",
    ) -> None:
        """An interview over given questions; use `start` or `resume`.

        Args:
            practice: where attempts are recorded.
            owner: whose interview.
            questions: what is asked, in this order.
            answers: (text, seconds) of those answered already.
            id: of a stored interview.
        """
        self.id = id or uuid4().hex
        self.questions = tuple(questions)
        self._practice = practice
        self._owner = owner
        self._answers = list(answers)
        self._lock = threading.RLock()

    @classmethod
    def start(
        cls,
        practice: "Practice",
        owner: str,
        topics: Sequence[str] = (),
        level: str | None = None,
        kind: str | None = None,
        count: int = QUESTIONS,
        now: float | None = None,
    ) -> "MockInterview":
        """Choose the questions, store the interview, and begin. Earlier open ones are closed.

        Raises:
            GuideError: no question fits one of the topics with this level and kind.
        """
        pools = []
        for topic in topics or [None]:  # type: ignore[list-item]
            fits = practice.fitting(topic, level, kind)
            pools.append([question for question, _ in practice.ranked(owner, fits, now)])
        interview = cls(practice, owner, _spread(pools, max(1, count), varied=not topics))
        while (earlier := cls.resume(practice, owner)) is not None:
            earlier.abandon()
        interview._store()
        return interview

    @classmethod
    def resume(cls, practice: "Practice", owner: str) -> "MockInterview | None":
        """The latest interview that was not finished; None when there is none to go on with."""
        while (found := practice.history.open_interview(owner)) is not None:
            key, body = found
            bank = {question.id: question for question in practice.grader.question_bank()}
            if all(question in bank for question in body["questions"]):
                questions = [bank[question] for question in body["questions"]]
                answers = [(row["answer"], row["seconds"]) for row in body["answers"]]
                return cls(practice, owner, questions, answers, key)
            # The guide has changed under it, so it can't be finished.
            practice.history.save_interview(key, owner, body, closed=True)
        return None

    @property
    def position(self) -> int:
        """How many questions are answered."""
        return len(self._answers)

    @property
    def current(self) -> InterviewQuestion | None:
        """The question to answer now; None when all are answered."""
        return None if self.done else self.questions[self.position]

    @property
    def done(self) -> bool:
        """Whether all questions are answered."""
        return self.position >= len(self.questions)

    def answer(self, text: str, seconds: float = 0.0) -> None:
        """Take the answer to the current question (empty: passed over) and store it.

        Raises:
            GuideError: all questions are answered already.
        """
        with self._lock:
            if self.done:
                raise GuideError("All questions of this interview are answered. Look at the end.")
            self._answers.append((text, seconds))
            self._store()

    def abandon(self) -> None:
        """Close the interview without a grade; it is not offered again."""
        with self._lock:
            self._store(closed=True)

    def finish(
        self,
        model: str | None = None,
        progress: Callable[[int, int], Any] | None = None,
        now: float | None = None,
    ) -> MockSummary:
        """Grade and record all answers, and sum up. Questions not reached count as passed over.

        Args:
            model: the judge; the configured one when None.
            progress: told (graded, all) before each question and at the end.
            now: seconds since 1970, for the record; the present when None.

        Raises:
            GuideError: an answer could not be graded; the interview stays open, so that
                `finish` can be called again.
        """
        with self._lock:
            while not self.done:
                self.answer("")
            results = []
            for place, question in enumerate(self.questions):
                if progress:
                    progress(place, len(self.questions))
                results.append(self._graded(place, question, model, now))
            if progress:
                progress(len(self.questions), len(self.questions))
            self._store(closed=True)
            return summary(results, sum(seconds for _, seconds in self._answers))

    def _graded(
        self, place: int, question: InterviewQuestion, model: str | None, now: float | None
    ) -> MockResult:
        text, seconds = self._answers[place]
        grade = self._practice.judged(question, text, model)
        # The id says which answer it is: a second `finish` replaces the attempt.
        attempt = self._practice.record(
            self._owner, question, text, grade, seconds, attempt=f"{self.id}-{place}", now=now
        )
        return MockResult(question, text, grade, attempt)

    def _store(self, closed: bool = False) -> None:
        body = {
            "questions": [question.id for question in self.questions],
            "answers": [{"answer": text, "seconds": took} for text, took in self._answers],
        }
        self._practice.history.save_interview(self.id, self._owner, body, closed)


def summary(results: Sequence[MockResult], seconds: float) -> MockSummary:
    """Sum up the results of at least one question."""
    scores: dict[str, list[float]] = {}
    for result in results:
        scores.setdefault(result.question.topic, []).append(result.grade.score)
    means = {topic: round(sum(values) / len(values), 1) for topic, values in scores.items()}
    ordered = sorted(means.items(), key=lambda row: -row[1])
    return MockSummary(
        round(sum(result.grade.score for result in results) / len(results), 1),
        tuple(ordered),
        max(results, key=lambda result: result.grade.score),
        min(results, key=lambda result: result.grade.score),
        tuple(results),
        tuple(topic for topic, mean in reversed(ordered) if mean < 7)[:3],
        seconds,
    )


def _spread(
    pools: Sequence[Sequence[InterviewQuestion]], count: int, varied: bool
) -> list[InterviewQuestion]:
    """The first questions of each pool in turn; when `varied`, of different lessons while
    there are any. Chosen topics are not varied: who wants SQS wants the lesson on SQS."""
    chosen: list[InterviewQuestion] = []
    queues = [list(pool) for pool in pools]
    while len(chosen) < count and any(queues):
        for queue in queues:
            queue[:] = [question for question in queue if question not in chosen]
            if not queue or len(chosen) == count:
                continue
            used = [question.topic for question in chosen] if varied else []
            chosen.append(min(queue, key=lambda question: used.count(question.topic)))
    return chosen
