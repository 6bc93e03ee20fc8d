import numpy as np
import pytest

from chat.answerability import FEATURES, calibration, features_of
from chat.answering import Answerer


def _probability(answerer: Answerer, question: str) -> float:
    service = answerer.service()
    features = features_of(service.index, service.retriever.retrieve(question))
    assert len(features) == len(FEATURES) and np.isfinite(features).all()
    return calibration().probability(features)


@pytest.mark.parametrize(
    ("said", "unsaid"),
    [
        ("How do I set up a DLQ?", "How do I set up a VPN?"),
        ("How much memory can a Lambda function have?", "How much memory can a laptop have?"),
    ],
)
def test_a_name_that_the_documents_do_not_have_makes_an_answer_unlikely(
    answerer: Answerer, said: str, unsaid: str
) -> None:
    assert _probability(answerer, said) > calibration().threshold > _probability(answerer, unsaid)


def test_a_question_about_another_product_is_less_likely_answered(answerer: Answerer) -> None:
    own = _probability(answerer, "how long does sqs keep messages")
    assert own - _probability(answerer, "how long does rabbitmq keep messages") > 0.3


def test_capitals_hardly_matter(answerer: Answerer) -> None:
    for question in ("What is the Visibility Timeout?", "ALB or NLB?"):
        low = _probability(answerer, question.lower())
        assert abs(_probability(answerer, question) - low) < 0.1


def test_a_question_that_finds_nothing_is_not_answerable(answerer: Answerer) -> None:
    assert _probability(answerer, "zzzz qqqq xxxx") < calibration().threshold
