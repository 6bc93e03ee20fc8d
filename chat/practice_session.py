"""Practice in the terminal: a question, the written answer, its grade, and the next one."""

import sys
from uuid import uuid4

from chat.grading import Grade, Grader, readable_grade
from chat.history import History
from chat.settings import Settings
from ingest.errors import GuideError
from ingest.questions import InterviewQuestion

OWNER = "terminal"


class NoQuestionError(GuideError):
    """No interview question fits what was asked for."""


def run(settings: Settings, topic: str | None, level: str | None, kind: str | None) -> int:
    """Practise until the person ends the input (Ctrl-D) or answers with an empty text.

    Raises:
        NoQuestionError: no question of the guide has this topic, level and kind.
    """
    grader = Grader(settings)
    history = History(settings.data)
    chosen = fitting(grader.question_bank(), topic, level, kind)
    while True:
        question, why = next_question(chosen, history)
        print(f"\n{question.text}\n({question.topic}; {question.level}; {why})")
        print("Your answer; end it with an empty line. Nothing ends the practice.")
        answer = _typed()
        if not answer.strip():
            return 0
        grade = grader.grade(question.text, answer)
        print("\n" + readable_grade(grade))
        _store(history, question, grade)


def fitting(
    bank: list[InterviewQuestion], topic: str | None, level: str | None, kind: str | None
) -> list[InterviewQuestion]:
    """The questions with a topic (in the lesson's title, file or services), level and kind."""
    chosen = [
        question
        for question in bank
        if (level is None or question.level == level)
        and (kind is None or question.kind == kind)
        and (topic is None or _speaks_of(question, topic.lower()))
    ]
    if not chosen:
        raise NoQuestionError(
            "No question of the guide fits. Topics are lessons and services (lambda, sqs, ..); "
            "levels are mid, senior and staff."
        )
    return chosen


def _speaks_of(question: InterviewQuestion, topic: str) -> bool:
    places = (question.topic.lower(), question.source.lower(), *question.services)
    return any(topic in place for place in places)


def next_question(
    questions: list[InterviewQuestion], history: History
) -> tuple[InterviewQuestion, str]:
    """The question to ask now and why: one not yet tried, else the one with the lowest score."""
    last = {row["question"]: row["score"] for row in history.attempts(OWNER)}
    for question in questions:
        if question.id not in last:
            return question, "not tried yet"
    weakest = min(questions, key=lambda question: last[question.id])
    return weakest, f"your lowest score so far, {last[weakest.id]:g}"


def _store(history: History, question: InterviewQuestion, grade: Grade) -> None:
    history.add_attempt(
        {
            "id": uuid4().hex,
            "owner": OWNER,
            "question": question.id,
            "question_text": question.text,
            "topic": question.topic,
            "rubric_version": grade.rubric_version,
            "answer": grade.answer,
            "score": grade.score,
            "grade": grade.to_json(),
        }
    )


def _typed() -> str:
    lines: list[str] = []
    for line in sys.stdin:
        if not line.strip():
            break
        lines.append(line)
    return "".join(lines)
