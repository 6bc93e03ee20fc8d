import pytest

from ingest.quantities import quantities_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("15 min", "15 minutes"),
        ("15-minute", "900 s"),
        ("1,000 requests", "1000 requests"),
        ("1 MiB", "1024 KB"),
        ("two hours", "2 h"),
        ("3k", "3,000"),
        ("$0.5", "$0.50"),
        ("1.5 million", "1,500,000"),
    ],
)
def test_the_same_quantity_in_other_words_is_the_same(one: str, other: str) -> None:
    assert quantities_of(one)[0].same(quantities_of(other)[0])


@pytest.mark.parametrize(("one", "other"), [("15 min", "15 s"), ("5 GB", "5 MB"), ("10 %", "$10")])
def test_another_unit_is_another_quantity(one: str, other: str) -> None:
    assert not quantities_of(one)[0].same(quantities_of(other)[0])
