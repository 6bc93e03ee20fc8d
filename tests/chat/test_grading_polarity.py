import pytest

from chat.grade_polarity import Sentence, denied, flip

TRUE = [
    Sentence("A security group is stateful, and a network ACL is stateless."),
    Sentence("A visibility timeout lasts at most 12 hours for a message in SQS."),
    Sentence("An Application Load Balancer works at layer 7 and routes by path."),
    Sentence("Latency stays flat until saturation and then rises suddenly."),
]


@pytest.mark.parametrize(
    "spoken",
    [
        "A security group is stateless, and a network ACL is stateless.",
        "A network ACL is stateful, and a security group is stateless.",
        "A visibility timeout lasts at most 12 minutes for a message in SQS.",
        "A visibility timeout lasts at most 36 hours for a message in SQS.",
        "An Application Load Balancer does not work at layer 7 and routes by path.",
    ],
)
def test_a_true_sentence_turned_round_is_noticed(spoken: str) -> None:
    assert flip(Sentence(spoken), TRUE) is not None


@pytest.mark.parametrize(
    "spoken",
    [
        "A security group is stateful, and a network ACL is stateless.",
        "Stateless means the network ACL does not remember a connection, unlike a security group.",
        "I would not use a network ACL for this.",
        "The visibility timeout of my queue is 30 seconds.",
        "Latency does not rise before the system is saturated.",
    ],
)
def test_free_words_and_negations_are_not_called_wrong(spoken: str) -> None:
    assert flip(Sentence(spoken), TRUE) is None


def test_what_the_answer_takes_back_is_denied() -> None:
    assert set(denied(["It is a myth that queues lose order.", "They keep it."])) == {0}
    assert set(denied(["Queues keep order.", "On second thought, that is wrong."])) == {0, 1}
    assert denied(["A wrong key makes one hot shard.", "That is not enough."]) == {}
