"""Which question next and why; what an attempt changes; how far somebody is.

Pure of any user interface, for the web page, Slack and the terminal alike. An owner is any
string that names one person's practice ("web", "terminal", "slack:T1:U2").
"""

import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from chat.answer import EXTRACTIVE
from chat.grade_feedback import worst_first
from chat.grade_llm import ModelJudge, follow_up_question
from chat.grading import Grade
from chat.history import History
from chat.mock_interview import MockInterview, MockSummary
from chat.progress import TopicReadiness, WeakPoint, readiness, weakest
from chat.selection import (
    NoQuestionError,
    Tried,
    fitting,
    kinds,
    levels,
    ranked,
    services,
    topics,
)
from chat.settings import Settings
from chat.spaced_review import rating_of, reviewed
from ingest.errors import GuideError
from ingest.questions import InterviewQuestion

__all__ = ["MockInterview", "MockSummary", "NoQuestionError", "Practice", "QuestionSource"]


class QuestionSource(Protocol):
    """What practice needs of the grader; `chat.grading.Grader` is one."""

    def question_bank(self) -> list[InterviewQuestion]:
        """The guide's interview questions, in its order."""
        ...

    def grade(self, question: str, answer: str, *args: Any, **named: Any) -> Grade:
        """Grade an answer."""
        ...


