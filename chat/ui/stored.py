"""A stored attempt -> what the pages show of it: the grade as an object, the turns, the spans."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from chat.citations import Citation
from chat.grading import Grade, PointGrade
from chat.practice import NoQuestionError, Practice
from ingest.index import Index
from ingest.questions import InterviewQuestion


def grade_of(attempt: Mapping[str, Any]) -> Grade:
    """The grade of an attempt (a row of the history), so that a follow-up can build on it.

    What an older version did not store takes its default.
    """
    body = dict(attempt["grade"])
    values: dict[str, Any] = {}
    for field in fields(Grade):
        if field.name in body:
            value = body[field.name]
            values[field.name] = tuple(value) if isinstance(value, list) else value
        elif field.default is MISSING and field.default_factory is MISSING:
            values[field.name] = ""
    known = {field.name for field in fields(PointGrade)}
    values["points"] = tuple(
        PointGrade(**{key: value for key, value in point.items() if key in known})
        for point in body["points"]
    )
    values["citations"] = tuple(
        Citation(**{**citation, "trail": tuple(citation["trail"])})
        for citation in body.get("citations", [])
    )
    values["question"] = body.get("question") or attempt["question_text"]
    values["question_id"] = attempt["question"]
    values["rubric_version"] = attempt["rubric_version"]
    values["answer"] = body.get("answer") or said(attempt)
    return Grade(**values)


def said(attempt: Mapping[str, Any]) -> str:
    """All that was said in an attempt, follow-ups included."""
    return "\n".join([attempt["answer"], *(turn["answer"] for turn in attempt["follow_ups"])])


def turns_of(attempt: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(heading, text) of the answer and of the answers to follow-up questions."""
    turns = [("Your answer", attempt["answer"])]
    return turns + [(turn["question"], turn["answer"]) for turn in attempt["follow_ups"]]


def question_of(practice: Practice, attempt: Mapping[str, Any]) -> InterviewQuestion | None:
    """The question of an attempt as the guide has it now; None when it is gone."""
    try:
        return practice.question(attempt["question"])
    except NoQuestionError:
        return None


def cited_spans(
    index: Index, question: InterviewQuestion | None, attempt: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """ "point-1", "mistake-1", .. -> a citation, in its JSON form, into the guide.

    Only for the rubric that the attempt was graded with: another version's points may stand
    elsewhere. `until` is where the passage view must stop: before the model answer, which is
    shown on request only.
    """
    if question is None or question.source not in index.documents:
        return {}
    spans = {f"point-{n}": (p.start, p.end) for n, p in enumerate(question.points, 1)}
    graded = [point["point"] for point in attempt["grade"]["points"]]
    if graded != [point.text for point in question.points]:
        spans = {}
    by_claim = {mistake.claim: mistake for mistake in question.mistakes}
    for n, (claim, _) in enumerate(mistakes_of(question, attempt), 1):
        if claim in by_claim:
            spans[f"mistake-{n}"] = (by_claim[claim].start, by_claim[claim].end)
    text = index.documents[question.source].text
    trail = list(question.trail)
    return {
        name: {
            "source": question.source,
            "trail": trail,
            "quote": text[start:end],
            "start": start,
            "end": end,
            "until": question.model_answer_span[0],
        }
        for name, (start, end) in spans.items()
        if 0 <= start < end <= len(text)
    }


def without_model_answer(
    citation: Mapping[str, Any], question: InterviewQuestion | None
) -> dict[str, Any]:
    """The citation; one into the question's own section ends before the model answer."""
    if question is None or citation["source"] != question.source:
        return dict(citation)
    until = question.model_answer_span[0]
    inside = question.start <= citation["start"] < until
    return {**citation, "until": until} if inside else dict(citation)


def mistakes_of(
    question: InterviewQuestion | None, attempt: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """(claim, why it is wrong) of the mistakes that an attempt made."""
    known = {}
    for mistake in question.mistakes if question else ():
        for form in (mistake.text, f"{mistake.claim} - {mistake.why}".rstrip(" -"), mistake.claim):
            known[form] = (mistake.claim, mistake.why)
    return [known.get(text) or _claim(text) for text in attempt["grade"].get("mistakes", [])]


def _claim(text: str) -> tuple[str, str]:
    """`"what was said" - why it is wrong`, taken apart."""
    match = re.fullmatch(r'"(.+?)" - (.+)', text, re.S)
    return (match[1], match[2]) if match else (text, "")
