import re
from datetime import date

import pytest

from chat.answer import Usage
from chat.model_prices import as_of, base_id, cost, known


def test_the_table_carries_the_date_of_its_prices() -> None:
    assert date.fromisoformat(as_of()) > date(2026, 1, 1)


@pytest.mark.parametrize(
    "model",
    [
        "amazon.nova-lite-v1:0",
        "us.amazon.nova-lite-v1:0",
        "apac.amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
        "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0",
        "amazon.nova-lite-v1:0:300k",
    ],
)
def test_a_model_is_found_under_all_of_its_names(model: str) -> None:
    entry = known(model)
    assert entry is not None and entry.input == 0.06


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("global.anthropic.claude-opus-5-5", 4.0),
        ("global.anthropic.claude-opus-5", 5.0),
        ("global.anthropic.claude-sonnet-4-20250514-v1:0", 3.0),
        ("openai.gpt-oss-120b-1:0", 0.15),
        ("global.anthropic.claude-opus-4-6-v1", 5.0),
    ],
)
def test_versions_are_told_apart(model: str, price: float) -> None:
    entry = known(model)
    assert entry is not None and entry.input == price


@pytest.mark.parametrize(
    "model",
    [
        "anthropic.claude-opus-5-9",
        "anthropic.claude-opus-5-5-turbo",
        "amazon.nova-lite-2-v1:0",
        "openai:gpt-4o",
        "",
    ],
)
def test_a_similar_name_has_no_price(model: str) -> None:
    assert known(model) is None
    assert cost(model, Usage(input_tokens=5)) is None


def test_cached_tokens_have_their_own_prices() -> None:
    usage = Usage(
        input_tokens=1_000_000,
        output_tokens=100_000,
        cache_read_tokens=600_000,
        cache_write_tokens=300_000,
    )
    expected = 0.1 * 3.0 + 0.6 * 0.3 + 0.3 * 3.75 + 0.1 * 15.0
    assert cost("global.anthropic.claude-sonnet-4-5-20250929-v1:0", usage) == pytest.approx(
        expected
    )


def test_a_model_without_a_write_price_writes_at_its_input_price() -> None:
    usage = Usage(input_tokens=1_000_000, cache_write_tokens=1_000_000)
    assert cost("amazon.nova-lite-v1:0", usage) == pytest.approx(0.06)


def test_an_area_costs_more_than_the_global_profile_where_the_provider_says_so() -> None:
    usage = Usage(input_tokens=1_000_000)
    name = "anthropic.claude-haiku-4-5-20251001-v1:0"
    assert cost(f"global.{name}", usage) == pytest.approx(1.0)
    assert cost(f"eu.{name}", usage) == pytest.approx(1.1)


def test_a_long_prompt_costs_more_where_the_provider_says_so() -> None:
    name = "global.anthropic.claude-haiku-5-5"
    assert cost(name, Usage(input_tokens=100_000)) == pytest.approx(0.01)
    assert cost(name, Usage(input_tokens=200_000)) == pytest.approx(0.1)


def test_an_id_is_stripped_of_its_area_only() -> None:
    assert base_id("us.meta.llama3-3-70b-instruct-v1:0") == "meta.llama3-3-70b-instruct-v1:0"
    assert base_id("meta.llama3") == "meta.llama3"


def test_a_cache_read_never_costs_more_than_reading_anew() -> None:
    from chat.model_prices import _table

    for name, entry in _table()[1].items():
        assert 0 < (entry.cache_read or entry.input) <= entry.input < entry.output * 1.01, name
        assert entry.window >= 100_000, name
        assert re.fullmatch(r"[a-z]+\.[a-z0-9.-]+", name)