class Practice:
    """The practice loop of all owners. One a process; safe to share between threads."""

    def __init__(self, settings: Settings, history: History, grader: QuestionSource) -> None:
        self.settings = settings
        self.history = history
        self.grader = grader
        self._judge = ModelJudge(settings)
        self._lock = threading.Lock()

    # What there is

    def topics(self) -> list[str]:
        """The lessons that have interview questions, in the guide's order."""
        return topics(self.grader.question_bank())

    def services(self) -> list[str]:
        """The services that lessons with interview questions name, by name."""
        return services(self.grader.question_bank())

    def levels(self) -> list[str]:
        """The levels of the questions, from the lowest."""
        return levels(self.grader.question_bank())

    def kinds(self) -> list[str]:
        """The kinds of the questions, by name."""
        return kinds(self.grader.question_bank())

    def question(self, question_id: str) -> InterviewQuestion:
        """The question with an id.

        Raises:
            NoQuestionError: the guide does not have it (any more).
        """
        for question in self.grader.question_bank():
            if question.id == question_id:
                return question
        raise NoQuestionError("The guide no longer has this question. Ask for another one.")

    def fitting(
        self, topic: str | None = None, level: str | None = None, kind: str | None = None
    ) -> list[InterviewQuestion]:
        """The questions of a topic (a lesson, its file, or a service), a level and a kind.

        Raises:
            NoQuestionError: there is none; the message names what there is.
        """
        return fitting(self.grader.question_bank(), topic, level, kind)

    # What to ask now

    def next_question(
        self,
        owner: str,
        topic: str | None = None,
        level: str | None = None,
        kind: str | None = None,
        now: float | None = None,
        exclude: Collection[str] = (),
    ) -> tuple[InterviewQuestion, str]:
        """The question to ask now, and why this one in a sentence.

        First what is due for review, the weakest before the rest; then what was never tried,
        from the topics with the fewest tries; then the lowest score.

        Args:
            owner: whose practice.
            topic: a lesson, its file, or a service; all when None.
            level: one of `levels()`; all when None.
            kind: one of `kinds()`; all when None.
            now: seconds since 1970; the present when None.
            exclude: question ids to leave out while there are others.

        Raises:
            NoQuestionError: no question fits the filters.
        """
        ranked = self.ranked(owner, self.fitting(topic, level, kind), now)
        return next((pair for pair in ranked if pair[0].id not in exclude), ranked[0])

    def ranked(
        self, owner: str, questions: Sequence[InterviewQuestion], now: float | None = None
    ) -> list[tuple[InterviewQuestion, str]]:
        """Questions in the order in which they should be asked, each with the reason."""
        moment = time.time() if now is None else now
        cards = self.history.cards(owner)
        tried = {
            key: Tried(score, when, cards[key][0] if key in cards else when)
            for key, (score, when, _) in self.history.last_scores(owner).items()
        }
        return ranked(questions, self.grader.question_bank(), tried, moment)

    # What an attempt changes

    def submit(
        self,
        owner: str,
        question: InterviewQuestion,
        answer: str,
        seconds: float = 0.0,
        model: str | None = None,
        now: float | None = None,
    ) -> tuple[Grade, str]:
        """Keep an answer, grade it and record it; the grade and the attempt's id.

        The text is stored before it is graded: when grading fails or the process dies, it
        waits in `drafts(owner)`.

        Raises:
            GuideError: it could not be graded; the draft is kept.
        """
        self.history.save_draft(owner, question.id, answer, seconds)
        grade = self._with_follow_up(self.judged(question, answer, model))
        return grade, self.record(owner, question, answer, grade, seconds, now=now)

    def judged(self, question: InterviewQuestion, answer: str, model: str | None = None) -> Grade:
        """The grade of an answer, which is not stored; by the configured model when None.

        Raises:
            GuideError: it could not be graded.
        """
        return self.grader.grade(question.text, answer, model=model or self.settings.model)

    def submit_follow_up(
        self,
        owner: str,
        question: InterviewQuestion,
        attempt: str,
        previous: Grade,
        answer: str,
        seconds: float = 0.0,
        model: str | None = None,
    ) -> Grade:
        """Keep and grade the answer to `previous.follow_up`; the grade over all turns.

        Args:
            owner: whose practice.
            question: the first question.
            attempt: the id that `submit` returned.
            previous: the grade so far.
            answer: what was said to the follow-up question.
            seconds: how long it took.
            model: the judge; the configured one when None.

        Raises:
            GuideError: the attempt is unknown, or could not be graded; the text is kept.
        """
        stored = self.history.attempt(attempt)
        if stored is None:
            raise GuideError("This attempt is not in the history any more. Answer the question.")
        turns = [*stored["follow_ups"], {"question": previous.follow_up, "answer": answer}]
        self.history.save_follow_ups(attempt, turns)
        judge = model or self.settings.model
        grade = self.grader.grade(question.text, answer, previous=previous, model=judge)
        self.record(
            owner,
            question,
            stored["answer"],
            grade,
            stored["seconds"] + seconds,
            [(turn["question"], turn["answer"]) for turn in turns],
            attempt,
        )
        return grade

    def record(
        self,
        owner: str,
        question: InterviewQuestion,
        answer: str,
        grade: Grade,
        seconds: float,
        follow_ups: Sequence[tuple[str, str]] = (),
        attempt: str | None = None,
        now: float | None = None,
    ) -> str:
        """Store a graded attempt and plan the question's next review; the attempt's id.

        Args:
            owner: whose practice.
            question: what was asked.
            answer: the first answer.
            grade: the grade over all turns.
            seconds: how long the answering took.
            follow_ups: (question, answer) of the turns after the first.
            attempt: the id of a stored attempt to replace; its review is planned anew, not
                counted twice.
            now: seconds since 1970; the present when None.
        """
        with self._lock:
            stored = self.history.attempt(attempt) if attempt else None
            moment = time.time() if now is None else now
            when = stored["created"] if stored else moment
            if stored:
                before = stored["card_before"]
            else:
                before = self.history.cards(owner).get(question.id, (0.0, ""))[1]
            review = reviewed(before, rating_of(grade.score, bool(follow_ups)), when)
            row = {
                "id": attempt or grade.id or uuid4().hex,
                "created": when,
                "owner": owner,
                "question": question.id,
                "question_text": question.text,
                "topic": question.topic,
                "rubric_version": grade.rubric_version or question.version,
                "answer": answer,
                "score": grade.score,
                "first_score": stored["first_score"] if stored else grade.score,
                "grade": grade.to_json(),
                "seconds": seconds,
                "follow_ups": [{"question": q, "answer": a} for q, a in follow_ups],
            }
            last = self.history.last_scores(owner).get(question.id, (0.0, 0.0, 0))[1]
            # An attempt that was followed by another no longer decides the next review.
            card = (review.due, review.card) if when >= last else None
            self.history.add_attempt(row, card, before)
        return str(row["id"])

    def save_draft(
        self, owner: str, question: InterviewQuestion, answer: str, seconds: float = 0.0
    ) -> None:
        """Keep an answer that is still being written."""
        self.history.save_draft(owner, question.id, answer, seconds)

    def draft(self, owner: str, question: InterviewQuestion) -> str:
        """What was written of an answer and not graded; "" when nothing was."""
        return self.history.drafts(owner).get(question.id, ("", 0.0))[0]

    def drafts(self, owner: str) -> list[tuple[InterviewQuestion, str, float]]:
        """(question, answer, seconds) of all answers not graded yet, latest first."""
        bank = {question.id: question for question in self.grader.question_bank()}
        kept = self.history.drafts(owner)
        return [(bank[key], text, took) for key, (text, took) in kept.items() if key in bank]

    # How far somebody is

    def attempts(self, owner: str) -> list[dict[str, Any]]:
        """All attempts, oldest first: the columns of the table, `grade` as a dict."""
        return self.history.attempts(owner)

    def readiness(self, owner: str, now: float | None = None) -> list[TopicReadiness]:
        """One row a topic, in the guide's order."""
        moment = time.time() if now is None else now
        scores = {key: row[0] for key, row in self.history.last_scores(owner).items()}
        return readiness(self.grader.question_bank(), scores, self.history.cards(owner), moment)

    def weakest_points(self, owner: str, limit: int = 10) -> list[WeakPoint]:
        """The key points that the last attempts missed, the most telling first."""
        return weakest(self.grader.question_bank(), self.history.attempts(owner))[:limit]

    def streak(self, owner: str, now: float | None = None) -> int:
        """Days in a row with an attempt, up to today or yesterday, by this machine's clock."""
        days = {datetime.fromtimestamp(row["created"]).date() for row in self.attempts(owner)}
        day = datetime.fromtimestamp(time.time() if now is None else now).date()
        if day not in days:
            day -= timedelta(days=1)
        length = 0
        while day - timedelta(days=length) in days:
            length += 1
        return length

    # Mock interviews

    def start_interview(
        self,
        owner: str,
        topics: Sequence[str] = (),
        level: str | None = None,
        kind: str | None = None,
        count: int = 5,
        now: float | None = None,
    ) -> MockInterview:
        """A mock interview of `count` questions over `topics` (all when empty).

        Raises:
            NoQuestionError: no question fits.
        """
        return MockInterview.start(self, owner, topics, level, kind, count, now)

    def resume_interview(self, owner: str) -> MockInterview | None:
        """The latest mock interview that was not finished."""
        return MockInterview.resume(self, owner)

    def _with_follow_up(self, grade: Grade) -> Grade:
        """The grade with the judging model's own follow-up question in place of the offline one."""
        missed = worst_first(grade.points)
        if grade.model == EXTRACTIVE or not grade.follow_up or not missed:
            return grade
        asked = follow_up_question(
            self.settings,
            grade.model,
            grade.question,
            missed[0].point,
            grade.follow_up,
            grade.answer,
            self._judge,
        )
        return replace(grade, follow_up=asked)
