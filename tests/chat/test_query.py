import pytest

from chat.query import QueryReader, dimensions_of, parts_of, sides_of

VOCABULARY = dict.fromkeys(
    "visibl timeout queue dead letter messag lambda throttl 429 dlq".split(), 0
)
READER = QueryReader(VOCABULARY, {"dlq": ["dead letter queue"]})


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("ALB or NLB?", ("ALB", "NLB")),
        ("SSE-KMS vs SSE-S3", ("SSE-KMS", "SSE-S3")),
        ("What is the difference between SQS and SNS?", ("SQS", "SNS")),
        ("When should I use a REST API instead of an HTTP API?", ("REST API", "HTTP API")),
        (
            "compare gateway endpoints with interface endpoints",
            ("gateway endpoints", "interface endpoints"),
        ),
        ("How is FIFO different from standard?", ("FIFO", "standard")),
        ("What are SQS limits and how is FIFO different?", ("FIFO", "")),
        ("ec2 vs fargate vs lambda", ("ec2", "fargate", "lambda")),
        ("Compare ALB, NLB and API Gateway", ("ALB", "NLB", "API Gateway")),
        ("SQS, SNS or EventBridge for fan-out?", ("SNS", "EventBridge")),
        ("What is a queue?", None),
    ],
)
def test_a_comparison_names_its_two_sides(question: str, sides: tuple[str, ...] | None) -> None:
    assert sides_of(question) == sides


def test_two_questions_in_one_are_taken_apart() -> None:
    assert parts_of("What are SQS limits and how is FIFO different from standard queues?") == [
        "What are SQS limits?",
        "how is FIFO different from standard queues?",
    ]
    assert parts_of("What is the visibility timeout? How does a DLQ work?") == [
        "What is the visibility timeout?",
        "How does a DLQ work?",
    ]
    assert parts_of("What are queues and topics?") == ["What are queues and topics?"]


def test_a_typing_error_is_mended_and_an_unknown_word_is_reported() -> None:
    query = READER.read("visiblity timeout of a queue in kafkaesque")
    assert "visibl" in query.terms
    assert query.unknown == ("kafkaesque",)


@pytest.mark.parametrize("many", ["gpus", "vpcs"])
def test_several_of_an_acronym_in_small_letters_are_the_acronym(many: str) -> None:
    query = QueryReader(dict.fromkeys(("gpu", "vpc"), 0), {}).read(f"{many}?")
    assert many.removesuffix("s") in query.terms
    assert query.unknown == ()


def test_a_slip_inside_an_ending_is_mended() -> None:
    query = READER.read("visibilty timeout")
    assert query.terms == ("visibl", "timeout")
    assert query.unknown == ()


@pytest.mark.parametrize("word", ["broker", "brokers", "chefs", "lonely", "checklist"])
def test_a_word_that_the_index_lacks_is_not_taken_for_another(word: str) -> None:
    reader = QueryReader(dict.fromkeys(("broken", "ceef", "lane", "check", "messag"), 0), {})
    assert reader.read(f"which {word} messages").unknown == (word,)


def test_of_two_corrections_the_one_with_the_longer_stem_is_taken() -> None:
    reader = QueryReader(dict.fromkeys(("premis", "permiss"), 0), {})
    assert reader.read("permisions of a role").terms[0] == "permiss"


def test_aliases_add_the_other_form() -> None:
    assert "dead" in READER.read("what is a DLQ").extra_terms
    assert "dlq" in READER.read("what is a dead letter queue").extra_terms


@pytest.mark.parametrize(
    "question", ["how long is the timeout", "max size?", "what is the default limit"]
)
def test_a_question_about_a_number_is_seen(question: str) -> None:
    assert READER.read(question).wants_number


@pytest.mark.parametrize(
    ("question", "dimensions"),
    [
        ("how long are messages kept", {"time"}),
        ("What does a million requests cost?", {"money"}),
        ("max memory of a function", {"size"}),
        ("price and retention", {"money", "time"}),
        ("how many shards", set()),
    ],
)
def test_a_question_tells_what_its_number_measures(question: str, dimensions: set[str]) -> None:
    assert dimensions_of(question) == dimensions
