import pytest

from chat.support import check

QUOTE = "The visibility timeout of an SQS queue is 30 seconds by default and at most 12 hours."


@pytest.mark.parametrize(
    "sentence",
    [
        "An SQS queue has a visibility timeout of 30 seconds by default.",
        "By default the visibility timeout of a queue is 30 s.",
    ],
)
def test_a_sentence_that_the_quote_says_is_supported(sentence: str) -> None:
    assert check(sentence, QUOTE, similarity=0.8).supported


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("The visibility timeout of an SQS queue is 45 seconds by default.", "number 45"),
        ("The visibility timeout of an SQS queue is 30 minutes by default.", "number 1800"),
        ("The visibility timeout of an SNS topic is 30 seconds by default.", "SNS"),
        ("The visibility timeout of an SQS queue is not 30 seconds by default.", "opposite"),
        ("Security groups are evaluated before network rules.", "does not say"),
    ],
)
def test_a_changed_number_name_or_sense_is_not_supported(sentence: str, reason: str) -> None:
    verdict = check(sentence, QUOTE, similarity=0.8)
    assert not verdict.supported and reason in verdict.reason


@pytest.mark.parametrize(
    "sentence",
    ["Fargate has no GPUs.", "Use roles without the action s3:DeleteObjectVersion."],
)
def test_a_sentence_supports_itself(sentence: str) -> None:
    assert check(sentence, sentence).supported
