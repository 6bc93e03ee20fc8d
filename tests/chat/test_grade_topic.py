import pytest

from chat.grading import Grader

QUESTION = "A consumer keeps failing on one message. How do you keep it from blocking the others?"
ELSEWHERE = (
    "Lambda bills each request and the duration in milliseconds times the memory. A function may "
    "run for at most 15 minutes. A cold start downloads the code and starts the runtime; "
    "provisioned concurrency keeps environments of the function warm."
)


def test_text_of_another_lesson_is_an_answer_to_another_question(grader: Grader) -> None:
    grade = grader.grade(QUESTION, ELSEWHERE)
    assert grade.score == 0.0
    assert grade.gate.startswith("This answers another question")


def test_a_good_answer_may_go_on_about_something_else(grader: Grader) -> None:
    good = (
        "I would attach a DLQ with a redrive policy, so poison messages move aside after five "
        "receives. An alarm tells me when the DLQ has messages. The consumer is idempotent, "
        "since duplicates occur."
    )
    assert not grader.grade(QUESTION, f"{good} {ELSEWHERE}").gate


@pytest.mark.parametrize("answer", ["Lambda bills the duration.", "An ALB in two zones."])
def test_a_terse_answer_is_judged_by_its_points(grader: Grader, answer: str) -> None:
    assert not grader.grade(QUESTION, answer).gate


def test_with_a_rubric_from_outside_the_guide_nothing_is_elsewhere(grader: Grader) -> None:
    assert not grader.grade("Why bread?", ELSEWHERE, ["Bread needs flour and patience."]).gate
