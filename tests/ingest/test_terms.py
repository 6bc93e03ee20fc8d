import pytest

from ingest.terms import terms_of


@pytest.mark.parametrize("many", ["GPUs", "VPCs", "ACUs", "APIs"])
def test_several_of_an_acronym_are_the_acronym(many: str) -> None:
    assert terms_of(many) == terms_of(many.removesuffix("s"))


def test_a_compound_gives_its_parts_too() -> None:
    assert terms_of("SSE-KMS with maxReceiveCount") == [
        *("sse-km", "sse", "kms"),
        *("maxreceivecount", "max", "receiv", "count"),
    ]


def test_thousands_are_one_number() -> None:
    assert terms_of("1,000 requests") == ["1000", "request"]
