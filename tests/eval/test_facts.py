import pytest

from eval.facts import coverage, states

TEXT = "An SQS message can be at most 1 MiB, and is kept for 4 days by default (DLQ: fourteen)."


@pytest.mark.parametrize(
    "fact", ["1 MiB", "1,024 KB", "96 hours | 5 days", "message 4 days default", "14"]
)
def test_a_stated_fact_is_found_in_other_words(fact: str) -> None:
    assert states(TEXT.replace("fourteen", "14"), fact)


def test_a_short_form_stands_for_its_long_form_in_the_fact() -> None:
    aliases = {"dlq": ["dead-letter queue"]}
    assert states("Use a dead-letter queue.", "DLQ", aliases)
    assert not states("Use a queue.", "DLQ", aliases)


@pytest.mark.parametrize("fact", ["256 KB", "5 days", "Kinesis", "4 hours"])
def test_another_fact_is_not(fact: str) -> None:
    assert not states(TEXT, fact)


@pytest.mark.parametrize("fact", ["us-east-1", "20.8.1"])
def test_a_name_with_digits_is_found_as_it_stands(fact: str) -> None:
    assert states("The certificate lives in us-east-1, the runner is 20.8.1.", fact)
    assert not states("The certificate lives in eu-west-2, the runner is 20.9.", fact)


def test_coverage_is_the_share_of_the_facts() -> None:
    assert coverage(TEXT, ["1 MiB", "7 days"]) == 0.5
    assert coverage(TEXT, []) == 1.0
