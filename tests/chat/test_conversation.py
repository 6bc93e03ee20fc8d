import pytest

from chat.answer import Turn
from chat.conversation import standalone

ASKED = "How long does SQS keep a message?"


def resolved(question: str, *asked: str) -> str:
    history = [
        turn for text in asked for turn in (Turn("user", text), Turn("assistant", "It does."))
    ]
    return standalone(question, history)


def test_a_first_question_is_left_alone() -> None:
    assert resolved("how long can it stay there?") == "how long can it stay there?"


@pytest.mark.parametrize("question", ["and how long at most?", "can I change that?", "why?"])
def test_a_question_that_points_back_takes_the_subject(question: str) -> None:
    assert "SQS" in resolved(question, ASKED)
    assert "message" in resolved(question, ASKED)


def test_a_new_subject_is_left_alone() -> None:
    question = "What is the memory limit of a Lambda function?"
    assert resolved(question, ASKED) == question


def test_what_about_asks_the_same_of_something_else() -> None:
    assert resolved("what about Kinesis?", ASKED) == "How long does Kinesis keep a message?"


def test_a_chain_of_follow_ups_keeps_the_subject() -> None:
    last = resolved("and the default?", ASKED, "what about Kinesis?")
    assert "Kinesis" in last and "SQS" not in last
