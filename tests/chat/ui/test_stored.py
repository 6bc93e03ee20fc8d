"""A stored attempt gives its grade back, and its citations are the guide's own words."""

from typing import Any

import pytest

from chat.answering import Answerer
from chat.grading import Grader
from chat.history import History
from chat.practice import Practice
from chat.settings import Settings
from chat.ui import stored
from ingest.questions import InterviewQuestion

ANSWER = "I use a DLQ with a redrive policy. I raise the visibility timeout until it works."


@pytest.fixture
def practice(settings: Settings, answerer: Answerer) -> Practice:
    return Practice(settings, History(settings.data), Grader(settings, answerer))


@pytest.fixture
def question(practice: Practice) -> InterviewQuestion:
    return practice.next_question("web")[0]


@pytest.fixture
def attempt(practice: Practice, question: InterviewQuestion) -> dict[str, Any]:
    _, attempt_id = practice.submit("web", question, ANSWER, 60)
    found = practice.history.attempt(attempt_id)
    assert found is not None
    return found


def test_the_grade_comes_back_as_it_was_stored(attempt: dict[str, Any]) -> None:
    grade = stored.grade_of(attempt)
    assert grade.to_json() == attempt["grade"]
    assert grade.answer == ANSWER
    assert grade.question_id == attempt["question"]


def test_each_citation_quotes_the_guide_and_ends_before_the_model_answer(
    attempt: dict[str, Any], question: InterviewQuestion, answerer: Answerer
) -> None:
    index = answerer.service().index
    cited = stored.cited_spans(index, question, attempt)
    text = index.documents[question.source].text
    assert {"point-1", "point-2", "point-3"} <= set(cited)
    for citation in cited.values():
        assert citation["quote"] == text[citation["start"] : citation["end"]]
        assert citation["end"] <= citation["until"] <= text.index("I would give the queue")


def test_points_of_another_rubric_are_not_cited(
    attempt: dict[str, Any], question: InterviewQuestion, answerer: Answerer
) -> None:
    attempt["grade"]["points"][0]["point"] = "An older wording."
    cited = stored.cited_spans(answerer.service().index, question, attempt)
    assert not any(name.startswith("point") for name in cited)


def test_a_mistake_is_told_with_its_reason_and_an_unknown_one_as_it_is(
    attempt: dict[str, Any], question: InterviewQuestion
) -> None:
    attempt["grade"]["mistakes"] = [
        question.mistakes[0].text,
        '"SQS pushes" - the other way round: it is polled',
        "older",
    ]
    assert stored.mistakes_of(question, attempt) == [
        (
            "Raise the visibility timeout until it works.",
            "A longer timeout only delays the next failure.",
        ),
        ("SQS pushes", "the other way round: it is polled"),
        ("older", ""),
    ]
