"""Which interview questions fit what was asked for, and in what order they should be asked."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.errors import GuideError
from ingest.questions import InterviewQuestion

_DAY = 86400
_LEVELS = {"junior": 0, "mid": 1, "senior": 2, "staff": 3, "principal": 4}


class NoQuestionError(GuideError):
    """No interview question fits what was asked for."""


@dataclass(frozen=True)
class Tried:
    """What is known of a person's attempts at one question; times in seconds since 1970."""

    score: float
    """Of the last attempt, 0..10."""
    when: float
    due: float


def topics(bank: Sequence[InterviewQuestion]) -> list[str]:
    """The lessons that have questions, in the guide's order."""
    return list(dict.fromkeys(question.topic for question in bank))


def services(bank: Sequence[InterviewQuestion]) -> list[str]:
    """The services that the questions' lessons name, by name."""
    return sorted({service for question in bank for service in question.services})


def levels(bank: Sequence[InterviewQuestion]) -> list[str]:
    """The levels of the questions, from the lowest."""
    found = {question.level for question in bank if question.level}
    return sorted(found, key=lambda level: (_LEVELS.get(level, 9), level))


def kinds(bank: Sequence[InterviewQuestion]) -> list[str]:
    """The kinds of the questions, by name."""
    return sorted({question.kind for question in bank if question.kind})


def fitting(
    bank: Sequence[InterviewQuestion],
    topic: str | None = None,
    level: str | None = None,
    kind: str | None = None,
) -> list[InterviewQuestion]:
    """The questions of a topic (a lesson, its file, or a service), a level and a kind.

    Raises:
        NoQuestionError: there is none; the message names what there is.
    """
    if not bank:
        raise NoQuestionError("The guide has no interview questions. Run: python -m ingest")
    for value, known, name in ((level, levels(bank), "level"), (kind, kinds(bank), "kind")):
        if value and value.strip().lower() not in known:
            raise NoQuestionError(f"There is no {name} {value!r}. Choose {_or(known)}.")
    found = _on_topic(bank, topic) if topic else list(bank)
    if not found:
        names = [name.lower() for name in topics(bank) + services(bank)]
        near = difflib.get_close_matches(str(topic).lower(), names, 3, 0.5)
        hint = f"Did you mean {_or(near)}?" if near else "Topics are lessons and services."
        raise NoQuestionError(f"No question is about {topic!r}. {hint}")
    fits = [
        question
        for question in found
        if (not level or question.level == level.strip().lower())
        and (not kind or question.kind == kind.strip().lower())
    ]
    if not fits:
        wanted = " ".join(word for word in (level, kind) if word)
        there = sorted({f"{question.level} {question.kind}" for question in found})
        about = f" about {topic!r}" if topic else ""
        raise NoQuestionError(f"No {wanted} question{about}. There are: {', '.join(there)}.")
    return fits


def ranked(
    questions: Sequence[InterviewQuestion],
    bank: Sequence[InterviewQuestion],
    tried: Mapping[str, Tried],
    now: float,
) -> list[tuple[InterviewQuestion, str]]:
    """Questions in the order in which they should be asked, each with the reason.

    What is due for review, the lowest score first; then what was never tried, from the
    topics with the smallest share tried; then the rest, the lowest score first.

    Args:
        questions: what to choose from.
        bank: all questions, for the share of a topic that was tried.
        tried: by question id.
        now: seconds since 1970.
    """
    counts: dict[str, tuple[int, int]] = {}
    for question in bank:
        done, whole = counts.get(question.topic, (0, 0))
        counts[question.topic] = (done + (question.id in tried), whole + 1)
    rows: list[tuple[tuple[float, ...], InterviewQuestion, str]] = []
    for place, question in enumerate(questions):
        state = tried.get(question.id)
        done, whole = counts.get(question.topic, (0, 1))
        key: tuple[float, ...]
        if state is None:
            key = (1, done / whole, place)
            why = f"New: you have tried {done} of {whole} questions on {question.topic}."
        elif state.due <= now:
            key = (0, state.score, state.due, place)
            why = f"Due for review: you scored {state.score:g} of 10 {_ago(now, state.when)}."
        else:
            # What was answered just now comes last, or the lowest would come for ever.
            just_now = now - state.when < _DAY / 2
            key = (2, just_now, state.score, state.when, place)
            why = (
                f"Nothing is due; of the rest, this is your lowest score: {state.score:g} of 10 "
                f"{_ago(now, state.when)}."
            )
        rows.append((key, question, why))
    return [(question, why) for _, question, why in sorted(rows, key=lambda row: row[0])]


def _on_topic(bank: Sequence[InterviewQuestion], topic: str) -> list[InterviewQuestion]:
    """Questions whose lesson, file or service is exactly the topic, lessons on it first; else
    those where one of them contains it."""
    wanted = topic.strip().lower()

    def lesson(question: InterviewQuestion) -> tuple[str, ...]:
        stem = question.source.lower().removesuffix(".md")
        return question.topic.lower(), stem, stem.rpartition("/")[2]

    def places(question: InterviewQuestion) -> tuple[str, ...]:
        return *lesson(question), *(service.lower() for service in question.services)

    exact = [question for question in bank if wanted in places(question)]
    exact.sort(key=lambda question: wanted not in lesson(question))
    return exact or [q for q in bank if any(wanted in place for place in places(q))]


def _ago(now: float, then: float) -> str:
    days = (datetime.fromtimestamp(now).date() - datetime.fromtimestamp(then).date()).days
    return "today" if days <= 0 else "yesterday" if days == 1 else f"{days} days ago"


def _or(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
